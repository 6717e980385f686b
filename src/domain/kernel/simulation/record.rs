//! The records of the simulated journal.

use crate::domain::kernel::{Aggregate, AnyEvent, Id, Meta, RejectedCommand, Timestamp};
use std::{any::Any, fmt, rc::Rc};

/// A record of the simulated journal.
#[derive(Clone, Debug)]
pub struct Record {
    /// The position in the journal, from 1, gapless.
    pub position: u64,
    /// The name of the aggregate kind, or of the saga.
    pub kind: &'static str,
    /// The number of the aggregate, or of the saga instance.
    pub number: u64,
    /// The position in the history of that aggregate or instance, from 1, gapless.
    pub version: u32,
    /// The time of the decision.
    pub time: Timestamp,
    /// The correlation: the number of the saga instance that the record belongs to.
    pub correlation: u64,
    /// The cause of the record.
    pub cause: Cause,
    /// The content of the record.
    pub payload: Payload,
}

/// The cause of a record.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Cause {
    /// A request from outside.
    Request(u64),
    /// A command of a saga, a port or a lookup.
    Dispatch(Origin),
    /// A timer of a saga.
    Timer,
}

/// The identity of a dispatch: the idempotency key of commands of sagas, ports and lookups.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Origin {
    /// The saga, port or lookup that dispatched the command.
    pub by: &'static str,
    /// The number of the saga instance that dispatched the command.
    pub conversation: u64,
    /// The position of the record that led to the dispatch.
    pub position: u64,
    /// The index of the command among those dispatched for that record, from 0.
    pub nth: usize,
}

/// The content of a record.
#[derive(Clone)]
pub enum Payload {
    /// An event of an aggregate.
    Event(Rc<dyn Any>),
    /// A dispatched command that was rejected.
    Refused(Rc<dyn Fn() -> RejectedCommand>),
    /// A dispatched command that changed nothing.
    Unchanged {
        /// The bare name of the command.
        command: String,
    },
    /// A timer fired.
    TimerFired,
}

impl fmt::Debug for Payload {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Event(_) => f.write_str("Event"),
            Self::Refused(refused) => refused().fmt(f),
            Self::Unchanged { command } => write!(f, "Unchanged({command})"),
            Self::TimerFired => f.write_str("TimerFired"),
        }
    }
}

impl Record {
    /// The metadata that is passed to the functions of the business.
    #[must_use]
    pub const fn meta(&self) -> Meta {
        Meta {
            position: self.position,
            version: self.version,
            time: self.time,
            correlation: self.correlation,
        }
    }

    /// The number of the request that caused the record, if a request did.
    #[must_use]
    pub const fn request(&self) -> Option<u64> {
        match self.cause {
            Cause::Request(request) => Some(request),
            Cause::Dispatch(_) | Cause::Timer => None,
        }
    }
}

impl AnyEvent for Record {
    fn downcast<A: Aggregate>(&self) -> Option<(Id<A>, A::Event)> {
        let Payload::Event(event) = &self.payload else { return None };
        if self.kind != A::NAME {
            return None;
        }
        event.downcast_ref::<A::Event>().map(|event| (Id::new(self.number), event.clone()))
    }
}
