//! The settings that differ between two configurations, and whether each takes effect while the
//! server is running.

use super::{
    Config,
    keys::{BusinessSections, Key, Keys},
    shown::tables,
};
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};

/// The settings that differ, by their full names.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Changes {
    /// Those that take effect now.
    pub live: Vec<String>,
    /// Those that take effect at the next start.
    pub after_restart: Vec<String>,
}

/// The changes from the configuration `old` to `new`.
///
/// # Errors
/// When the section of a business is invalid; the sentence names the key.
pub fn changes(
    old: &Config,
    new: &Config,
    businesses: &BusinessSections,
) -> Result<Changes, String> {
    let mut changes = Changes::default();
    let has_rate = [old, new].map(|config| config.http.client_rate_per_s > 0);
    // The rate of clients cannot be turned on or off.
    let is_fixed = |name: &str| name.starts_with("http.client_") && has_rate != [true, true];
    let mut differs = |name: &str, key: &Key| {
        let full = if name.is_empty() { key.name.clone() } else { format!("{name}.{}", key.name) };
        if key.is_live && !is_fixed(&full) {
            changes.live.push(full);
        } else {
            changes.after_restart.push(full);
        }
    };
    for section in Keys::with(businesses).sections() {
        let [before, after] = [old, new].map(|config| tables(config, section.name, businesses));
        let (before, after) = (before?, after?);
        let names: BTreeSet<_> = before.keys().chain(after.keys()).collect();
        for name in names {
            let value = |tables: &BTreeMap<String, Value>, key: &str| {
                tables.get(name).and_then(|table| table.get(key)).cloned().unwrap_or_default()
            };
            let different = section
                .keys
                .iter()
                .filter(|key| value(&before, &key.name) != value(&after, &key.name));
            different.for_each(|key| differs(name, key));
        }
    }
    Ok(changes)
}
