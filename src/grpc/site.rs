//! The site: what all calls are answered from.

use super::settings::GrpcSettings;
use crate::{
    actors::{CommandInfo, Runtime},
    domain::kernel::Place,
    inbound::{
        client_limit::ClientRateLimit,
        escape::short,
        feed::Hub,
        problem::{Problem, UNKNOWN_PATH},
        tokens::Tokens,
    },
};
use std::{sync::Arc, time::Duration};
use tokio::sync::watch;

/// What all calls are answered from.
pub struct Site {
    pub runtime: Runtime,
    /// The verification of tokens; `None` while no identity is configured.
    pub tokens: Option<Tokens>,
    /// The rate limit per client, shared with HTTP; `None` when no rate is configured.
    pub clients: Option<Arc<ClientRateLimit>>,
    pub hub: Arc<Hub>,
    pub settings: GrpcSettings,
    /// The longest time a request waits for a pending outcome.
    pub wait_max: Duration,
    /// The longest time a message may take to arrive.
    pub message_within: Duration,
    /// Becomes true when the server stops.
    pub stopping: watch::Receiver<bool>,
}

/// A command of a resource, with the method and the path that it has over HTTP.
pub struct Addressed {
    pub resource: usize,
    pub command_route: usize,
    pub number: Option<u64>,
    pub method: &'static str,
    pub path: String,
}

impl Site {
    /// The index of a resource.
    ///
    /// # Errors
    /// When there is none with this name or alias.
    pub fn resource(&self, business: &str, name: &str) -> Result<usize, Problem> {
        let found = self.runtime.resources().iter().position(|known| {
            known.business == business && is_named(name, known.name, known.aliases)
        });
        found.ok_or_else(|| unknown("resource", business, name))
    }

    /// The index of a view.
    ///
    /// # Errors
    /// When there is none with this name or alias.
    pub fn view(&self, business: &str, name: &str) -> Result<usize, Problem> {
        let found = self.runtime.views().iter().position(|known| {
            known.business == business && is_named(name, known.name, known.aliases)
        });
        found.ok_or_else(|| unknown("view", business, name))
    }

    /// The command with this name, of the collection when the number is 0.
    ///
    /// # Errors
    /// When there is none.
    pub fn command(
        &self,
        (business, name): (&str, &str),
        number: u64,
        command: &str,
    ) -> Result<Addressed, Problem> {
        let resource = self.resource(business, name)?;
        let is_fit = |known: &CommandInfo| {
            known.name == command && (known.place == Place::Collection) == (number == 0)
        };
        let routes = &self.runtime.resources()[resource].command_routes;
        let command_route = routes.iter().position(is_fit).ok_or_else(|| {
            let (of, command) = (if number == 0 { "without" } else { "with" }, short(command));
            let name = short(name);
            let reason = format!("{business}/{name} has no command `{command}` {of} a number");
            Problem::new(UNKNOWN_PATH, reason)
        })?;
        let CommandInfo { method, place, .. } = routes[command_route];
        let path = match place {
            Place::Collection => format!("/{business}/{name}"),
            Place::Item => format!("/{business}/{name}/{number}"),
            Place::Action => format!("/{business}/{name}/{number}/{command}"),
        };
        let number = (number > 0).then_some(number);
        Ok(Addressed { resource, command_route, number, method: method.name(), path })
    }
}

/// Whether a resource or view, `orders` or `taxi/mypages`, is meant.
fn is_named(name: &str, known: &str, aliases: &[&str]) -> bool {
    known.rsplit('/').next() == Some(name) || aliases.contains(&name)
}

fn unknown(what: &str, business: &str, name: &str) -> Problem {
    let (business, name) = (short(business), short(name));
    Problem::new(UNKNOWN_PATH, format!("there is no {what} `{name}` in a business `{business}`"))
}
