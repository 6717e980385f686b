//! What the simulated journal remembers.

use crate::domain::kernel::{Aggregate, Fact, Id, Meta, Refused, Timestamp};
use std::{any::Any, fmt, rc::Rc};

/// Something that happened, in its place in the one total order.
#[derive(Clone, Debug)]
pub struct Record {
    /// Its place in the journal, from 1, gapless.
    pub position: u64,
    /// The kind of aggregate, or the saga.
    pub kind: &'static str,
    /// Which one.
    pub number: u64,
    /// Its place in that history, from 1, gapless.
    pub version: u32,
    /// When it was decided.
    pub time: Timestamp,
    /// The number of the conversation it belongs to.
    pub correlation: u64,
    /// What led to it.
    pub cause: Cause,
    /// What it says.
    pub payload: Payload,
}

/// What led to a record.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Cause {
    /// A request from outside.
    Request(u64),
    /// A command said inside.
    Dispatch(Origin),
    /// An alarm.
    Alarm,
}

/// Which dispatch: the idempotency key of everything said inside.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Origin {
    /// The saga, port or lookup that said it.
    pub by: &'static str,
    /// The conversation it was said in.
    pub conversation: u64,
    /// The position of the record it reacted to.
    pub position: u64,
    /// Which of the commands said in reaction, from 0.
    pub nth: usize,
}

/// What a record says.
#[derive(Clone)]
pub enum Payload {
    /// An event of an aggregate.
    Event(Rc<dyn Any>),
    /// A dispatched command that was rejected.
    Refused(Rc<dyn Fn() -> Refused>),
    /// A dispatched command that changed nothing.
    Unchanged {
        /// Its bare name.
        command: String,
    },
    /// An alarm went off.
    Woken,
}

impl fmt::Debug for Payload {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Event(_) => f.write_str("Event"),
            Self::Refused(refused) => refused().fmt(f),
            Self::Unchanged { command } => write!(f, "Unchanged({command})"),
            Self::Woken => f.write_str("Woken"),
        }
    }
}

impl Record {
    /// The circumstances, as the domain is told them.
    #[must_use]
    pub const fn meta(&self) -> Meta {
        Meta {
            position: self.position,
            version: self.version,
            time: self.time,
            correlation: self.correlation,
        }
    }

    /// The request that led to it, if it was one.
    #[must_use]
    pub const fn request(&self) -> Option<u64> {
        match self.cause {
            Cause::Request(request) => Some(request),
            Cause::Dispatch(_) | Cause::Alarm => None,
        }
    }
}

impl Fact for Record {
    fn about<A: Aggregate>(&self) -> Option<(Id<A>, A::Event)> {
        let Payload::Event(event) = &self.payload else { return None };
        if self.kind != A::NAME {
            return None;
        }
        event.downcast_ref::<A::Event>().map(|event| (Id::new(self.number), event.clone()))
    }
}
