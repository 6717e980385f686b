//! The consistency unit: a thing with an identity that accepts or rejects commands.

use super::{Business, Message, Timestamp, Vocabulary};
use serde::Serialize;
use std::fmt::Debug;

/// What an aggregate answers to a command: the events that follow, or why not.
/// No events at all says "that is already so".
pub type Decision<A> = Result<Vec<<A as Aggregate>::Event>, <A as Aggregate>::Rejection>;

/// The settings of the business an aggregate belongs to.
pub type SettingsOf<A> = <<A as Aggregate>::Business as Business>::Settings;

/// A thing with an identity that is nothing but the sum of its past.
///
/// The implementor *is* the state: its details and one status enum, never flags; `Default` is
/// the state before the first event. All methods are pure, so
/// `history.fold(A::default(), A::evolve)` rebuilds the same state anywhere, any time.
pub trait Aggregate: Default + Message {
    /// `business/resource`: names the stream on disk and the path in URLs. Never changes once written.
    const NAME: &'static str;

    /// Other resource names (without the business) under which clients find the same thing.
    const ALIASES: &'static [&'static str] = &[];

    /// The layout of the state in snapshots; raise it whenever the fields of the state change,
    /// and older snapshots are rebuilt from the events.
    const SHAPE: u32 = 1;

    /// The step of another aggregate that clients of this one wait for, by the name of the gate in
    /// front of it: `claims/review`. While it turns everybody away, the step is not even begun.
    const STEP: Option<&'static str> = None;

    /// The business this belongs to, which also says what the settings are.
    type Business: Business;
    /// What it can be told.
    type Command: Message;
    /// What can happen to it. Variants are only ever added, at the end.
    type Event: Message;
    /// Why it says no.
    type Rejection: Rejection;

    /// Who may say this.
    fn speaker(command: &Self::Command) -> Speaker;

    /// Judges a command: the only place where a rule of the business lives, and the only
    /// place where settings are read (what follows from them stands in the event).
    ///
    /// # Errors
    /// The rejection, when a rule says no. It is an answer, not a failure.
    fn decide(
        &self,
        command: Self::Command,
        now: Timestamp,
        settings: &SettingsOf<Self>,
    ) -> Decision<Self>;

    /// The port, by its name, whose answer whoever says this is made to wait for; `None` when
    /// there is none. While the port's gate turns everybody away, the command is not
    /// even begun.
    #[must_use]
    fn through(_command: &Self::Command) -> Option<&'static str> {
        None
    }

    /// Whether this may lead to the step.
    #[must_use]
    fn takes_step(_command: &Self::Command) -> bool {
        false
    }

    /// Whether the step is being taken now; whatever else is pending is not its fault.
    fn is_in_step(&self) -> bool {
        false
    }

    /// Takes one event into account. Never refuses: what happened, happened.
    #[must_use]
    fn evolve(self, event: Self::Event) -> Self;

    /// How things stand: whether whoever commanded it has to wait for others, and what came of it.
    fn standing(&self) -> Standing {
        Standing::Stands
    }

    /// What a client is shown: plain data with the JSON names of the business. The fields of the
    /// state beside its number, as `id`, unless said otherwise.
    fn show(&self, number: u64) -> impl Serialize {
        Shown { id: number, state: self }
    }

    /// The named commands that make sense now; they become links.
    fn possible(&self) -> &'static [&'static str] {
        &[]
    }

    /// How clients say the commands: by name, and in the words of existing clients.
    fn vocabulary() -> Vocabulary<Self>;
}

#[derive(Serialize)]
struct Shown<'a, A> {
    id: u64,
    #[serde(flatten)]
    state: &'a A,
}

/// Why an aggregate says no. `Display` is a sentence in lower case without a full stop.
pub trait Rejection: Message + std::error::Error {
    /// Which family of answer it is; a conflict with the present state unless said otherwise.
    fn kind(&self) -> RejectionKind {
        RejectionKind::Conflict
    }
}

/// The families of rejection, as a client must tell them apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, serde::Deserialize)]
pub enum RejectionKind {
    /// It makes no sense in the present state.
    Conflict,
    /// There is no such thing.
    Unknown,
    /// It makes no sense in any state: a value out of range.
    Invalid,
}

/// Who may say a command.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Speaker {
    /// Whoever can reach the server.
    Anyone,
    /// The customer whom the aggregate belongs to.
    Customer,
    /// Staff with this role.
    Staff(&'static str),
    /// A saga, a port or a lookup: never a request.
    Inside,
}

/// How things stand after a command, for whoever waits for the outcome.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Standing {
    /// Others still have to answer (a payment, a taxi): the request waits.
    Pending,
    /// It is so.
    Stands,
    /// It did not come about.
    Fell {
        /// Which family of answer that is.
        how: Fall,
        /// The reason, as a sentence.
        because: String,
    },
}

/// Why something pending did not come about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, serde::Deserialize)]
pub enum Fall {
    /// The payment was declined.
    Unpaid,
    /// Somebody asked on the way said no.
    Refused,
    /// An outside service was busy or down; coming back later makes sense.
    Unavailable,
}
