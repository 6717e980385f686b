//! The kinds of gates, their refusals, and the observer of their transitions.

use std::{sync::Arc, time::Duration};

/// The kind of a gate: the resource that it protects.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum GateKind {
    /// A port to an external service.
    Port,
    /// A step that one aggregate waits for another to take, while a client waits for both.
    Step,
    /// The commands that clients submit to all instances of one aggregate kind.
    Admission,
}

/// The outcome of a call that was granted a permit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// The call was answered, positively or negatively.
    Succeeded,
    /// The call was not answered, or not in time.
    Failed,
}

/// A gate refused a caller.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the gate {gate} {why}")]
pub struct Away {
    /// `taxi/payment`
    pub gate: Arc<str>,
    /// The reason.
    pub why: Why,
    /// When to retry, with a random spread so that callers refused together do not retry together.
    pub retry_after: Duration,
}

/// The reason for a refusal.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Why {
    /// Calls failed or were slow, so the breaker lets none through for a while.
    #[error("is open")]
    Open,
    /// The wait queue is full, or the wait would be too long.
    #[error("is full")]
    Full,
    /// The rate of calls exceeds its limit.
    #[error("lets no more through at this rate")]
    TooMany,
    /// The deadline passed while the caller waited.
    #[error("could not be passed in time")]
    TooLate,
}

/// An observer of gate transitions and of restarts of the gate driver.
pub trait GateObserver: Send + Sync {
    /// A gate changed its state for this reason.
    fn transitioned(&self, gate: &str, to: &str, reason: String);
    /// The driver of the gates died and was restarted after this time.
    fn driver_restarted(&self, after: Duration);
}

/// Observes nothing.
impl GateObserver for () {
    fn transitioned(&self, _: &str, _: &str, _: String) {}

    fn driver_restarted(&self, _: Duration) {}
}
