//! Types of a submission to the journal and of its results.

use crate::{
    domain::kernel::Timestamp,
    store::{
        disk::Refusal,
        types::{
            Answers, Cause, KindId, Lease, Payload, Principals, Snapshot, Stream,
            kind_set::interested_kind,
        },
    },
    traces::TraceContext,
};
use std::{any::Any, sync::Arc};

/// A submission of an actor: everything that follows from one command, written whole or not at all.
pub struct Submission {
    /// The stream that the entries belong to.
    pub stream: Stream,
    /// The version the decision was based on.
    pub after_version: u32,
    /// The journal's generation the decision was based on.
    pub generation: u64,
    /// The entries to record; their versions follow on `after_version`.
    pub entries: Vec<Entry>,
    /// The time of the decision.
    pub time: Timestamp,
    /// The number of the conversation that the submission belongs to.
    pub correlation: u64,
    /// The cause of the submission.
    pub cause: Cause,
    /// The people behind the submission; `None` while no identity is configured.
    pub principals: Option<Arc<Principals>>,
    /// The trace of the request that led to it, if there is one.
    pub trace: Option<Arc<TraceContext>>,
    /// Whether the aggregate begins with these entries. Then it is listed under its owner.
    pub is_creation: bool,
    /// Answers to be stored under idempotency keys; possible without any entries.
    pub answer: Option<Answers>,
    /// The state after the last entry, to be kept as a snapshot in the same commit.
    pub snapshot: Option<Snapshot>,
    /// The leases of the actor that decided and of the sender of the command. When either is over,
    /// the submission is refused.
    pub leases: [Option<Lease>; 2],
    /// Callback that runs once the submission is durable or lost, on any thread, perhaps before the
    /// submitting call returns: the caller must hold no lock that it needs. It never runs when
    /// submitting is refused.
    pub done: Option<Done>,
}

impl Submission {
    /// Returns an empty submission for a stream: no entries, at version 0, without a lease, in the
    /// conversation of the stream's number.
    #[must_use]
    pub const fn of(stream: Stream, generation: u64, time: Timestamp) -> Self {
        Self {
            stream,
            after_version: 0,
            generation,
            entries: Vec::new(),
            time,
            correlation: stream.number,
            cause: Cause::Request(None),
            principals: None,
            trace: None,
            is_creation: false,
            answer: None,
            snapshot: None,
            leases: [None, None],
            done: None,
        }
    }

    /// Returns the kind whose subscribers each record concerns.
    pub(in crate::store) fn concerned(&self) -> impl Iterator<Item = KindId> {
        let (stream, cause) = (self.stream, self.cause);
        self.entries.iter().map(move |entry| interested_kind(stream, &entry.payload, cause))
    }
}

/// One record to be written.
pub struct Entry {
    /// The content of the record.
    pub payload: Payload,
    /// The event itself, for subscribers in this process.
    pub typed: Option<Arc<dyn Any + Send + Sync>>,
}

/// Callback that receives once whether the submission is durable. It runs outside of every lock and
/// must not block.
pub type Done = Box<dyn FnOnce(Result<(), CommitError>) + Send>;

/// Why a submission did not become durable.
#[derive(Clone, Debug, thiserror::Error)]
pub enum CommitError {
    /// The commit failed; the reopening shows whether the submission is on disk.
    #[error("the journal could not make it durable: {0}")]
    InDoubt(Arc<str>),
    /// Nothing of the submission was written.
    #[error("{0}")]
    Refused(Refusal),
}

/// Why nothing was submitted.
#[derive(Debug, thiserror::Error)]
pub enum SubmitError {
    /// The queue for the disk is full.
    #[error("the journal's queue is full")]
    Full,
    /// The journal failed since the decision; decide again on its current records.
    #[error("decided on what the journal has since lost")]
    Stale,
    /// The file system accepts no writes; it is checked again at intervals.
    #[error("{0}")]
    Refused(Refusal),
    /// The lease of the actor that decided, or of the command's sender, is over.
    #[error("submitted under a lease that is over")]
    Replaced,
    /// The journal is recovering, stopped or closed.
    #[error("the journal takes nothing now: {0}")]
    Closed(Arc<str>),
}

/// The positions of a submission.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Positions {
    /// The position of its first record. Without entries, one past `last_position`.
    pub first_position: u64,
    /// The position of its last record. Without entries, that of the last record before it.
    pub last_position: u64,
}

/// Which records a subscriber may see.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ReadLevel {
    /// All submitted records: for sagas.
    Submitted,
    /// Only durable records: for everything that leaves the process.
    Durable,
}

/// The checkpoint of a saga, port or lookup: its progress, written to the journal's own tree.
#[derive(Clone, Debug, Default)]
pub struct Checkpoint {
    /// The subscriber that made the progress.
    pub subscriber: KindId,
    /// The journal's generation the progress was made in.
    pub generation: u64,
    /// The position up to which nothing has to be read again.
    pub position: u64,
    /// Conversations that changed: encoded state, or `None` when the conversation is over.
    pub conversations: Vec<(u64, Option<Vec<u8>>)>,
}
