//! The parts of a running runtime.

use super::{measured::Measured, metrics::SagaCensus, traces::Traces};
use crate::{
    actors::{
        aggregate::{Endpoint, Services},
        api::{Example, ResourceInfo, ViewInfo},
        conversation::Conversations,
        erasure::Persons,
        operations::{Components, GateSettingsLog},
        persistent_subscription::Subscriptions,
        settings::Settings,
        subscription::Progress,
        supervision::Supervisor,
        view::{SharedReads, ViewReader},
    },
    store::{KindId, journal::Journal},
};
use std::{collections::HashMap, path::PathBuf, sync::Arc};

/// A function that reads the section of a business again.
pub type ReadSection = Box<dyn Fn(&Settings) -> Result<ApplySection, String> + Send + Sync>;

/// A function that applies a section that was read.
pub type ApplySection = Box<dyn FnOnce()>;

/// The parts of a running runtime.
pub struct RuntimeParts {
    pub journal: Arc<dyn Journal>,
    /// The persons in the store.
    pub persons: Persons,
    pub shared: Arc<Services>,
    pub endpoints: Vec<Arc<dyn Endpoint>>,
    /// The indexes of the endpoints, by kind.
    pub endpoint_of: HashMap<KindId, usize>,
    pub resources: Vec<ResourceInfo>,
    pub rows: Vec<Arc<ViewReader>>,
    /// The reads of views under rebuild.
    pub reads: Arc<SharedReads>,
    pub views: Vec<ViewInfo>,
    pub conversations: Arc<Conversations>,
    pub examples: Vec<Example>,
    /// The staff roles of each business.
    pub staff: HashMap<&'static str, &'static [&'static str]>,
    pub sections: Vec<ReadSection>,
    pub subscribers: Vec<Arc<Progress>>,
    pub components: Arc<Components>,
    /// The writer of persisted settings of gates.
    pub gate_settings: Arc<GateSettingsLog>,
    /// The subscriptions of other programs.
    pub subscriptions: Arc<Subscriptions>,
    /// The supervisor of all children and event loops.
    pub supervisor: Arc<Supervisor>,
    /// The data folder.
    pub data: PathBuf,
    /// The counts and durations of commands and view queries.
    pub measured: Measured,
    /// The open sagas.
    pub saga_census: SagaCensus,
    /// The export of traces; `None` when no traces are exported.
    pub traces: Option<Traces>,
}

impl RuntimeParts {
    /// The endpoint of the aggregates of this kind.
    pub fn endpoint_of(&self, kind: KindId) -> Option<&dyn Endpoint> {
        self.endpoint_of.get(&kind).map(|index| &*self.endpoints[*index])
    }

    /// The staff roles of a business; none when the business is unknown.
    pub fn staff_of(&self, business: &str) -> &'static [&'static str] {
        self.staff.get(business).copied().unwrap_or_default()
    }
}
