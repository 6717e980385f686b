//! The services that every subscriber gets: sagas, ports, lookups and projectors.

use crate::{
    actors::{
        dispatch::Registry,
        operations::{Contexts, OperationsLog, Quarantine},
        settings::ActorSettings,
    },
    store::journal::Journal,
};
use std::sync::Arc;

/// The services of the runtime that subscribers use. Cheap to clone.
#[derive(Clone)]
pub struct SubscriberServices {
    /// The subscribed journal.
    pub journal: Arc<Journal>,
    /// The settings of actors.
    pub settings: Arc<ActorSettings>,
    /// The quarantine of crashed instances.
    pub quarantine: Arc<Quarantine>,
    /// The operations log.
    pub diary: Arc<OperationsLog>,
    /// The registry of aggregate kinds.
    pub rooms: Arc<Registry>,
    /// The components, each of which can be suspended.
    pub contexts: Arc<Contexts>,
}
