//! The services of the runtime that sagas, ports, lookups and projectors get.

use crate::{
    actors::{
        dispatch::Registry,
        operations::{Components, OperationsLog, Quarantine},
        settings::ActorSettings,
    },
    store::journal::Journal,
    traces::Tracer,
};
use std::sync::Arc;

/// The services of the runtime that subscribers use. Cheap to clone.
#[derive(Clone)]
pub struct SubscriberServices {
    /// The subscribed journal.
    pub journal: Arc<dyn Journal>,
    /// The settings of actors.
    pub settings: Arc<ActorSettings>,
    /// The quarantine of crashed instances.
    pub quarantine: Arc<Quarantine>,
    /// The operations log.
    pub operations_log: Arc<OperationsLog>,
    /// The registry of aggregate kinds.
    pub registry: Arc<Registry>,
    /// The components, each of which can be suspended.
    pub components: Arc<Components>,
    /// The tracer; `None` when no traces are exported.
    pub tracer: Option<Arc<Tracer>>,
}
