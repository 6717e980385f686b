//! Section `[grpc]`.

use crate::{
    actors::{COUNT_MAX, InvalidSetting, within},
    described,
};
use serde::{Deserialize, Serialize};
use std::net::SocketAddr;

/// The upper bound of `message_bytes_max`: each message is held in memory as a whole.
const MESSAGE_BYTES_MAX: u64 = 64 << 20;

described! {
    /// The settings of the gRPC adapter.
    #[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
    #[serde(default, deny_unknown_fields)]
    pub struct GrpcSettings {
        /// The address of the gRPC service; without it, the service is off.
        pub listen: Option<SocketAddr>,
        /// The size of the largest message that is read, in bytes, at most 64 MiB.
        pub message_bytes_max: usize,
        /// The most connections; further ones are closed at once.
        pub connections_max: usize,
        /// The most calls at once on one connection.
        pub calls_max: u32,
    }
}

impl Default for GrpcSettings {
    fn default() -> Self {
        Self { listen: None, message_bytes_max: 64 * 1024, connections_max: 1_024, calls_max: 128 }
    }
}

impl GrpcSettings {
    /// Checks the settings.
    ///
    /// # Errors
    /// When a setting is invalid; the error names the first one.
    pub fn check(&self) -> Result<(), InvalidSetting> {
        within([
            ("message_bytes_max", self.message_bytes_max as u64, 1..=MESSAGE_BYTES_MAX),
            ("connections_max", self.connections_max as u64, 1..=COUNT_MAX),
            ("calls_max", self.calls_max.into(), 1..=COUNT_MAX),
        ])
    }
}
