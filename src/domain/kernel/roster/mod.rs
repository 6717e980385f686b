//! Who of an office does which work: each piece goes to whoever has least to do.
//!
//! Every business with desks to be served says with an [`Office`] who serves them; there is one
//! roster for an office, [`Roster::THE`]. A piece of work bears the number of its conversation:
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
    Aggregate, Business, Decision, Id, Message, Number, RejectionKind, SettingsOf, Speaker,
    Timestamp, Vocabulary,
};
use serde::{Deserialize, Serialize};
use std::{collections::BTreeMap, marker::PhantomData};
use thiserror::Error;

use Command::{Assign, Close};
use Event::{Assigned, Closed, Staffed};

/// What a business says about the clerks of one of its offices.
pub trait Office: Message + Default {
    /// Whose office it is.
    type Business: Business;

    /// The name of its roster: `business/resource`. Never changes once written.
    const NAME: &'static str;

    /// Other resource names under which clients find it.
    const ALIASES: &'static [&'static str] = &[];

    /// The role of its clerks.
    const ROLE: &'static str;

    /// Who serves it now.
    fn clerks(settings: &<Self::Business as Business>::Settings) -> &Clerks;
}

/// Who of an office does which work.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Roster<O> {
    /// Everybody who has work or could get some, with the number of pieces that are open.
    loads: BTreeMap<Number, u64>,
    /// The open pieces of work, each with its clerk.
    open: BTreeMap<u64, Number>,
    /// Who could get work, as of the last assignment.
    clerks: Option<Clerks>,
    office: PhantomData<O>,
}

/// What a roster can be told.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum Command {
    /// Somebody has to do this.
    Assign {
        /// The number of the work.
        work: u64,
    },
    /// Nobody has to do this any more.
    Close {
        /// The number of the work.
        work: u64,
    },
}

/// What can happen to a roster.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum Event {
    /// From now on these get the work.
    Staffed {
        /// Who.
        clerks: Clerks,
    },
    /// This clerk does it.
    Assigned {
        /// The number of the work.
        work: u64,
        /// Who had least to do.
        clerk: Number,
    },
    /// It is decided, or not wanted any more.
    Closed {
        /// The number of the work.
        work: u64,
        /// Who has so much less to do.
        clerk: Number,
    },
}

/// Why a roster says no.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, Error)]
pub enum Rejection {
    /// Nothing was ever assigned here.
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

    fn speaker(_command: &Command) -> Speaker {
        Speaker::Inside
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

    fn show(&self, number: u64) -> impl Serialize {
        let loads = self.loads.iter();
        let clerks = loads.map(|(clerk, load)| Load { clerk_id: *clerk, open_cnt: *load });
        Shown { id: number, role: O::ROLE, open_cnt: self.open.len(), clerks: clerks.collect() }
    }

    fn vocabulary() -> Vocabulary<Self> {
        Vocabulary::new()
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

    /// How many open pieces of work this clerk has.
    #[must_use]
    pub fn load(&self, clerk: Number) -> u64 {
        self.loads.get(&clerk).copied().unwrap_or_default()
    }

    /// Who serves the office may have changed since the last assignment.
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
