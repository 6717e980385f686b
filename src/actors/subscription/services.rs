//! What every subscriber is given: the same for sagas, effects and views.

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
    /// The journal that is subscribed to.
    pub journal: Arc<Journal>,
    /// How actors behave.
    pub settings: Arc<ActorSettings>,
    /// Instances and conversations that crashed too often.
    pub quarantine: Arc<Quarantine>,
    /// The log of operations.
    pub diary: Arc<OperationsLog>,
    /// All kinds of aggregate.
    pub rooms: Arc<Registry>,
    /// Everything that can be suspended.
    pub contexts: Arc<Contexts>,
}
