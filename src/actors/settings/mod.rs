//! The settings of the runtime: of actors, ports, gates and each business. They are checked before
//! anything is opened.

mod actors;
pub mod business;
mod ports;

pub use actors::ActorSettings;
pub use ports::{Fallback, PortSettings, PortsSettings, TransportKind};

use crate::{actors::gate::GatesSettings, store::journal::JournalOptions};
use serde_json::Value;
use std::{collections::BTreeMap, path::PathBuf};

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
    /// The configuration sections of the businesses.
    pub businesses: BTreeMap<String, Value>,
    /// The names of the businesses to install; all when empty.
    pub only: Vec<String>,
    /// The longest time a request waits for a pending outcome, in milliseconds, if there are
    /// requests.
    pub patience_ms: Option<u64>,
}
