//! The settings of the runtime: of actors, of ports, of the gates and of each business. They are
//! checked before anything is opened.

mod actors;
pub mod business;
mod ports;

pub use actors::ActorSettings;
pub use ports::{Fallback, PortSettings, PortsSettings, TransportKind};

use crate::{actors::gate::GatesSettings, store::journal::JournalOptions};
use serde_json::Value;
use std::{collections::BTreeMap, path::PathBuf};

/// Everything needed to start.
#[derive(Clone, Debug, Default)]
pub struct Settings {
    /// The folder that holds everything remembered.
    pub data: PathBuf,
    /// How the journal is kept.
    pub journal: JournalOptions,
    /// How actors behave.
    pub actors: ActorSettings,
    /// How outside services are reached.
    pub ports: PortsSettings,
    /// How the gates are set.
    pub gates: GatesSettings,
    /// Whether something may be broken on purpose.
    pub allow_faults: bool,
    /// The sections of the businesses.
    pub businesses: BTreeMap<String, Value>,
    /// Only these businesses; all when empty.
    pub only: Vec<String>,
    /// The longest a request waits for what is pending, in milliseconds, if there are requests.
    pub patience_ms: Option<u64>,
}
