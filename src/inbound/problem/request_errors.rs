//! The problems of failed requests.

use super::{
    BAD_QUERY, BUSY, FAILED, FORBIDDEN, Family, GATE_OPEN, INSIDE, INVALID, KEY_REUSED, MALFORMED,
    NO_SPACE, NOT_FOUND, NOT_YET, Problem, QUARANTINED, QUERY_TOO_SLOW, READ_ONLY, REFUSED,
    REJECTED, SUSPENDED, SYNTAX, TOO_MANY, UNAUTHENTICATED, UNAVAILABLE, UNPAID, VERSION_DIFFERS,
};
use crate::{
    actors::{RejectReason, RequestError, whole_seconds_spread},
    domain::kernel::{FailureKind, RejectionKind},
};
use std::time::Duration;

impl From<RequestError> for Problem {
    fn from(request_error: RequestError) -> Self {
        let family = family(&request_error);
        let mut problem = Self::new(family, request_error.to_string());
        problem.retry_after_s = match &request_error {
            RequestError::Busy { retry_after_s, .. } => Some((*retry_after_s).max(1)),
            RequestError::Rebuilding { retry_after_s, .. } => {
                Some(spread(u64::from(*retry_after_s)))
            }
            RequestError::TurnedAway { retry_after, .. }
            | RequestError::Unavailable { retry_after, .. }
            | RequestError::Crashed { retry_after, .. } => Some(whole_seconds(*retry_after)),
            // An operator has to free space or make the file system writable first.
            RequestError::NoSpace(_) | RequestError::ReadOnly(_) => Some(spread(5)),
            // After this time, long queries have finished or were ended.
            RequestError::QueryEnded(_) => Some(spread(2)),
            // The time until an operator releases the instance is unknown.
            RequestError::Quarantined { .. } => Some(spread(30)),
            RequestError::Suspended { .. } => Some(spread(10)),
            // All clients of a failed commit get this reply at once; the spread separates their
            // retries.
            RequestError::Failed(_) => Some(spread(1)),
            _ if family.status == 503 => Some(1),
            _ => None,
        };
        match request_error {
            RequestError::FailedLater { number, .. } => problem.number = Some(number),
            RequestError::Unavailable { gate, number, .. } => {
                (problem.gate, problem.number) = (Some(gate), Some(number));
            }
            RequestError::TurnedAway { gate, .. } => problem.gate = Some(gate),
            RequestError::Malformed { field, .. } => problem.field = field,
            _ => {}
        }
        problem
    }
}

fn spread(seconds: u64) -> u32 {
    whole_seconds_spread(Duration::from_secs(seconds))
}

/// A duration for `Retry-After`: whole seconds, rounded up, at least 1.
fn whole_seconds(duration: Duration) -> u32 {
    let seconds = duration.as_millis().div_ceil(1_000).max(1);
    u32::try_from(seconds).unwrap_or(u32::MAX)
}

fn family(request_error: &RequestError) -> &'static Family {
    match request_error {
        RequestError::Syntax(_) => SYNTAX,
        RequestError::Malformed { .. } => MALFORMED,
        RequestError::BadQuery(_) => BAD_QUERY,
        RequestError::Inside(_) => INSIDE,
        RequestError::Unauthenticated => UNAUTHENTICATED,
        RequestError::Forbidden(_) => FORBIDDEN,
        RequestError::NotFound { .. }
        | RequestError::Rejected { kind: RejectionKind::Unknown, .. } => NOT_FOUND,
        RequestError::Rejected { kind: RejectionKind::Conflict, .. } => REJECTED,
        RequestError::Rejected { kind: RejectionKind::Invalid, .. } => INVALID,
        RequestError::FailedLater { how: FailureKind::Unpaid, .. } => UNPAID,
        RequestError::FailedLater { how: FailureKind::Refused, .. } => REFUSED,
        RequestError::FailedLater { how: FailureKind::Unavailable, .. }
        | RequestError::Unavailable { .. } => UNAVAILABLE,
        RequestError::TurnedAway { why: RejectReason::Open, .. } => GATE_OPEN,
        RequestError::TurnedAway { why: RejectReason::TooMany, .. } => TOO_MANY,
        RequestError::KeyReused => KEY_REUSED,
        RequestError::VersionDiffers { .. } => VERSION_DIFFERS,
        RequestError::Busy { .. }
        | RequestError::TurnedAway { why: RejectReason::Full | RejectReason::TooLate, .. } => BUSY,
        RequestError::Quarantined { .. } => QUARANTINED,
        RequestError::Suspended { .. } => SUSPENDED,
        RequestError::NotYet(_) | RequestError::Rebuilding { .. } => NOT_YET,
        RequestError::QueryEnded(_) => QUERY_TOO_SLOW,
        RequestError::NoSpace(_) => NO_SPACE,
        RequestError::ReadOnly(_) => READ_ONLY,
        RequestError::Failed(_) | RequestError::Crashed { .. } => FAILED,
    }
}
