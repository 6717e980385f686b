//! The event-storming board of a business, derived from its code alone.
//!
//! The [`ModelBuilder`] is a host like the runtime: a business registers its parts with it. It runs
//! no actor. Aggregates, sagas, ports, lookups and views are pure functions, and sample values can be
//! generated from their types. Therefore the builder calls each part with every sample in every
//! reachable state, and records the outcomes on the board.

pub mod board;
mod kinds;
mod mermaid;
mod outside;
mod page;
mod policies;
mod sampling;
pub mod shape;

use crate::domain::kernel::{
    Aggregate, Business, Host, Lookup, Port, Saga, View, simulation::Record,
};
use board::{Board, MessageName};
use kinds::Kind;
use std::{
    fs, io,
    panic::{AssertUnwindSafe, catch_unwind},
    path::Path,
};

/// The name of a part and the function that describes it once all aggregate kinds are known.
type Draw<T> = (&'static str, fn(&[Box<dyn Kind>]) -> T);

/// A host that describes the parts of its businesses as boards; see [`Host`].
#[derive(Default)]
pub struct ModelBuilder {
    businesses: Vec<&'static str>,
    kinds: Vec<Box<dyn Kind>>,
    policies: Vec<Draw<board::Policy>>,
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
        self.policies.push((S::NAME, policies::policy::<S>));
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
        Some(Board {
            business: business.to_owned(),
            aggregates: kinds.map(|kind| kind.describe()).collect(),
            policies: self.draw(&self.policies, is_ours),
            services: self.draw(&self.services, is_ours),
            lookups: self.draw(&self.lookups, is_ours),
            views: self.draw(&self.views, is_ours),
        })
    }

    /// The event in a record of a simulation; `None` when the record is not an event.
    #[must_use]
    pub fn event(&self, record: &Record) -> Option<MessageName> {
        let name = self.kinds.iter().find_map(|kind| kind.event_in(record))?;
        Some(MessageName { aggregate: record.kind.to_owned(), name })
    }

    fn draw<T>(&self, parts: &[Draw<T>], is_ours: impl Fn(&str) -> bool) -> Vec<T> {
        let ours = parts.iter().filter(|(name, _)| is_ours(name));
        ours.map(|(_, draw)| draw(&self.kinds)).collect()
    }
}

/// The boards as one Mermaid flowchart.
#[must_use]
pub fn mermaid(boards: &[Board]) -> String {
    mermaid::flowchart(boards)
}

/// A board as a page in Markdown, with its flowchart, its commands and events.
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
fn attempt<T>(domain_code: impl FnOnce() -> T) -> Option<T> {
    catch_unwind(AssertUnwindSafe(domain_code)).ok()
}
