//! Section `[metrics]`.

use crate::described;
use serde::{Deserialize, Serialize};
use std::net::SocketAddr;

described! {
    /// The settings of the figures for Prometheus.
    #[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
    #[serde(default, deny_unknown_fields)]
    pub struct MetricsSettings {
        /// Whether commands and queries are measured, and `GET /metrics` serves the figures. With
        /// `[identity]`, it needs the role `admin`.
        pub enabled: bool,
        /// A further address, for `/metrics` and the probes alone. It asks for no token and speaks no
        /// TLS: let only the monitoring reach it.
        pub listen: Option<SocketAddr>,
    }
}

impl Default for MetricsSettings {
    fn default() -> Self {
        Self { enabled: true, listen: None }
    }
}
