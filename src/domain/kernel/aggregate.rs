//! The aggregate: the unit of consistency, which accepts or rejects commands.

use super::{Business, Message, Timestamp, Vocabulary};
use serde::Serialize;
use std::fmt::Debug;

/// The answer of an aggregate to a command: the events that follow, or the rejection.
/// An empty list means that the command is accepted and changes nothing.
pub type Decision<A> = Result<Vec<<A as Aggregate>::Event>, <A as Aggregate>::Rejection>;

/// The settings of the business an aggregate belongs to.
pub type SettingsOf<A> = <<A as Aggregate>::Business as Business>::Settings;

/// An aggregate kind. The state of an instance is a fold over its events.
///
/// The implementor *is* the state: its details and one status enum, never flags; `Default` is
/// the state before the first event. All methods are pure, so
/// `history.fold(A::default(), A::evolve)` rebuilds the same state anywhere, any time.
pub trait Aggregate: Default + Message {
    /// The name, `business/resource`: the stream on disk and the path in URLs. It never changes
    /// once written to a journal.
    const NAME: &'static str;

    /// Other resource names (without the business) under which clients find the same aggregates.
    const ALIASES: &'static [&'static str] = &[];

    /// The layout of the state in snapshots; raise it whenever the fields of the state change,
    /// and older snapshots are rebuilt from the events.
    const SHAPE: u32 = 1;

    /// The step of another aggregate that clients of this one wait for, by the name of its gate:
    /// `claims/review`. While the gate admits no caller, the step is not begun.
    const STEP: Option<&'static str> = None;

    /// The business that the kind belongs to; it also determines the settings.
    type Business: Business;
    /// The commands.
    type Command: Message;
    /// The events. Variants are only ever added, at the end.
    type Event: Message;
    /// The reasons for rejecting a command.
    type Rejection: Rejection;

    /// The role that may submit this command.
    fn speaker(command: &Self::Command) -> Speaker;

    /// Decides a command. This is the only function that contains rules of the business and the
    /// only one that reads settings; values that follow from settings are stored in the event.
    ///
    /// # Errors
    /// The rejection, when a rule forbids the command. It is an answer, not a failure.
    fn decide(
        &self,
        command: Self::Command,
        now: Timestamp,
        settings: &SettingsOf<Self>,
    ) -> Decision<Self>;

    /// The port, by name, whose answer the client of this command waits for; `None` when there is
    /// none. While the port's gate admits no caller, the command is not begun.
    #[must_use]
    fn through(_command: &Self::Command) -> Option<&'static str> {
        None
    }

    /// Whether this command may lead to the step (see [`Aggregate::STEP`]).
    #[must_use]
    fn takes_step(_command: &Self::Command) -> bool {
        false
    }

    /// Whether the step is in progress now. Any other pending work does not count for its gate.
    fn is_in_step(&self) -> bool {
        false
    }

    /// Applies one event to the state. It cannot fail, because the event is already decided.
    #[must_use]
    fn evolve(self, event: Self::Event) -> Self;

    /// The outcome of the last command: pending, done or failed.
    fn standing(&self) -> Standing {
        Standing::Stands
    }

    /// The representation for clients: plain data with the JSON names of the business. By default
    /// it has the fields of the state and the number as `id`.
    fn show(&self, number: u64) -> impl Serialize {
        Shown { id: number, state: self }
    }

    /// The named commands that are possible in this state; they become links.
    fn possible(&self) -> &'static [&'static str] {
        &[]
    }

    /// The request forms of the commands: by name, and as existing clients send them.
    fn vocabulary() -> Vocabulary<Self>;
}

#[derive(Serialize)]
struct Shown<'a, A> {
    id: u64,
    #[serde(flatten)]
    state: &'a A,
}

/// The reason why an aggregate rejects a command. `Display` is a sentence in lower case without a
/// full stop.
pub trait Rejection: Message + std::error::Error {
    /// The family of the rejection; by default a conflict with the present state.
    fn kind(&self) -> RejectionKind {
        RejectionKind::Conflict
    }
}

/// The families of rejection that a client must distinguish.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, serde::Deserialize)]
pub enum RejectionKind {
    /// The command is impossible in the present state.
    Conflict,
    /// There is no such aggregate.
    Unknown,
    /// The command is impossible in any state: a value is out of range.
    Invalid,
}

/// The role that may submit a command.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Speaker {
    /// Any client that can reach the server.
    Anyone,
    /// The customer who owns the aggregate.
    Customer,
    /// Staff with this role.
    Staff(&'static str),
    /// A saga, a port or a lookup: never a request.
    Inside,
}

/// The outcome of a command, for clients that wait for it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Standing {
    /// Another component still has to answer (a payment, a taxi): the request waits.
    Pending,
    /// The command took effect.
    Stands,
    /// The command failed after it was accepted.
    Fell {
        /// The family of the failure.
        how: Fall,
        /// The reason, as a sentence.
        because: String,
    },
}

/// The families of failure of a pending command.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, serde::Deserialize)]
pub enum Fall {
    /// The payment was declined.
    Unpaid,
    /// A component that was asked for its part refused.
    Refused,
    /// An outside service was busy or down; a later retry may succeed.
    Unavailable,
}
