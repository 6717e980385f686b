//! The settings of gates that operators have persisted: they take precedence over the configured
//! ones at every start.

use super::settings::GateSettings;
use serde_json::{Map, Value};
use std::collections::BTreeMap;

/// The persisted settings of all gates, by name.
pub type PersistedGates = BTreeMap<String, PersistedSettings>;

/// The persisted settings of one gate.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct PersistedSettings {
    /// The keys with their values. A null stands for the default, whatever is configured.
    pub keys: Map<String, Value>,
    /// The subject of the operator who set them last; `None` while no identity was configured.
    pub by: Option<String>,
    /// The time of that, in milliseconds since the Unix epoch.
    pub at_ms: u64,
    /// The reason why they are not in force: they do not fit what is configured.
    pub problem: Option<String>,
}

impl PersistedSettings {
    /// The keys after these changes. A gate has one window, so the key set last replaces the other
    /// one.
    pub(super) fn keys_after(&self, changes: &Map<String, Value>) -> Map<String, Value> {
        let mut keys = self.keys.clone();
        if let Some(other) = GateSettings::replaced_window(changes) {
            keys.remove(other);
        }
        keys.extend(changes.clone());
        keys
    }

    /// Checks that this binary knows all keys, and that each has a value of its type.
    ///
    /// # Errors
    /// A sentence that names the key.
    pub fn check(&self) -> Result<(), String> {
        GateSettings::default().changed(&self.keys).map(drop)
    }
}
