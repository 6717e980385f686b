//! The event-storming board of a business, derived from its code alone.
//!
//! The [`ModelBuilder`] is a host like the runtime: a business registers its parts with it. It runs
//! no actor. Aggregates, sagas, ports, lookups and views are pure functions, and sample values can be
//! generated from their types. Therefore the builder calls each part with every sample in every
//! reachable state, and records the outcomes on the board.

pub mod board;
mod drawing;
mod exploring;
mod frontier;
mod kinds;
mod outside;
mod page;
mod policies;
mod sampling;
pub mod shape;

use crate::domain::kernel::{
    Aggregate, Business, Host, Lookup, Port, Saga, View, simulation::Record,
};
pub(crate) use kinds::rejections;
pub(crate) use sampling::traced;

use board::{Board, MessageName};
use kinds::Kind;
use std::{
    collections::{BTreeMap, BTreeSet},
    fs, io,
    panic::{AssertUnwindSafe, catch_unwind},
    path::Path,
};

/// The name of a part and the function that describes it once all aggregate kinds are known.
type Draw<T> = (&'static str, fn(&[Box<dyn Kind>]) -> T);

/// The names of commands.
type Names = BTreeSet<MessageName>;

/// The name of a saga, and the functions that find its commands and its policy.
struct DrawPolicy {
    name: &'static str,
    commands: fn(&[Box<dyn Kind>]) -> Names,
    policy: fn(&[Box<dyn Kind>], &Names) -> board::Policy,
}

/// A host that describes the parts of its businesses as boards; see [`Host`].
#[derive(Default)]
pub struct ModelBuilder {
    businesses: Vec<&'static str>,
    kinds: Vec<Box<dyn Kind>>,
    policies: Vec<DrawPolicy>,
    services: Vec<Draw<board::Service>>,
    lookups: Vec<Draw<board::Lookup>>,
    views: Vec<Draw<board::View>>,
}

impl Host for ModelBuilder {
    fn business<B: Business>(&mut self) -> &mut Self {
        self.businesses.push(B::NAME);
        B::install(self);
        self
    }

    fn aggregate<A: Aggregate>(&mut self) -> &mut Self {
        self.kinds.push(kinds::kind::<A>());
        self
    }

    fn saga<S: Saga>(&mut self) -> &mut Self {
        self.policies.push(DrawPolicy {
            name: S::NAME,
            commands: policies::commands::<S>,
            policy: policies::policy::<S>,
        });
        self
    }

    fn port<P: Port>(&mut self) -> &mut Self {
        self.services.push((P::NAME, outside::service::<P>));
        self
    }

    fn lookup<L: Lookup>(&mut self) -> &mut Self {
        self.lookups.push((L::NAME, outside::lookup::<L>));
        self
    }

    fn view<V: View>(&mut self) -> &mut Self {
        self.views.push((V::NAME, outside::view::<V>));
        self
    }
}

impl ModelBuilder {
    /// The names of the businesses, in the order of their installation.
    #[must_use]
    pub fn businesses(&self) -> &[&'static str] {
        &self.businesses
    }

    /// The boards of all businesses, in the order of their installation.
    #[must_use]
    pub fn boards(&self) -> Vec<Board> {
        self.businesses.iter().filter_map(|business| self.board(business)).collect()
    }

    /// The board of one business; `None` when no business has this name.
    #[must_use]
    pub fn board(&self, business: &str) -> Option<Board> {
        if !self.businesses.contains(&business) {
            return None;
        }
        let is_ours = |name: &str| name.split('/').next() == Some(business);
        let kinds = self.kinds.iter().filter(|kind| is_ours(kind.name()));
        let services = self.draw(&self.services, is_ours);
        let lookups = self.draw(&self.lookups, is_ours);
        Some(Board {
            business: business.to_owned(),
            aggregates: kinds.map(|kind| kind.describe()).collect(),
            policies: self.policies(&services, &lookups, is_ours),
            services,
            lookups,
            views: self.draw(&self.views, is_ours),
        })
    }

    /// The event in a record of a simulation; `None` when the record is not an event.
    #[must_use]
    pub fn event(&self, record: &Record) -> Option<MessageName> {
        let name = self.kinds.iter().find_map(|kind| kind.event_in(record))?;
        Some(MessageName { aggregate: record.kind.to_owned(), name })
    }

    /// The policies of a business. A command that also another saga, a service or a lookup sends is
    /// not one of a saga alone.
    fn policies(
        &self,
        services: &[board::Service],
        lookups: &[board::Lookup],
        is_ours: impl Fn(&str) -> bool,
    ) -> Vec<board::Policy> {
        let sagas: Vec<&DrawPolicy> = self.policies.iter().filter(|s| is_ours(s.name)).collect();
        let commands: Vec<_> = sagas.iter().map(|saga| (saga.commands)(&self.kinds)).collect();
        let answers = services.iter().flat_map(|service| service.asks.values());
        let answers = answers.flat_map(BTreeMap::values).flatten();
        let reactions = lookups.iter().flat_map(|lookup| &lookup.reactions);
        let outside: BTreeSet<&MessageName> =
            answers.chain(reactions.map(|reaction| &reaction.then)).collect();
        let policy = |(nth, saga): (usize, &&DrawPolicy)| {
            let is_of_another = |command: &MessageName| {
                let mut others = commands.iter().enumerate();
                outside.contains(command)
                    || others.any(|(other, sent)| other != nth && sent.contains(command))
            };
            let own = commands[nth].iter().filter(|command| !is_of_another(command));
            (saga.policy)(&self.kinds, &own.cloned().collect())
        };
        sagas.iter().enumerate().map(policy).collect()
    }

    fn draw<T>(&self, parts: &[Draw<T>], is_ours: impl Fn(&str) -> bool) -> Vec<T> {
        let ours = parts.iter().filter(|(name, _)| is_ours(name));
        ours.map(|(_, draw)| draw(&self.kinds)).collect()
    }
}

/// The boards as one drawing, in SVG.
#[must_use]
pub fn svg(boards: &[Board]) -> String {
    drawing::svg(boards)
}

/// A board as a page in Markdown: its drawing, from the file beside it, and its parts as tables.
#[must_use]
pub fn page(board: &Board) -> String {
    page::page(board)
}

/// The boards as JSON: an object for a single board, otherwise an array.
#[must_use]
pub fn json(boards: &[Board]) -> String {
    let json = match boards {
        [board] => serde_json::to_string_pretty(board),
        boards => serde_json::to_string_pretty(boards),
    };
    json.unwrap_or_default() + "\n"
}

/// The files that describe these boards, as pairs of name and content.
#[must_use]
pub fn files(boards: &[Board]) -> Vec<(String, String)> {
    let of = |board: &Board| {
        [
            (format!("{}.md", board.business), page(board)),
            (format!("{}.svg", board.business), svg(std::slice::from_ref(board))),
            (format!("{}.json", board.business), json(std::slice::from_ref(board))),
        ]
    };
    boards.iter().flat_map(of).collect()
}

/// Writes the files of the boards into a folder.
///
/// # Errors
/// When the folder cannot be written to.
pub fn write(boards: &[Board], folder: &Path) -> io::Result<()> {
    fs::create_dir_all(folder)?;
    files(boards).iter().try_for_each(|(name, text)| fs::write(folder.join(name), text))
}

/// Runs code of a business on generated values; `None` when it panics.
pub(crate) fn attempt<T>(domain_code: impl FnOnce() -> T) -> Option<T> {
    catch_unwind(AssertUnwindSafe(domain_code)).ok()
}

#[cfg(test)]
mod tests;
