//! Records of the journal, the streams they belong to, and their causes.

use super::Principals;
use crate::{
    domain::kernel::{FailureKind, Meta, RejectionKind, Timestamp},
    traces::TraceContext,
};
use serde::{Deserialize, Serialize};
use std::{any::Any, fmt, sync::Arc};

/// The identity of a store, which no other store has.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct StoreId(pub u64);

impl fmt::Display for StoreId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:016x}", self.0)
    }
}

/// The number of a kind of aggregate, saga, port, lookup or view; it never changes within a store.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, Default,
)]
pub struct KindId(pub u16);

/// The address of one instance of a kind: an aggregate, or a saga's conversation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Stream {
    /// The kind of the instance.
    pub kind: KindId,
    /// The number of the instance, from 1.
    pub number: u64,
}

impl fmt::Display for Stream {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "stream {} of kind {}", self.number, self.kind.0)
    }
}

/// One entry of the journal, with its place in the one total order.
#[derive(Clone, Debug)]
pub struct Record {
    /// The position in the journal, from 1, gapless.
    pub position: u64,
    /// The stream it belongs to.
    pub stream: Stream,
    /// The version in that stream, from 1, gapless.
    pub version: u32,
    /// The time of the decision.
    pub time: Timestamp,
    /// The number of the conversation it belongs to.
    pub correlation: u64,
    /// The cause of the record.
    pub cause: Cause,
    /// The people behind the record; `None` while no identity is configured.
    pub principals: Option<Arc<Principals>>,
    /// The trace of the request that led to it. It is stored if the client named it.
    pub trace: Option<Arc<TraceContext>>,
    /// The content of the record.
    pub payload: Payload,
    /// The event itself, for subscribers in this process; `None` when it was read from disk.
    pub typed: Option<Arc<dyn Any + Send + Sync>>,
}

impl Record {
    /// Returns the subject of the customer to whom the aggregate belongs.
    #[must_use]
    pub fn owner(&self) -> Option<&str> {
        self.principals.as_deref()?.owner.as_deref()
    }

    /// Returns the circumstances of the record for domain code.
    #[must_use]
    pub const fn meta(&self) -> Meta {
        Meta {
            position: self.position,
            version: self.version,
            time: self.time,
            correlation: self.correlation,
        }
    }
}

/// The cause of a record.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Cause {
    /// A request from outside; the hash of its idempotency key, when it had one.
    Request(Option<u128>),
    /// A command dispatched by a saga, a port or a lookup.
    Dispatch(Origin),
    /// A timer of a saga that fired.
    Timer,
}

/// The origin of a dispatched command: its idempotency key inside the process.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Origin {
    /// The kind of the saga, port or lookup that dispatched the command.
    pub by: KindId,
    /// The conversation it was dispatched in.
    pub conversation: u64,
    /// The position of the record that it reacted to.
    pub position: u64,
    /// Index among the commands dispatched in that reaction, from 0.
    pub nth: u16,
}

/// The content of a record. Stored; variants are only ever added, at the end.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Payload {
    /// An event of an aggregate, encoded.
    Event(#[serde(with = "crate::store::codec::bytes")] Vec<u8>),
    /// A dispatched command that was rejected.
    Refused {
        /// The bare name of the command.
        command: String,
        /// The rejection as a sentence.
        reason: String,
        /// The rejection, encoded.
        #[serde(with = "crate::store::codec::bytes")]
        rejection: Vec<u8>,
    },
    /// A dispatched command that was accepted and changed nothing.
    Unchanged {
        /// The bare name of the command.
        command: String,
    },
    /// A timer of a saga fired.
    TimerFired,
}

/// The stored answer to a request with an idempotency key, so that a retry gets the same answer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct StoredAnswer {
    /// A hash of the whole request, to tell a retry from another request under the same key.
    pub fingerprint: u128,
    /// The stream the request was sent to.
    pub stream: Stream,
    /// The outcome of the request.
    pub outcome: StoredOutcome,
}

/// The outcome of a request with an idempotency key. Stored; variants are only ever added, at the
/// end.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum StoredOutcome {
    /// The command was accepted.
    Accepted {
        /// The version of the stream right after the command.
        version: u32,
    },
    /// The command was rejected.
    Rejected {
        /// The family of rejection.
        kind: RejectionKind,
        /// The rejection as a sentence.
        reason: String,
    },
    /// The command was accepted, and this is the whole answer.
    Replied(StoredReply),
    /// The request was begun and failed.
    FailedLater {
        /// The family of the answer.
        how: FailureKind,
        /// The reason as a sentence.
        reason: String,
        /// The number it had.
        number: u64,
    },
    /// The request was begun and failed, because an outside service was busy or down.
    Unavailable {
        /// The gate in front of the service.
        gate: String,
        /// The reason as a sentence.
        reason: String,
        /// The number it had.
        number: u64,
        /// When the client was asked to come back, in milliseconds.
        retry_after_ms: u64,
    },
}

impl StoredOutcome {
    /// Whether this is the whole answer; otherwise it records only that the command was accepted.
    #[must_use]
    pub const fn is_answer(&self) -> bool {
        !matches!(self, Self::Accepted { .. })
    }
}

/// The answer to an accepted command: everything that its HTTP response is rendered from.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct StoredReply {
    /// How the request succeeded.
    pub success: StoredSuccess,
    /// The number of the aggregate.
    pub number: u64,
    /// Its version.
    pub version: u32,
    /// The position in the answer. The journal fills it in when it accepts the answer.
    pub position: u64,
    /// The representation: a JSON object, encoded, without links.
    #[serde(with = "crate::store::codec::bytes")]
    pub body: Vec<u8>,
    /// The named commands that were available.
    pub available_commands: Vec<String>,
}

/// How a request succeeded. Stored; variants are only ever added, at the end.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum StoredSuccess {
    /// A new aggregate exists.
    Created,
    /// The command was carried out.
    Done,
    /// The command was accepted, and its outcome was not known when the client was answered.
    Pending,
}
