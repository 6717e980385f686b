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
    /// `orders`, `orders/cancel` or `orders/{number}`.
    pub resource: &'static str,
    /// The body: a JSON object.
    pub body: &'static str,
}

impl Example {
    /// The method and the path of the request: those of the first of these resources' commands at
    /// this place. The aggregate in the path is the one with number 1.
    #[must_use]
    pub fn request(&self, resources: &[ResourceInfo]) -> (Method, String) {
        let Self { business, resource, .. } = self;
        let (name, rest) = resource.split_once('/').unwrap_or((resource, ""));
        let (place, path) = match rest {
            "" => (Place::Collection, format!("/{business}/{name}")),
            "{number}" => (Place::Item, format!("/{business}/{name}/1")),
            command => (Place::Action, format!("/{business}/{name}/1/{command}")),
        };
        let is_fit = |command: &&CommandInfo| {
            command.place == place && (place != Place::Action || command.name == rest)
        };
        let mut resources = resources.iter();
        let info = resources.find(|info| info.business == *business && info.name == name);
        let command = info.and_then(|info| info.command_routes.iter().find(is_fit));
        (command.map_or(Method::Post, |command| command.method), path)
    }
}
