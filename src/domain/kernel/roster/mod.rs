//! The roster of an office: assigns each piece of work to the clerk with the least load.
//!
//! A business defines the clerks of each of its offices with an [`Office`]. There is one roster
//! for an office, [`Roster::THE`]. A piece of work has the number of its saga instance:
//!
//! ```text
//!           assign: to the least loaded           close: decided, or not wanted any more
//! (not open) ──────────────────────────▶ with a clerk ──────────────────────────▶ (not open)
//! ```

mod clerks;
#[cfg(test)]
mod specs;

pub use clerks::Clerks;

use super::{
    Aggregate, Business, CommandRoutes, Decision, Id, Issuer, Message, Number, RejectionKind,
    SettingsOf, Timestamp,
};
use serde::{Deserialize, Serialize};
use std::{collections::BTreeMap, marker::PhantomData};
use thiserror::Error;

use Command::{Assign, Close};
use Event::{Assigned, Closed, Staffed};

/// The definition of one office of a business, and of its clerks.
pub trait Office: Message + Default {
    /// The business that the office belongs to.
    type Business: Business;

    /// The name of its roster, `business/resource`. It never changes once written to a journal.
    const NAME: &'static str;

    /// Other resource names under which clients find it.
    const ALIASES: &'static [&'static str] = &[];

    /// The role of its clerks.
    const ROLE: &'static str;

    /// The clerks who serve the office now.
    fn clerks(settings: &<Self::Business as Business>::Settings) -> &Clerks;
}

/// The open work of an office, and the clerk of each piece.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Roster<O> {
    /// All clerks who have work or can get work, with the number of their open pieces.
    loads: BTreeMap<Number, u64>,
    /// The open pieces of work, each with its clerk.
    open: BTreeMap<u64, Number>,
    /// The clerks who can get work, as of the last assignment.
    clerks: Option<Clerks>,
    office: PhantomData<O>,
}

/// The commands of a roster.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum Command {
    /// Assigns this piece of work to a clerk.
    Assign {
        /// The number of the work.
        work: u64,
    },
    /// Closes this piece of work: no clerk has to do it any more.
    Close {
        /// The number of the work.
        work: u64,
    },
}

/// The events of a roster.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum Event {
    /// From now on these clerks get the work.
    Staffed {
        /// The clerks.
        clerks: Clerks,
    },
    /// The work was assigned to this clerk.
    Assigned {
        /// The number of the work.
        work: u64,
        /// The clerk with the least load.
        clerk: Number,
    },
    /// The work is decided, or not wanted any more.
    Closed {
        /// The number of the work.
        work: u64,
        /// The clerk who had the work.
        clerk: Number,
    },
}

/// The reasons why a roster rejects a command.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, Error)]
pub enum Rejection {
    /// No work was ever assigned here.
    #[error("there is no such roster")]
    Unknown,
}

impl super::Rejection for Rejection {
    fn kind(&self) -> RejectionKind {
        RejectionKind::Unknown
    }
}

impl<O: Office> Aggregate for Roster<O> {
    const NAME: &'static str = O::NAME;
    const ALIASES: &'static [&'static str] = O::ALIASES;
    type Business = O::Business;
    type Command = Command;
    type Event = Event;
    type Rejection = Rejection;

    fn issuer(_command: &Command) -> Issuer {
        Issuer::Internal
    }

    fn decide(
        &self,
        command: Command,
        _now: Timestamp,
        settings: &SettingsOf<Self>,
    ) -> Decision<Self> {
        match command {
            Assign { work } if self.open.contains_key(&work) => Ok(vec![]),
            Assign { work } => Ok(self.assigned(work, O::clerks(settings))),
            Close { .. } if self.clerks.is_none() => Err(Rejection::Unknown),
            Close { work } => {
                let clerk = self.open.get(&work);
                Ok(clerk.map(|clerk| Closed { work, clerk: *clerk }).into_iter().collect())
            }
        }
    }

    fn evolve(mut self, event: Event) -> Self {
        match event {
            Staffed { clerks } => {
                self.loads.retain(|_, load| *load > 0);
                for clerk in clerks.iter() {
                    self.loads.entry(clerk).or_default();
                }
                self.clerks = Some(clerks);
            }
            Assigned { work, clerk } => {
                self.open.insert(work, clerk);
                *self.loads.entry(clerk).or_default() += 1;
            }
            Closed { work, clerk } => {
                self.open.remove(&work);
                let load = self.loads.entry(clerk).or_default();
                *load = load.saturating_sub(1);
                if *load == 0 && !self.is_staffed_with(clerk) {
                    self.loads.remove(&clerk);
                }
            }
        }
        self
    }

    fn represent(&self, number: u64) -> impl Serialize {
        let loads = self.loads.iter();
        let clerks = loads.map(|(clerk, load)| Load { clerk_id: *clerk, open_cnt: *load });
        Shown { id: number, role: O::ROLE, open_cnt: self.open.len(), clerks: clerks.collect() }
    }

    fn command_routes() -> CommandRoutes<Self> {
        CommandRoutes::new()
    }
}

impl<O: Office> Roster<O> {
    /// The one roster of an office.
    pub const THE: Id<Self> = Id::new(1);

    /// The open pieces of work, each with its clerk.
    #[must_use]
    pub const fn open(&self) -> &BTreeMap<u64, Number> {
        &self.open
    }

    /// The number of open pieces of work of this clerk.
    #[must_use]
    pub fn load(&self, clerk: Number) -> u64 {
        self.loads.get(&clerk).copied().unwrap_or_default()
    }

    /// The events of an assignment. They include `Staffed` when the configured clerks have changed
    /// since the last assignment.
    fn assigned(&self, work: u64, clerks: &Clerks) -> Vec<Event> {
        let clerk = clerks.least_loaded(|clerk| self.load(clerk));
        let assigned = Assigned { work, clerk };
        if self.clerks.as_ref() == Some(clerks) {
            return vec![assigned];
        }
        vec![Staffed { clerks: clerks.clone() }, assigned]
    }

    fn is_staffed_with(&self, clerk: Number) -> bool {
        self.clerks.iter().flat_map(Clerks::iter).any(|staffed| staffed == clerk)
    }
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Shown {
    id: u64,
    role: &'static str,
    open_cnt: usize,
    clerks: Vec<Load>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Load {
    clerk_id: Number,
    open_cnt: u64,
}
