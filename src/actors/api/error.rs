//! The errors of requests, and of the start of a runtime.

use crate::{
    actors::{
        gate::{GateRejection, RejectReason},
        support::soon,
    },
    domain::kernel::{FailureKind, Malformed, Rejection, RejectionKind},
};
use std::{future::Future, pin::Pin, sync::Arc, time::Duration};

/// The reason why a runtime did not start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// The settings are invalid.
    #[error("{0}")]
    Settings(String),
    /// The data cannot be opened.
    #[error("{0}")]
    Store(String),
}

/// The reason why a request failed. Each variant maps to one problem in the sense of RFC 9457.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RequestError {
    /// 400: not JSON.
    #[error("the body is not valid json: {0}")]
    Syntax(String),
    /// 422: JSON without the needed content.
    #[error("{reason}")]
    Malformed {
        /// The field that is missing, unknown or invalid, if it is one.
        field: Option<String>,
        /// The reason, as a sentence.
        reason: String,
    },
    /// 400: an invalid query parameter.
    #[error("{0}")]
    BadQuery(String),
    /// 403: an internal command, which only sagas, ports and lookups may send.
    #[error("`{0}` is an internal command")]
    Inside(&'static str),
    /// 401: the request needs a token.
    #[error("this needs a token: send `Authorization: Bearer …`")]
    Unauthenticated,
    /// 403: the token permits something else; this is what is missing.
    #[error("only {0} may do this")]
    Forbidden(String),
    /// 404: there is no such aggregate or row.
    #[error("there is no {resource} {number}")]
    NotFound {
        /// `taxi/orders`
        resource: &'static str,
        /// The number of the resource.
        number: u64,
    },
    /// 404, 409 or 422: the business rejects the command.
    #[error("{reason}")]
    Rejected {
        /// The family of the answer.
        kind: RejectionKind,
        /// The reason, as a sentence.
        reason: String,
    },
    /// 402, 409 or 503: the aggregate was begun, and its process failed.
    #[error("{reason}")]
    FailedLater {
        /// The family of the answer.
        how: FailureKind,
        /// The reason, as a sentence.
        reason: String,
        /// Its number, under which it can still be read.
        number: u64,
    },
    /// 422: the same idempotency key with another request.
    #[error("this idempotency key was used for another request")]
    KeyReused,
    /// 412: another client changed the aggregate first.
    #[error("the version is {actual}, not {expected}")]
    VersionDiffers {
        /// The version in `If-Match`.
        expected: u32,
        /// The present version.
        actual: u32,
    },
    /// 503: the aggregate was begun, and its process failed because the external service behind a
    /// gate was busy or down.
    #[error("{reason}")]
    Unavailable {
        /// `taxi/payment`
        gate: Arc<str>,
        /// The reason, as a sentence.
        reason: String,
        /// Its number, under which it can still be read.
        number: u64,
        /// The time after which to retry.
        retry_after: Duration,
    },
    /// 429 or 503: a gate refused the request before anything was begun.
    #[error("the gate {gate} {why}")]
    TurnedAway {
        /// `taxi/payment`
        gate: Arc<str>,
        /// The reason.
        why: RejectReason,
        /// The time after which to retry.
        retry_after: Duration,
    },
    /// 503: a queue is full.
    #[error("{what} is busy")]
    Busy {
        /// The name of the queue.
        what: &'static str,
        /// The seconds after which to retry.
        retry_after_s: u32,
    },
    /// 503: this one instance is quarantined after repeated crashes.
    #[error("{resource} {number} is quarantined: {reason}")]
    Quarantined {
        /// `taxi/orders`
        resource: &'static str,
        /// The number of the resource.
        number: u64,
        /// The reason.
        reason: String,
    },
    /// 503: an operator has suspended this component.
    #[error("{component} is suspended")]
    Suspended {
        /// `taxi/reservations`
        component: &'static str,
    },
    /// 503: the result is still being built or has to catch up.
    #[error("{0}")]
    NotYet(String),
    /// 503: the rows of a view are being rebuilt.
    #[error("{view} is being rebuilt from the journal: {percent} %, {position} of {of} records")]
    Rebuilding {
        /// `taxi/mypages`
        view: &'static str,
        /// The progress in percent, below 100.
        percent: u64,
        /// The position that the rebuild has reached.
        position: u64,
        /// The last position of the journal.
        of: u64,
        /// The seconds after which to retry.
        retry_after_s: u32,
    },
    /// 503: a query took too long, or the limit of long queries was reached.
    #[error("{0}")]
    QueryEnded(String),
    /// 507: nothing more is written for lack of space; nothing was changed.
    #[error("{0}")]
    NoSpace(String),
    /// 503: nothing is written, because the file system can only be read; nothing was changed.
    #[error("{0}")]
    ReadOnly(String),
    /// 503: this one instance crashed on the command, and is being rebuilt.
    #[error("{resource} {number} {reason}")]
    Crashed {
        /// `taxi/orders`
        resource: &'static str,
        /// The number of the resource.
        number: u64,
        /// The panic message.
        reason: String,
        /// The time after which the instance is expected to be back.
        retry_after: Duration,
    },
    /// 503: the server failed, and it is unknown whether the command was stored. A retry with the
    /// same idempotency key gets the outcome.
    #[error("{0}")]
    Failed(String),
}

impl RequestError {
    /// Returns whether the server failed. A busy server or a rejected request is no failure.
    pub(in crate::actors) const fn is_failure(&self) -> bool {
        matches!(self, Self::Failed(_) | Self::Crashed { .. })
    }
}

impl From<GateRejection> for RequestError {
    fn from(GateRejection { gate, why, retry_after }: GateRejection) -> Self {
        Self::TurnedAway { gate, why, retry_after }
    }
}

/// Converts a decoding error into a request error.
pub fn misunderstood(error: Malformed) -> RequestError {
    match error {
        Malformed::Syntax(reason) => RequestError::Syntax(reason),
        Malformed::Content(reason) => RequestError::Malformed { field: None, reason },
        Malformed::Field { field, reason } => {
            RequestError::Malformed { field: Some(field), reason }
        }
    }
}

/// A future reply.
pub type Answer<T> = Pin<Box<dyn Future<Output = Result<T, RequestError>> + Send>>;

/// Converts a rejection by the business into a request error.
pub fn rejected(rejection: &impl Rejection) -> RequestError {
    RequestError::Rejected { kind: rejection.kind(), reason: rejection.to_string() }
}

/// Returns the error of a full queue whose drain rate is unknown.
pub fn busy(what: &'static str) -> RequestError {
    RequestError::Busy { what, retry_after_s: soon() }
}
