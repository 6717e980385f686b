//! What the runtime serves: kinds of aggregate, commands, views and examples.

use crate::domain::kernel::{Field, Method, Place};

/// A kind of aggregate as clients see it.
#[derive(Clone, Debug)]
pub struct ResourceInfo {
    /// `taxi`
    pub business: &'static str,
    /// `orders`
    pub name: &'static str,
    /// Further names for the same thing.
    pub aliases: &'static [&'static str],
    /// Everything that can be said to it.
    pub sayings: Vec<CommandInfo>,
}

/// One way to say something.
#[derive(Clone, Copy, Debug)]
pub struct CommandInfo {
    /// The name of the command or word; for [`Place::Named`] also the last part of the path.
    pub name: &'static str,
    /// The method that carries it.
    pub method: Method,
    /// Where it is said.
    pub place: Place,
}

/// A read model as clients see it.
#[derive(Clone, Debug)]
pub struct ViewInfo {
    /// `taxi`
    pub business: &'static str,
    /// `mypages`
    pub name: &'static str,
    /// Further names for the same thing.
    pub aliases: &'static [&'static str],
    /// The fields that can be searched and sorted by.
    pub fields: &'static [Field],
    /// Whether the rows with the greatest numbers come first, unless asked otherwise.
    pub newest_first: bool,
}

/// A request to begin with.
#[derive(Clone, Copy, Debug)]
pub struct Example {
    /// `taxi`
    pub business: &'static str,
    /// `orders`
    pub resource: &'static str,
    /// What makes a new one: a JSON object.
    pub body: &'static str,
}
