//! How a gate is set.

use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// Sections `[gates."name"]`.
pub type GatesSettings = BTreeMap<String, GateSettings>;

/// Section `[gates."name"]`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct GateSettings {}
