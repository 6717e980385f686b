//! What is said to the courtyard and what it answers: names and JSON in, JSON or a trouble out.

use super::{
    gate::{Away, Why},
    possible::Possible,
};
use crate::domain::kernel::{Fall, Field, Method, Place, RejectionKind};
use std::{sync::Arc, time::Duration};

/// The longest a request is made to wait for what is pending; the configuration keeps to it.
pub const PATIENCE_MAX: Duration = Duration::from_secs(30);

/// A kind of aggregate as clients see it.
#[derive(Clone, Debug)]
pub struct ResourceInfo {
    /// `taxi`
    pub business: &'static str,
    /// `orders`
    pub name: &'static str,
    /// Further names for the same thing.
    pub aliases: &'static [&'static str],
    /// Everything that can be said to it.
    pub sayings: Vec<SayingInfo>,
}

/// One way to say something.
#[derive(Clone, Copy, Debug)]
pub struct SayingInfo {
    /// The name of the command or word; for [`Place::Named`] also the last part of the path.
    pub name: &'static str,
    /// The method that carries it.
    pub method: Method,
    /// Where it is said.
    pub place: Place,
}

/// A read model as clients see it.
#[derive(Clone, Debug)]
pub struct ViewInfo {
    /// `taxi`
    pub business: &'static str,
    /// `mypages`
    pub name: &'static str,
    /// Further names for the same thing.
    pub aliases: &'static [&'static str],
    /// The fields that can be searched and sorted by.
    pub fields: &'static [Field],
    /// Whether the rows with the greatest numbers come first, unless asked otherwise.
    pub newest_first: bool,
}

/// A request to begin with.
#[derive(Clone, Copy, Debug)]
pub struct Example {
    /// `taxi`
    pub business: &'static str,
    /// `orders`
    pub resource: &'static str,
    /// What makes a new one: a JSON object.
    pub body: &'static str,
}

/// Something said by a client. `resource` is the index into [`resources`](super::Courtyard::resources).
pub struct Request {
    /// To which kind.
    pub resource: usize,
    /// Which saying: the index into [`ResourceInfo::sayings`].
    pub saying: usize,
    /// The number in the path, if there is one.
    pub number: Option<u64>,
    /// The body as it came.
    pub body: Vec<u8>,
    /// The idempotency key, if there is one.
    pub key: Option<IdempotencyKey>,
    /// The version the client has seen, if it says so.
    pub if_match: Option<u32>,
    /// How long the client is made to wait at most for what is pending.
    pub patience: Duration,
}

/// Hashes (128 bits each) of the client's key and of everything it said under it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct IdempotencyKey {
    /// The key, with the client's identity if it has one.
    pub key: u128,
    /// Method, path and body.
    pub fingerprint: u128,
}

/// One aggregate as it is shown.
#[derive(Clone, Debug)]
pub struct Reply {
    /// What became of the request.
    pub outcome: Outcome,
    /// Its number.
    pub number: u64,
    /// Its version.
    pub version: u32,
    /// The journal's position of its last record.
    pub position: u64,
    /// The representation: a JSON object, encoded, without links.
    pub body: Vec<u8>,
    /// The named commands possible now.
    pub possible: Possible,
}

/// What became of a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// There is a new one, and it stands: 201. Also for `POST` on a collection that says again what is so.
    Created,
    /// It is so: 200.
    Done,
    /// It is stored, and will be finished: 202.
    Pending,
}

/// A page of numbers or rows.
#[derive(Clone, Debug)]
pub struct Page {
    /// From 0.
    pub number: u64,
    /// Rows per page.
    pub size: usize,
    /// In which order, most important first; in the usual one when empty.
    pub sort: Vec<Sort>,
}

/// By what to sort.
#[derive(Clone, Debug)]
pub struct Sort {
    /// The JSON name of the field.
    pub field: String,
    /// Largest first.
    pub descending: bool,
}

/// A page of aggregates or rows, and how many there are in all.
#[derive(Clone, Debug)]
pub struct Collection<T> {
    /// Those of this page.
    pub items: Vec<T>,
    /// How many there are on all pages.
    pub total: u64,
}

/// A row of a view.
#[derive(Clone, Debug)]
pub struct Row {
    /// Its number, which is its path.
    pub number: u64,
    /// A JSON object, encoded.
    pub body: Vec<u8>,
}

/// Which rows of a view are wanted.
#[derive(Clone, Debug)]
pub struct ViewQuery {
    /// Query parameters as they came, without `page`, `size`, `sort` and `at-least`:
    /// `field=value`, `field_from=value`, `field_to=value`.
    pub conditions: Vec<(String, String)>,
    /// Which page.
    pub page: Page,
    /// The position the view must have reached, if the client says so.
    pub at_least: Option<u64>,
    /// How long to wait for that.
    pub patience: Duration,
}

/// Why there is no reply. Every one of them becomes one problem in the sense of RFC 9457.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Trouble {
    /// 400: not JSON.
    #[error("the body is not valid json: {0}")]
    Syntax(String),
    /// 422: JSON that does not say what is needed.
    #[error("{0}")]
    Malformed(String),
    /// 400: a query parameter that makes no sense.
    #[error("{0}")]
    BadQuery(String),
    /// 403: only a saga may say this.
    #[error("`{0}` is said inside only")]
    Inside(&'static str),
    /// 404: there is no such aggregate or row.
    #[error("there is no {resource} {number}")]
    NotFound {
        /// `taxi/orders`
        resource: &'static str,
        /// Which one.
        number: u64,
    },
    /// 404, 409 or 422: the business says no.
    #[error("{because}")]
    Rejected {
        /// Which family of answer.
        kind: RejectionKind,
        /// The sentence.
        because: String,
    },
    /// 402, 409 or 503: it was begun, but did not come about.
    #[error("{because}")]
    Fell {
        /// Which family of answer.
        how: Fall,
        /// The sentence.
        because: String,
        /// The number it had, which can still be read.
        number: u64,
    },
    /// 422: the same idempotency key with another request.
    #[error("this idempotency key was used for another request")]
    KeyReused,
    /// 412: somebody else was faster.
    #[error("the version is {actual}, not {expected}")]
    VersionDiffers {
        /// What `If-Match` said.
        expected: u32,
        /// What it is.
        actual: u32,
    },
    /// 503: it was begun, but did not come about, because the outside service behind a gate was
    /// busy or down.
    #[error("{because}")]
    Unavailable {
        /// `taxi/payment`
        gate: Arc<str>,
        /// The sentence.
        because: String,
        /// The number it had, which can still be read.
        number: u64,
        /// When to come back.
        retry_after: Duration,
    },
    /// 429 or 503: a gate turned it away before anything was begun.
    #[error("the gate {gate} {why}")]
    TurnedAway {
        /// `taxi/payment`
        gate: Arc<str>,
        /// Why.
        why: Why,
        /// When to come back.
        retry_after: Duration,
    },
    /// 503: a queue is full.
    #[error("{what} is busy")]
    Busy {
        /// What is full.
        what: &'static str,
        /// When to come back, in seconds.
        retry_after_s: u32,
    },
    /// 503: this one instance is quarantined after repeated crashes.
    #[error("{resource} {number} is quarantined: {because}")]
    Quarantined {
        /// `taxi/orders`
        resource: &'static str,
        /// Which one.
        number: u64,
        /// The reason.
        because: String,
    },
    /// 503: an operator has suspended this part.
    #[error("{context} is suspended")]
    Suspended {
        /// `taxi/reservations`
        context: &'static str,
    },
    /// 503: what was asked for is still being built or caught up with.
    #[error("{0}")]
    NotYet(String),
    /// 503: the rows of a view are made anew.
    #[error("{view} is made anew from the journal: {percent} %, {position} of {of} records")]
    MadeAnew {
        /// `taxi/mypages`
        view: &'static str,
        /// How far it is, below 100.
        percent: u64,
        /// The position up to which it is.
        position: u64,
        /// The last position there is.
        of: u64,
        /// When to come back, in seconds.
        retry_after_s: u32,
    },
    /// 503: a query took too long, or as many long ones ran as may.
    #[error("{0}")]
    QueryEnded(String),
    /// 507: nothing more is written for lack of space; nothing was changed.
    #[error("{0}")]
    NoSpace(String),
    /// 503: nothing is written, because the file system can only be read; nothing was changed.
    #[error("{0}")]
    ReadOnly(String),
    /// 503: this one instance crashed on what was said, and is rebuilt.
    #[error("{resource} {number} {because}")]
    Crashed {
        /// `taxi/orders`
        resource: &'static str,
        /// Which one.
        number: u64,
        /// What the crash said.
        because: String,
        /// When it can be expected to be back.
        retry_after: Duration,
    },
    /// 503: the machine failed; whether the command was stored is unknown, the same key tells.
    #[error("{0}")]
    Failed(String),
}

impl Trouble {
    /// Whether the machine broke, instead of being busy or saying no.
    pub(super) const fn is_failure(&self) -> bool {
        matches!(self, Self::Failed(_) | Self::Crashed { .. })
    }
}

impl From<Away> for Trouble {
    fn from(Away { gate, why, retry_after }: Away) -> Self {
        Self::TurnedAway { gate, why, retry_after }
    }
}

/// How the parts are.
#[derive(Clone, Debug)]
pub struct Health {
    /// Each part by name.
    pub parts: Vec<Part>,
}

/// How one part is.
#[derive(Clone, Debug)]
pub struct Part {
    /// `journal`, `view taxi/mypages`.
    pub name: String,
    /// How it is.
    pub status: Status,
    /// Figures worth knowing.
    pub details: Vec<(&'static str, String)>,
}

/// As Spring Boot's actuator names it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Status {
    /// `UP`
    Up,
    /// `DOWN`
    Down,
    /// `OUT_OF_SERVICE`
    OutOfService,
}

/// A part that can be suspended: everything of one name.
#[derive(Clone, Debug)]
pub struct ContextInfo {
    /// `taxi/reservations`
    pub name: &'static str,
    /// What it consists of: `aggregate`, `saga`, `port`, `lookup`, `view`.
    pub parts: Vec<&'static str>,
    /// Whether it is suspended.
    pub is_suspended: bool,
    /// Since when it is as it is, in milliseconds since the epoch, if it was ever otherwise.
    pub since_ms: Option<u64>,
    /// How much waits for it.
    pub figures: Vec<(&'static str, u64)>,
}

/// An aggregate that crashed too often, or a saga's conversation that crashed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct QuarantineEntry {
    /// `taxi/orders`, or the name of the saga, port or lookup.
    pub resource: &'static str,
    /// Which one.
    pub number: u64,
    /// What the last crash said.
    pub because: String,
    /// The command it crashed on, if it was a command.
    pub command: Option<String>,
    /// The position of the record it crashed on, if it was a conversation.
    pub position: Option<u64>,
    /// How often it crashed.
    pub crashes: u32,
    /// Since when, in milliseconds since the epoch.
    pub since_ms: u64,
}

/// Something that happened to a part of the house.
#[derive(Clone, Debug, PartialEq)]
pub struct DiaryEntry {
    /// Counted from 1.
    pub number: u64,
    /// When, in milliseconds since the epoch.
    pub time_ms: u64,
    /// What, in a word: `Quarantined`.
    pub what: String,
    /// The rest of it.
    pub details: serde_json::Value,
}
