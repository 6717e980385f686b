//! What the journal remembers: records, the streams they belong to, and what caused them.

use crate::domain::kernel::{Fall, Meta, RejectionKind, Timestamp};
use serde::{Deserialize, Serialize};
use std::{any::Any, fmt, sync::Arc};

/// What tells a store from all others ever made.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct StoreId(pub u64);

impl fmt::Display for StoreId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:016x}", self.0)
    }
}

/// A kind of aggregate, saga, port, lookup or view, numbered once and for all in this store.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, Default,
)]
pub struct KindId(pub u16);

/// One instance of a kind: an aggregate, or a saga's conversation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Stream {
    /// What it is.
    pub kind: KindId,
    /// Which one, from 1.
    pub number: u64,
}

/// Something that happened, in its place in the one total order.
#[derive(Clone, Debug)]
pub struct Record {
    /// Its place in the journal, from 1, gapless.
    pub position: u64,
    /// Whose history it belongs to.
    pub stream: Stream,
    /// Its place in that history, from 1, gapless.
    pub version: u32,
    /// When it was decided.
    pub time: Timestamp,
    /// The number of the conversation it belongs to.
    pub correlation: u64,
    /// What led to it.
    pub cause: Cause,
    /// What it says.
    pub payload: Payload,
    /// The event itself, for listeners in this process; `None` when read back from disk.
    pub typed: Option<Arc<dyn Any + Send + Sync>>,
}

impl Record {
    /// The circumstances, as the domain is told them.
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

/// What led to a record.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Cause {
    /// A request from outside; the hash of its idempotency key, when it had one.
    Request(Option<u128>),
    /// A command dispatched by a saga, a port or a lookup.
    Dispatch(Origin),
    /// A saga's alarm that went off.
    Alarm,
}

/// Which dispatch: the idempotency key of everything said inside.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Origin {
    /// The saga, port or lookup that said it.
    pub by: KindId,
    /// The conversation it was said in.
    pub conversation: u64,
    /// The position of the record that it reacted to.
    pub position: u64,
    /// Which of the commands said in reaction, from 0.
    pub nth: u16,
}

/// What a record says. Stored; variants are only ever added, at the end.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Payload {
    /// An event of an aggregate, encoded.
    Event(#[serde(with = "crate::store::codec::bytes")] Vec<u8>),
    /// A dispatched command that was rejected.
    Refused {
        /// The bare name of the command.
        command: String,
        /// The rejection as a sentence.
        because: String,
        /// The rejection, encoded.
        #[serde(with = "crate::store::codec::bytes")]
        rejection: Vec<u8>,
    },
    /// A dispatched command that was accepted and changed nothing.
    Unchanged {
        /// The bare name of the command.
        command: String,
    },
    /// A saga's alarm went off.
    Woken,
}

/// What a request with an idempotency key was answered, so that it can be answered again.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct StoredAnswer {
    /// A hash of everything that was said, to tell a retry from another request under the same key.
    pub fingerprint: u128,
    /// The stream it went to.
    pub stream: Stream,
    /// What came of it.
    pub outcome: StoredOutcome,
}

/// What came of a request with an idempotency key. Stored; variants are only ever added, at the end.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum StoredOutcome {
    /// It was accepted; the version of the stream after it.
    Accepted {
        /// The version of the stream right after the command.
        version: u32,
    },
    /// It was rejected.
    Rejected {
        /// The family of rejection.
        kind: RejectionKind,
        /// The rejection as a sentence.
        because: String,
    },
    /// It was accepted, and this is the whole answer.
    Replied(StoredReply),
    /// It was begun and did not come about.
    Fell {
        /// The family of the answer.
        how: Fall,
        /// The reason as a sentence.
        because: String,
        /// The number it had.
        number: u64,
    },
    /// It was begun and did not come about, because an outside service was busy or down.
    Unavailable {
        /// The gate in front of the service.
        gate: String,
        /// The reason as a sentence.
        because: String,
        /// The number it had.
        number: u64,
        /// When the client was asked to come back, in milliseconds.
        retry_after_ms: u64,
    },
}

impl StoredOutcome {
    /// Whether this is the whole answer; otherwise it only says that the command was carried out.
    #[must_use]
    pub const fn is_answer(&self) -> bool {
        !matches!(self, Self::Accepted { .. })
    }
}

/// The answer to an accepted command: everything that its HTTP response is rendered from.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct StoredReply {
    /// What became of the request.
    pub success: StoredSuccess,
    /// The number of the aggregate.
    pub number: u64,
    /// Its version.
    pub version: u32,
    /// The position that the answer names. The journal fills it in when it takes the answer.
    pub position: u64,
    /// The representation: a JSON object, encoded, without links.
    #[serde(with = "crate::store::codec::bytes")]
    pub body: Vec<u8>,
    /// The named commands that were possible.
    pub possible: Vec<String>,
}

/// What became of a request that was not refused. Stored; variants are only ever added, at the end.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum StoredSuccess {
    /// A new aggregate exists.
    Created,
    /// The command was carried out.
    Done,
    /// The command was accepted, and its outcome was not known when the client was answered.
    Pending,
}
