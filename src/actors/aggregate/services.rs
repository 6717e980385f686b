//! Services that all aggregate kinds share.

use super::{
    idempotency::InFlightKeys, injected_panics::InjectedPanics, list_limits::ListLimits,
    representations::Representations,
};
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
    traces::Tracer,
};
use std::{
    sync::{Arc, atomic::AtomicUsize},
    time::Instant,
};
use tokio_util::sync::CancellationToken;

/// The services shared by all aggregate kinds.
pub struct Services {
    /// The one journal.
    pub journal: Arc<dyn Journal>,
    /// The settings of the actors.
    pub settings: ActorSettings,
    /// The number of instances in memory in the whole process.
    pub active: AtomicUsize,
    /// The gates of ports, steps and aggregate kinds.
    pub gates: Arc<Gates>,
    /// The admission to the outside services.
    pub admissions: PortAdmissions,
    /// The operations log.
    pub operations_log: Arc<OperationsLog>,
    /// The quarantine of instances that crashed too often.
    pub quarantine: Arc<Quarantine>,
    /// The panics that are injected into instances.
    pub injected_panics: InjectedPanics,
    /// Whether faults may be injected.
    pub allows_faults: bool,
    /// Whether identity is configured, so that the owners of aggregates count.
    pub has_identity: bool,
    /// The idempotency keys of requests in flight.
    pub in_flight_keys: InFlightKeys,
    /// The cache of representations.
    pub representations: Representations,
    /// The limits of lists of instances.
    pub lists: ListLimits,
    /// The drain rate of the journal.
    pub drain: DrainRate,
    /// The end of the waits of clients for outcomes: the system is about to stop.
    pub waits_end: CancellationToken,
    /// The tracer; `None` when no traces are exported.
    pub tracer: Option<Arc<Tracer>>,
}

impl Services {
    /// The error when the journal accepts nothing: its backlog is full, or it recovers from a
    /// failure.
    pub fn journal_is_busy(&self) -> RequestError {
        let (submitted, durable) = (self.journal.submitted(), self.journal.durable());
        let waiting = submitted.saturating_sub(durable);
        let drained = self.drain.time_of(waiting, durable, Instant::now());
        RequestError::Busy { what: "the journal", retry_after_s: whole_seconds_spread(drained) }
    }
}
