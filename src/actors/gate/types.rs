//! The kinds of gates, their refusals, and the observer of their transitions.

use std::{sync::Arc, time::Duration};

/// The kind of a gate: the resource that it protects.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum GateKind {
    /// A port to an external service.
    Port,
    /// A step of one aggregate that another aggregate and its client wait for.
    Step,
    /// The commands that clients submit to all instances of one aggregate kind.
    Admission,
}

/// The outcome of a call that was granted a permit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CallOutcome {
    /// The call was answered, positively or negatively.
    Succeeded,
    /// The call was not answered, or not in time.
    Failed,
}

/// The refusal of a caller by a gate.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the gate {gate} {why}")]
pub struct GateRejection {
    /// `taxi/payment`
    pub gate: Arc<str>,
    /// The reason.
    pub why: RejectReason,
    /// When to retry, with a random spread. So callers refused together do not retry together.
    pub retry_after: Duration,
}

/// The reason for a refusal.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RejectReason {
    /// Calls failed or were slow, so the breaker admits no call for a while.
    #[error("is open")]
    Open,
    /// The wait queue is full, or the wait would be too long.
    #[error("is full")]
    Full,
    /// The rate of calls exceeds its limit.
    #[error("is at its rate limit")]
    TooMany,
    /// The deadline passed while the caller waited.
    #[error("granted no permit in time")]
    TooLate,
}

/// An observer of gate transitions.
pub trait GateObserver: Send + Sync {
    /// A gate changed its state for this reason.
    fn transitioned(&self, gate: &str, to: &str, reason: String);
}

/// An observer that ignores all notifications.
impl GateObserver for () {
    fn transitioned(&self, _: &str, _: &str, _: String) {}
}
