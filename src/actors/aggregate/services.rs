//! Services that all aggregate kinds share.

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

/// The services shared by all aggregate kinds.
pub struct Services {
    /// The one journal.
    pub journal: Arc<Journal>,
    /// The settings of the actors.
    pub settings: ActorSettings,
    /// The number of instances in memory in the whole process.
    pub living: AtomicUsize,
    /// The gates in front of everything that can be slow, broken or too busy.
    pub gates: Arc<Gates>,
    /// The admission to the outside services.
    pub passages: PortAdmissions,
    /// The operations log.
    pub diary: Arc<OperationsLog>,
    /// Instances that crashed too often.
    pub quarantine: Arc<Quarantine>,
    /// Instances that are made to panic on purpose.
    pub strikes: InjectedPanics,
    /// Whether faults may be injected.
    pub allows_faults: bool,
    /// Requests with an idempotency key that are under way.
    pub flights: InFlightKeys,
    /// How fast the journal drains.
    pub drain: DrainRate,
}

impl Services {
    /// The error when the journal takes nothing, because its backlog is full, or because it heals.
    pub fn journal_is_busy(&self) -> RequestError {
        let (submitted, durable) = (self.journal.submitted(), self.journal.durable());
        let waiting = submitted.saturating_sub(durable);
        let drained = self.drain.time_of(waiting, durable, Instant::now());
        RequestError::Busy { what: "the journal", retry_after_s: whole_seconds_spread(drained) }
    }
}
