//! Why something was not done, or did not start.

use crate::{
    actors::{
        gate::{Away, Why},
        support::soon,
    },
    domain::kernel::{Fall, Malformed, Rejection, RejectionKind},
};
use std::{future::Future, pin::Pin, sync::Arc, time::Duration};

/// Why it did not start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// The settings make no sense.
    #[error("{0}")]
    Settings(String),
    /// The data cannot be opened.
    #[error("{0}")]
    Store(String),
}

/// Why there is no reply. Every one of them becomes one problem in the sense of RFC 9457.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RequestError {
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

impl RequestError {
    /// Whether the machine broke, instead of being busy or saying no.
    pub(in crate::actors) const fn is_failure(&self) -> bool {
        matches!(self, Self::Failed(_) | Self::Crashed { .. })
    }
}

impl From<Away> for RequestError {
    fn from(Away { gate, why, retry_after }: Away) -> Self {
        Self::TurnedAway { gate, why, retry_after }
    }
}

/// What a client said could not be read.
pub fn misunderstood(error: Malformed) -> RequestError {
    match error {
        Malformed::Syntax(because) => RequestError::Syntax(because),
        Malformed::Content(because) => RequestError::Malformed(because),
    }
}

/// An answer under way.
pub type Answer<T> = Pin<Box<dyn Future<Output = Result<T, RequestError>> + Send>>;

/// A rejection as a client is told it.
pub fn rejected(rejection: &impl Rejection) -> RequestError {
    RequestError::Rejected { kind: rejection.kind(), because: rejection.to_string() }
}

/// A queue is full, of which nobody knows how fast it drains.
pub fn busy(what: &'static str) -> RequestError {
    RequestError::Busy { what, retry_after_s: soon() }
}
