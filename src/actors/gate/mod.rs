//! Gates: the mailbox-based rate limiters and circuit breakers in front of whatever can be slow,
//! broken or too busy. Whoever wants through asks for a permit, and reports what became of it.
//!
//! ```text
//! gates ── gatekeeper (the actor that lets time pass) ── bell (what wakes it)
//!   └─ passing: one gate behind a short lock ── permit
//!        └─ machine, pure ─┬─ breaker ── window, bucket (trials drip)
//!                          ├─ bucket (rate), limit (under way)
//!                          └─ queue (who waits), returning (when to come back)
//! ```

mod bell;
mod breaker;
mod bucket;
mod gates;
mod info;
mod keeper;
mod limit;
mod machine;
mod passing;
mod permit;
#[cfg(test)]
mod properties;
mod queue;
mod returning;
mod rules;
mod settings;
#[cfg(test)]
mod tests;
mod told;
mod window;

pub use gates::Gates;
pub(super) use gates::wrong_gates;
pub use info::GateInfo;
pub use passing::Gate;
pub use permit::Permit;
pub use settings::{GateSettings, GatesSettings};

use std::{sync::Arc, time::Duration};

/// What a gate stands in front of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Guards {
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
