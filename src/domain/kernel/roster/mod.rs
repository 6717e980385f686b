//! The roster of an office: assigns a piece of work to the clerk with the least load.
//!
//! A business defines the clerks of each of its offices with an [`Office`]. Each piece of work has
//! a roster of its own, with the number of its saga instance, so no roster grows. The loads of the
//! clerks are in a view, [`Workload`], which a lookup, [`Choice`], searches:
//!
//! ```text
//!            assign               choose: the least loaded           close: decided, or not wanted
//! (not open) ──────▶ (a clerk is ────────────────────────▶ with a clerk ─────────────▶ (not open)
//!                     sought)
//! ```
//! The view has applied every event before the assignment when it is searched. Pieces of work that
//! are assigned at the same moment may therefore go to the same clerk; the next ones make up for it.
//!
//! In versions before, one roster had the work of a whole office, [`Roster::SHARED`]. Work that was
//! assigned there is closed there.

mod choice;
mod clerks;
#[cfg(test)]
mod specs;
mod workload;

pub use choice::Choice;
pub use clerks::Clerks;
pub use workload::Workload;

use super::{
    Aggregate, Business, CommandRoutes, Decision, Host, Id, Issuer, Message, Number, Readers,
    RejectedCommand, RejectionKind, SettingsOf, StateReader, Step, Timestamp,
};
use serde::{Deserialize, Serialize};
use std::{collections::BTreeMap, marker::PhantomData};
use thiserror::Error;

use Command::{Assign, Choose, Close};
use Event::{Assigned, Closed, Sought, Staffed};

/// The definition of one office of a business, and of its clerks.
pub trait Office: Message + Default {
    /// The business that the office belongs to.
    type Business: Business;

    /// The name of its rosters, `business/resource`. It never changes once written to a journal.
    const NAME: &'static str;

    /// Other resource names under which clients find them.
    const ALIASES: &'static [&'static str] = &[];

    /// The name of the view of the clerks' loads, `business/name`.
    const WORKLOAD: &'static str;

    /// The name of the lookup of the least loaded clerk, `business/name`. It never changes once
    /// written to a journal.
    const CHOICE: &'static str;

    /// The role of its clerks.
    const ROLE: &'static str;

    /// The clerks who serve the office now.
    fn clerks(settings: &<Self::Business as Business>::Settings) -> &Clerks;
}

/// Registers an office: its rosters, the view of the loads, and the lookup that searches it.
pub fn install<O: Office>(host: &mut impl Host) {
    host.aggregate::<Roster<O>>().lookup::<Choice<O>>().view::<Workload<O>>();
}

/// The clerk of a piece of work, while it is open.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Roster<O> {
    /// The open pieces of work, each with its clerk: one at most, except in [`Roster::SHARED`].
    open: BTreeMap<u64, Number>,
    status: Status,
    office: PhantomData<O>,
}

/// Whether a clerk is sought.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
enum Status {
    /// No work was ever assigned here.
    #[default]
    Blank,
    /// A clerk is sought for this piece of work.
    Seeking { work: u64 },
    /// No clerk is sought.
    Settled,
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
    /// The loads of the clerks are known.
    Choose {
        /// The number of the work.
        work: u64,
        /// The number of open pieces of each clerk who ever had work.
        loads: Vec<(Number, u64)>,
    },
}

/// The events of a roster.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum Event {
    /// From now on these clerks get the work. Only rosters of versions before have this event.
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
    /// The clerk with the least load is sought.
    Sought {
        /// The number of the work.
        work: u64,
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
    const READERS: Readers = Readers::Staff;
    // 2: without the clerks and their loads.
    const SHAPE: u32 = 2;
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
        match (self.status, command) {
            (_, Assign { work }) if self.open.contains_key(&work) => Ok(vec![]),
            (Status::Seeking { work: sought }, Assign { work }) if sought == work => Ok(vec![]),
            (_, Assign { work }) => Ok(vec![Sought { work }]),
            (Status::Seeking { work: sought }, Choose { work, loads }) if sought == work => {
                let clerk = O::clerks(settings).least_loaded(|clerk| load_in(&loads, clerk));
                Ok(vec![Assigned { work, clerk }])
            }
            (_, Choose { .. }) => Ok(vec![]),
            (Status::Blank, Close { .. }) => Err(Rejection::Unknown),
            (_, Close { work }) => {
                let clerk = self.open.get(&work);
                Ok(clerk.map(|clerk| Closed { work, clerk: *clerk }).into_iter().collect())
            }
        }
    }

    fn evolve(mut self, event: Event) -> Self {
        self.status = match event {
            Sought { work } => Status::Seeking { work },
            Staffed { .. } => Status::Settled,
            Assigned { work, clerk } => {
                self.open.insert(work, clerk);
                Status::Settled
            }
            Closed { work, .. } => {
                self.open.remove(&work);
                self.status
            }
        };
        self
    }

    fn represent(&self, number: u64) -> impl Serialize {
        let mut loads = BTreeMap::<Number, u64>::new();
        for clerk in self.open.values() {
            *loads.entry(*clerk).or_default() += 1;
        }
        let clerks = loads.into_iter().map(|(clerk_id, open_cnt)| Load { clerk_id, open_cnt });
        Shown { id: number, role: O::ROLE, open_cnt: self.open.len(), clerks: clerks.collect() }
    }

    fn command_routes() -> CommandRoutes<Self> {
        CommandRoutes::new()
    }
}

impl<O: Office> Roster<O> {
    /// The one roster of an office in versions before each piece of work had a roster of its own.
    pub const SHARED: Id<Self> = Id::new(1);

    /// The open pieces of work, each with its clerk.
    #[must_use]
    pub const fn open(&self) -> &BTreeMap<u64, Number> {
        &self.open
    }

    /// The clerk of this piece of work; `None` when it is not open.
    #[must_use]
    pub fn clerk_of(state: &impl StateReader, work: u64) -> Option<Number> {
        let clerk_in = |roster: u64| state.get::<Self>(roster).open.get(&work).copied();
        clerk_in(work).or_else(|| clerk_in(Self::SHARED.number()))
    }
}

impl<O: Office> Roster<O> {
    /// Asks for a clerk for the work of this saga instance.
    pub fn assign<S>(me: Id<S>, step: Step<S>) -> Step<S> {
        step.send(me.of::<Self>(), Assign { work: me.number() })
    }

    /// Closes the work of this saga instance.
    pub fn close<S>(me: Id<S>, step: Step<S>) -> Step<S> {
        step.send(me.of::<Self>(), Close { work: me.number() })
    }

    /// Closes the work in [`Roster::SHARED`] when the saga instance has no roster of its own. Any other
    /// rejection parks the instance.
    pub fn close_in_shared<S>(me: Id<S>, state: S, refused: &RejectedCommand) -> Step<S> {
        if refused.is_by::<Self>() && refused.number != Self::SHARED.number() {
            return Step::wait(state).send(Self::SHARED, Close { work: me.number() });
        }
        Step::stuck(state, refused.reason.clone())
    }
}

impl Event {
    /// The work that was assigned or closed by this event: the number of its saga instance.
    #[must_use]
    pub const fn work(&self) -> Option<u64> {
        match self {
            Assigned { work, .. } | Closed { work, .. } => Some(*work),
            Sought { .. } | Staffed { .. } => None,
        }
    }
}

/// The load of a clerk, who has none without an entry.
fn load_in(loads: &[(Number, u64)], clerk: Number) -> u64 {
    loads.iter().find(|(who, _)| *who == clerk).map_or(0, |(_, load)| *load)
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
