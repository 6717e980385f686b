//! The aggregate: the unit of consistency, which accepts or rejects commands.

use super::{Business, CommandRoutes, Message, StatusWords, Timestamp, Upcasters};
use serde::{Serialize, Serializer};
use std::fmt::Debug;

/// The answer of an aggregate to a command: the events that follow, or the rejection.
/// An empty list means that the command is accepted and changes nothing.
pub type Decision<A> = Result<Vec<<A as Aggregate>::Event>, <A as Aggregate>::Rejection>;

/// The settings of the business an aggregate belongs to.
pub type SettingsOf<A> = <<A as Aggregate>::Business as Business>::Settings;

/// An aggregate kind. The state of an instance is the fold of its events.
///
/// The implementor *is* the state: its details and one status enum, never flags. `Default` is the
/// state before the first event. All methods are pure, so `history.fold(A::default(), A::evolve)`
/// always rebuilds the same state.
///
/// ```
/// use madang::domain::kernel::{prelude::*, spec::Spec as _};
/// # struct Desk;
/// # impl Business for Desk {
/// #     const NAME: &'static str = "desk";
/// #     type Settings = Empty;
/// #     fn install(host: &mut impl Host) { host.aggregate::<Ticket>(); }
/// # }
/// # #[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
/// # #[serde(rename_all = "kebab-case")]
/// # enum Command { Open, Close }
/// # #[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
/// # enum Event { Opened, Closed }
/// # rejections! {
/// #     enum Rejection {
/// #         Unknown: unknown "there is no such ticket";
/// #         AlreadyOpened: "the ticket was opened before";
/// #     }
/// # }
/// #[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
/// enum Ticket { #[default] Unknown, Open, Closed }
///
/// impl Aggregate for Ticket {
///     const NAME: &'static str = "desk/tickets";
///     # type Business = Desk;
///     # type Command = Command;
///     # type Event = Event;
///     # type Rejection = Rejection;
///     # fn issuer(_: &Command) -> Issuer { Issuer::Anyone }
///     // and its types, and the issuers of its commands
///     fn decide(&self, command: Command, _: Timestamp, _: &Empty) -> Decision<Self> {
///         match (self, command) {
///             (Self::Unknown, Command::Open) => Ok(vec![Event::Opened]),
///             (Self::Open, Command::Close) => Ok(vec![Event::Closed]),
///             (Self::Closed, Command::Close) => Ok(vec![]), // it is so already
///             (Self::Unknown, Command::Close) => Err(Rejection::Unknown),
///             (_, Command::Open) => Err(Rejection::AlreadyOpened),
///         }
///     }
///
///     fn evolve(self, event: Event) -> Self {
///         match event { Event::Opened => Self::Open, Event::Closed => Self::Closed }
///     }
///
///     fn command_routes() -> CommandRoutes<Self> {
///         CommandRoutes::by_name("open", &["close"])
///     }
/// }
///
/// Ticket::given([Event::Opened]).when(Command::Close).then([Event::Closed]);
/// Ticket::given([]).when(Command::Close).rejected(Rejection::Unknown);
/// ```
pub trait Aggregate: Default + Message {
    /// The name, `business/resource`: the stream on disk and the path in URLs. It never changes
    /// once written to a journal.
    const NAME: &'static str;

    /// Other resource names (without the business) under which clients find the same aggregates.
    const ALIASES: &'static [&'static str] = &[];

    /// The version of the meaning of the state in snapshots, from 1 to 65,535. Raise it when
    /// [`Aggregate::evolve`] changes and the fields of the state do not; then instances with older
    /// snapshots are rebuilt from their events. A change of the fields is found by itself.
    const SHAPE: u32 = 1;

    /// The step of another aggregate that clients of this one wait for, by the name of its gate:
    /// `claims/review`. While the gate is closed to callers, the step does not start.
    const AWAITED_STEP: Option<&'static str> = None;

    /// Who may read instances. It counts once identity is configured.
    const READERS: Readers = Readers::Owner;

    /// The business that the kind belongs to; it also determines the settings.
    type Business: Business;
    /// The commands.
    type Command: Message;
    /// The events. Variants are added at the end. Other changes are described at
    /// [`Aggregate::upcasters`].
    type Event: Message;
    /// The reasons for rejecting a command.
    type Rejection: Rejection;

    /// The role that may submit this command.
    fn issuer(command: &Self::Command) -> Issuer;

    /// Decides a command. Only this function contains rules of the business, and only this function
    /// reads settings. Values that follow from settings are stored in the event.
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
    /// none. While the port's gate is closed to callers, the command does not start.
    #[must_use]
    fn waits_for_port(_command: &Self::Command) -> Option<&'static str> {
        None
    }

    /// Whether this command may start the step (see [`Aggregate::AWAITED_STEP`]).
    #[must_use]
    fn may_start_step(_command: &Self::Command) -> bool {
        false
    }

    /// Whether the step is in progress now. Any other pending work does not count for its gate.
    fn step_is_pending(&self) -> bool {
        false
    }

    /// Applies one event to the state. It cannot fail, because the event is already decided.
    #[must_use]
    fn evolve(self, event: Self::Event) -> Self;

    /// The changes that turn stored events and rejections of earlier shapes into today's. A new
    /// field with `#[serde(default)]` needs none. See [`Upcasters`].
    #[must_use]
    fn upcasters() -> Upcasters {
        Upcasters::none()
    }

    /// The progress of the last command: pending, established or failed. By default it is that of the
    /// [status](Aggregate::status_words), or established without one.
    fn progress(&self) -> Progress {
        self.status_words().map_or(Progress::Established, StatusWords::progress)
    }

    /// The representation for clients: plain data with the JSON names of the business. By default
    /// it has the fields of the state and the number as `id`.
    fn represent(&self, number: u64) -> impl Serialize {
        Shown { id: number, state: self }
    }

    /// The present status, when the kind has an enum of [`statuses!`](crate::statuses).
    fn status_words(&self) -> Option<&dyn StatusWords> {
        None
    }

    /// The word with which the original of this business names the present status; `None` when it
    /// has no such word. The representation shows it as `originalStatus`, beside the `status`. By
    /// default it is that of the [status](Aggregate::status_words).
    fn original_status(&self) -> Option<&'static str> {
        self.status_words()?.original_word()
    }

    /// The named commands that are available in this state; the representation links to them. By
    /// default they are those of the [status](Aggregate::status_words).
    fn available_commands(&self) -> &'static [&'static str] {
        self.status_words().map_or(&[], StatusWords::commands)
    }

    /// The routes of the commands: by name, and as existing clients send them.
    fn command_routes() -> CommandRoutes<Self>;
}

#[derive(Serialize)]
struct Shown<'a, A> {
    id: u64,
    #[serde(flatten)]
    state: &'a A,
}

/// The whole representation of an aggregate for clients: its fields, and `originalStatus` where the
/// original has a word for the present status.
pub fn representation<A: Aggregate>(state: &A, number: u64) -> impl Serialize {
    Represented { fields: state.represent(number), original_status: state.original_status() }
}

struct Represented<F> {
    fields: F,
    original_status: Option<&'static str>,
}

impl<F: Serialize> Serialize for Represented<F> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self.original_status {
            Some(original_status) => {
                WithOriginalStatus { fields: &self.fields, original_status }.serialize(serializer)
            }
            None => self.fields.serialize(serializer),
        }
    }
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct WithOriginalStatus<'a, F> {
    #[serde(flatten)]
    fields: &'a F,
    original_status: &'static str,
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

/// Who may read the instances of an aggregate kind, or the rows of a view.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Readers {
    /// All clients, also without a token: what is offered, such as courses and their free places.
    Anyone,
    /// The customer to whom it belongs, and the staff of the business. An aggregate belongs to the
    /// customer who created it, or whose command led to it. A row belongs to the owner of the first
    /// event in it that has one. What has no owner is for staff only.
    Owner,
    /// The staff of the business.
    Staff,
}

/// The role that may submit a command. The roles count once identity is configured.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Issuer {
    /// Any client that can reach the server.
    Anyone,
    /// The customer who owns the aggregate. A new aggregate belongs to the customer who creates it;
    /// one that has no owner and that all clients may read is for any customer.
    Customer,
    /// Staff with any of these roles.
    Staff(&'static [&'static str]),
    /// A saga, a port or a lookup, never a client.
    Internal,
}

/// The progress of a command, for clients that wait for its outcome.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Progress {
    /// Another component (a payment, a taxi) has not answered yet, so the request waits.
    Pending,
    /// The command took effect.
    Established,
    /// The command failed after it was accepted.
    Failed {
        /// The family of the failure.
        how: FailureKind,
        /// The reason, as a sentence.
        reason: String,
    },
}

impl Progress {
    /// The reason of a failure, for the representation; `None` when there is none.
    #[must_use]
    pub fn reason(self) -> Option<String> {
        match self {
            Self::Failed { reason, .. } => Some(reason),
            Self::Pending | Self::Established => None,
        }
    }
}

/// The families of failure of a pending command.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, serde::Deserialize)]
pub enum FailureKind {
    /// The payment was declined.
    Unpaid,
    /// Another component refused its part.
    Refused,
    /// An outside service was busy or down; a later retry may succeed.
    Unavailable,
}

/// Declares the types of an aggregate kind inside its `impl Aggregate`: its business, and the
/// `Command`, `Event` and `Rejection` of its module. The second argument, if any, is the field with
/// the status, an enum of [`statuses!`](crate::statuses): it is returned by
/// [`Aggregate::status_words`].
///
/// ```
/// use madang::domain::kernel::prelude::*;
/// # struct Desk;
/// # impl Business for Desk {
/// #     const NAME: &'static str = "desk";
/// #     type Settings = Empty;
/// #     fn install(host: &mut impl Host) { host.aggregate::<Ticket>(); }
/// # }
/// # #[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
/// # #[serde(rename_all = "kebab-case")]
/// # enum Command { Open }
/// # #[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
/// # enum Event { Opened }
/// # rejections! { enum Rejection { Unknown: unknown "there is no such ticket"; } }
/// # statuses! { enum Status { Unknown; Open => "close"; } }
/// # #[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
/// # struct Ticket { status: Status }
///
/// impl Aggregate for Ticket {
///     const NAME: &'static str = "desk/tickets";
///     aggregate_types!(Desk, status);
///     // and its functions
///     # fn issuer(_: &Command) -> Issuer { Issuer::Anyone }
///     # fn decide(&self, _: Command, _: Timestamp, _: &Empty) -> Decision<Self> { Ok(vec![]) }
///     # fn evolve(self, _: Event) -> Self { self }
///     # fn command_routes() -> CommandRoutes<Self> { CommandRoutes::by_name("open", &[]) }
/// }
///
/// assert_eq!(Ticket { status: Status::Open }.available_commands(), ["close"]);
/// ```
#[macro_export]
macro_rules! aggregate_types {
    ($business:ty) => {
        type Business = $business;
        type Command = Command;
        type Event = Event;
        type Rejection = Rejection;
    };
    ($business:ty, $status:ident) => {
        $crate::aggregate_types!($business);

        fn status_words(&self) -> ::std::option::Option<&dyn $crate::domain::kernel::StatusWords> {
            ::std::option::Option::Some(&self.$status)
        }
    };
}
