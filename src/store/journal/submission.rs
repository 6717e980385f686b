//! What is handed to the journal, and how the journal answers.

use crate::{
    domain::kernel::Timestamp,
    store::{
        disk::Refusal,
        types::{Answers, Cause, KindId, Lease, Payload, Snapshot, Stream},
    },
};
use std::{any::Any, sync::Arc};

/// What an actor hands in: everything that follows from one command, whole or not at all.
pub struct Submission {
    /// Whose history it is.
    pub stream: Stream,
    /// The version the decision was based on.
    pub after_version: u32,
    /// The journal's generation the decision was based on.
    pub generation: u64,
    /// What is to be remembered; the versions follow on `after_version`.
    pub entries: Vec<Entry>,
    /// When it was decided.
    pub time: Timestamp,
    /// The number of the conversation it belongs to.
    pub correlation: u64,
    /// What led to it.
    pub cause: Cause,
    /// To be remembered under idempotency keys; may come with no entries at all.
    pub answer: Option<Answers>,
    /// The state after the last entry, to be kept as a snapshot in the same commit.
    pub snapshot: Option<Snapshot>,
    /// The leases of whoever decided it, and of whoever said the command: when one is over, it is
    /// refused.
    pub leases: [Option<Lease>; 2],
    /// Called on the journal's thread once it is durable, or lost. Never called when submitting
    /// is refused.
    pub done: Option<Done>,
}

/// One record to be.
pub struct Entry {
    /// What it says.
    pub payload: Payload,
    /// The event itself, for listeners in this process.
    pub typed: Option<Arc<dyn Any + Send + Sync>>,
}

/// Told once whether it is durable. Called outside of every lock; must not block.
pub type Done = Box<dyn FnOnce(Result<(), CommitError>) + Send>;

/// It was submitted, but did not become durable.
#[derive(Clone, Debug, thiserror::Error)]
pub enum CommitError {
    /// The commit failed; whether it is on disk shows after the reopening.
    #[error("the journal could not make it durable: {0}")]
    InDoubt(Arc<str>),
    /// Nothing of it was written.
    #[error("{0}")]
    Refused(Refusal),
}

/// Why nothing was submitted.
#[derive(Debug, thiserror::Error)]
pub enum SubmitError {
    /// Too much waits for the disk already.
    #[error("the journal's queue is full")]
    Full,
    /// The journal failed since the decision; decide again on what it holds now.
    #[error("decided on what the journal has since lost")]
    Stale,
    /// The file system takes no writes; it is asked again and again whether it does.
    #[error("{0}")]
    Refused(Refusal),
    /// Somebody else has taken the place of whoever decided it, or of whoever said the command.
    #[error("handed in by somebody who has been replaced")]
    Replaced,
    /// It is healing, or was closed for good.
    #[error("the journal takes nothing now: {0}")]
    Closed(Arc<str>),
}

/// Where a submission landed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Positions {
    /// The position of its first record. Without entries, one past `last_position`.
    pub first_position: u64,
    /// The position of its last record. Without entries, that of the last record before it.
    pub last_position: u64,
}

/// Which records a listener may see.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ReadLevel {
    /// Everything submitted: for sagas.
    Submitted,
    /// Only what is durable: for everything that leaves the process.
    Durable,
}

/// What a saga, port, lookup remembers of its progress, written in the journal's own tree.
#[derive(Clone, Debug, Default)]
pub struct Checkpoint {
    /// Whose progress it is.
    pub follower: KindId,
    /// The journal's generation the progress was made in.
    pub generation: u64,
    /// Everything up to here needs no second look.
    pub position: u64,
    /// Conversations that changed: encoded state, or `None` when over.
    pub conversations: Vec<(u64, Option<Vec<u8>>)>,
}
