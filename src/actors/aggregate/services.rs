//! What all kinds of aggregate share.

use super::{idempotency::InFlightKeys, injected_panics::InjectedPanics};
use crate::{
    actors::{
        api::RequestError,
        gate::Gates,
        operations::{OperationsLog, Quarantine},
        port::PortAdmissions,
        settings::ActorSettings,
        support::{DrainRate, whole_seconds_spread},
    },
    store::journal::Journal,
};
use std::{
    sync::{Arc, atomic::AtomicUsize},
    time::Instant,
};

/// What all kinds share.
pub struct Services {
    /// The one journal.
    pub journal: Arc<Journal>,
    /// How actors behave.
    pub settings: ActorSettings,
    /// Aggregates alive in the whole process.
    pub living: AtomicUsize,
    /// What guards whatever can be slow, broken or too busy.
    pub gates: Arc<Gates>,
    /// The ways to the outside services.
    pub passages: PortAdmissions,
    /// What happens to the parts of the runtime.
    pub diary: Arc<OperationsLog>,
    /// Instances that crashed too often.
    pub quarantine: Arc<Quarantine>,
    /// Instances that are made to panic on purpose.
    pub strikes: InjectedPanics,
    /// Whether anything may be broken on purpose.
    pub allows_faults: bool,
    /// Requests with an idempotency key that are under way.
    pub flights: InFlightKeys,
    /// How fast the journal drains.
    pub drain: DrainRate,
}

impl Services {
    /// The journal took nothing, because as much waits for the disk as may, or because it heals.
    pub fn journal_is_busy(&self) -> RequestError {
        let (submitted, durable) = (self.journal.submitted(), self.journal.durable());
        let waiting = submitted.saturating_sub(durable);
        let drained = self.drain.time_of(waiting, durable, Instant::now());
        RequestError::Busy { what: "the journal", retry_after_s: whole_seconds_spread(drained) }
    }
}
