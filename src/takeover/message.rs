//! The messages of the conversation.

use serde::{Deserialize, Serialize};
use std::net::SocketAddr;

/// What a new process says of itself.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Introduction {
    /// Its version.
    pub version: String,
    /// The format of stores that it writes.
    pub format: u32,
}

/// The addresses that a server listens on.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub struct Addresses {
    /// HTTP.
    pub http: SocketAddr,
    /// gRPC, when it is served.
    pub grpc: Option<SocketAddr>,
}

/// From the new process to the old one.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub enum ToOld {
    /// Asks for a page of the journal: the query of a part of a backup.
    Page(String),
    /// Asks to take over.
    TakeOver(Introduction),
    /// Asks for the store.
    Freeze,
    /// Says that the start goes on.
    Alive,
    /// Says that it serves.
    Serving,
    /// Says why it does not serve.
    Failed(String),
    /// Says that it ends as it was asked to.
    Ended,
}

/// From the old process to the new one.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub enum ToNew {
    /// The bytes of the page follow.
    Page,
    /// Agrees to a take-over.
    Welcome {
        /// Where it listens.
        addresses: Addresses,
        /// Within which time systemd expects a sign of life, in milliseconds.
        watched_within_ms: Option<u64>,
    },
    /// Refuses, for this reason.
    Refused(String),
    /// The store is free. The listeners follow: HTTP, and gRPC when it is served.
    Yours {
        /// Their number.
        listeners: usize,
    },
}
