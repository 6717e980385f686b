//! The kinds of gates, and what they say.

use std::{sync::Arc, time::Duration};

/// What a gate stands in front of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum GateKind {
    /// An outside service.
    Port,
    /// A step that one aggregate waits for another to take, while a client waits for both.
    Step,
    /// What clients say to all instances of one kind of aggregate.
    Admission,
}

/// What became of somebody who was let through.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// It was answered, with yes or with no.
    Succeeded,
    /// It was not answered, or not in time.
    Failed,
}

/// Somebody was turned away.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the gate {gate} {why}")]
pub struct Away {
    /// `taxi/payment`
    pub gate: Arc<str>,
    /// Why.
    pub why: Why,
    /// When to come back, spread so that those turned away together do not come back together.
    pub retry_after: Duration,
}

/// Why somebody was turned away.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Why {
    /// Calls failed or were slow, so that none is tried for a while.
    #[error("is open")]
    Open,
    /// As many as may wait wait already, or those who wait would wait too long.
    #[error("is full")]
    Full,
    /// More than the rate allows.
    #[error("lets no more through at this rate")]
    TooMany,
    /// The deadline passed while waiting.
    #[error("could not be passed in time")]
    TooLate,
}

/// Is told what happens to gates.
pub trait GateObserver: Send + Sync {
    /// A gate changed its state, for this reason.
    fn transitioned(&self, gate: &str, to: &str, reason: String);
    /// The driver of the gates died and was restarted after this time.
    fn driver_restarted(&self, after: Duration);
}

/// Observes nothing.
impl GateObserver for () {
    fn transitioned(&self, _: &str, _: &str, _: String) {}

    fn driver_restarted(&self, _: Duration) {}
}
