//! The resources of the runtime: aggregate kinds, commands, views and examples.

use crate::domain::kernel::{Field, Link, Method, Place, Readers};

/// An aggregate kind as clients see it.
#[derive(Clone, Debug)]
pub struct ResourceInfo {
    /// `taxi`
    pub business: &'static str,
    /// `orders`
    pub name: &'static str,
    /// Further names of the same resource.
    pub aliases: &'static [&'static str],
    /// The commands of the resource.
    pub command_routes: Vec<CommandInfo>,
    /// Who may read the instances.
    pub readers: Readers,
}

/// A command of a resource.
#[derive(Clone, Copy, Debug)]
pub struct CommandInfo {
    /// The name of the command; for [`Place::Action`] also the last part of the path.
    pub name: &'static str,
    /// The HTTP method of the command.
    pub method: Method,
    /// The path of the command.
    pub place: Place,
}

/// A view as clients see it.
#[derive(Clone, Debug)]
pub struct ViewInfo {
    /// `taxi`
    pub business: &'static str,
    /// `mypages`
    pub name: &'static str,
    /// Further names of the same resource.
    pub aliases: &'static [&'static str],
    /// The fields that can be searched and sorted by.
    pub fields: &'static [Field],
    /// The links of a row.
    pub links: &'static [Link],
    /// Whether the rows with the greatest numbers come first by default.
    pub newest_first: bool,
    /// Who may read the rows.
    pub readers: Readers,
}

/// An example request.
#[derive(Clone, Copy, Debug)]
pub struct Example {
    /// `taxi`
    pub business: &'static str,
    /// `orders`
    pub resource: &'static str,
    /// The body that creates an aggregate: a JSON object.
    pub body: &'static str,
}
