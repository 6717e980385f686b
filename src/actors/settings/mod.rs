//! The settings of the runtime: of actors, ports, gates and each business. They are checked before
//! anything is opened.

mod actors;
pub mod business;
mod headers;
mod live;
mod ports;

pub use actors::ActorSettings;
pub use headers::{Header, HeaderSetting, HeadersSettings};
pub use live::Live;
pub use ports::{Fallback, PortSettings, PortsSettings, RETRY_SHARE_MAX, TransportKind};

use crate::{
    actors::{api::StartError, gate::GatesSettings, support::data_folder},
    store::journal::{JournalOptions, SledJournal},
    traces::TracesSettings,
};
use serde_json::Value;
use std::{collections::BTreeMap, path::PathBuf, sync::Arc};

/// The settings of a runtime.
#[derive(Clone, Debug, Default)]
pub struct Settings {
    /// The data folder.
    pub data: PathBuf,
    /// The options of the journal.
    pub journal: JournalOptions,
    /// The settings of actors.
    pub actors: ActorSettings,
    /// The settings of ports.
    pub ports: PortsSettings,
    /// The settings of gates.
    pub gates: GatesSettings,
    /// Whether faults may be injected.
    pub allow_faults: bool,
    /// Whether identity is configured, so that the owners of aggregates count.
    pub has_identity: bool,
    /// The configuration sections of the businesses.
    pub businesses: BTreeMap<String, Value>,
    /// The names of the businesses to install; all when empty.
    pub only: Vec<String>,
    /// The longest time a request waits for a pending outcome, in milliseconds, if there are
    /// requests.
    pub wait_max_ms: Option<u64>,
    /// Whether commands and queries are not measured.
    pub without_metrics: bool,
    /// The export of traces.
    pub traces: TracesSettings,
}

impl Settings {
    /// Whether the business of this name is to be installed.
    pub(in crate::actors) fn includes(&self, business: &str) -> bool {
        self.only.is_empty() || self.only.iter().any(|name| name == business)
    }

    /// Opens the journal in the data folder, and creates both if need be.
    ///
    /// # Errors
    /// When it cannot be opened.
    pub(in crate::actors) fn open_journal(&self) -> Result<Arc<SledJournal>, StartError> {
        let views = Some(self.data.join("views"));
        let options = JournalOptions { views, ..self.journal.clone() };
        let open = || SledJournal::open(&self.data.join("journal"), options);
        data_folder::opened(&self.data, open).map_err(StartError::Store)
    }
}
