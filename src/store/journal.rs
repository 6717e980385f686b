//! The journal: one total order of records, written by one hand. (Contract; see the functions.)

use super::{Cause, KindId, Payload, Record, StoredAnswer, Stream};
use crate::domain::kernel::Timestamp;
use std::{any::Any, path::Path, path::PathBuf, sync::Arc};

/// How the journal is kept.
#[derive(Clone, Debug, Default)]
pub struct JournalOptions {
    pub cache_bytes: u64,
    pub commit_records_max: usize,
    pub queue_records_max: usize,
    pub feed_records_max: usize,
    pub fault: Option<()>,
}

/// What an actor hands in: everything that follows from one command, whole or not at all.
pub struct Submission {
    pub stream: Stream,
    /// The version the decision was based on.
    pub after_version: u32,
    /// The journal's generation the decision was based on.
    pub generation: u64,
    pub entries: Vec<Entry>,
    pub time: Timestamp,
    pub correlation: u64,
    pub cause: Cause,
    /// To be remembered under the hash of an idempotency key; may come with no entries at all.
    pub answer: Option<(u128, StoredAnswer)>,
    /// The state after the last entry, to be kept as a snapshot in the same commit.
    pub snapshot: Option<Snapshot>,
    /// Called on the journal's thread once it is durable, or lost.
    pub done: Option<Done>,
}

pub struct Entry {
    pub payload: Payload,
    pub typed: Option<Arc<dyn Any + Send + Sync>>,
}

#[derive(Clone, Debug)]
pub struct Snapshot {
    pub version: u32,
    pub shape: u32,
    pub state: Vec<u8>,
}

pub type Done = Box<dyn FnOnce(Result<(), Lost>) + Send>;

/// It was submitted, but the commit failed; whether it is on disk shows after the reopening.
#[derive(Clone, Debug, thiserror::Error)]
#[error("the journal could not make it durable: {0}")]
pub struct Lost(pub Arc<str>);

#[derive(Debug, thiserror::Error)]
pub enum SubmitError {
    #[error("the journal's queue is full")]
    Full,
    #[error("decided on what the journal has since lost")]
    Stale,
    #[error("the journal is being reopened: {0}")]
    Closed(Arc<str>),
}

/// Where a submission landed.
#[derive(Clone, Copy, Debug)]
pub struct Placed {
    pub first_position: u64,
    pub last_position: u64,
}

#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    #[error("{0}")]
    Failed(String),
    #[error("stream {stream:?} cannot be read: {because}")]
    Unreadable { stream: Stream, because: String },
}

#[derive(Debug, thiserror::Error)]
#[error("{path}: {because}")]
pub struct OpenError {
    pub path: PathBuf,
    pub because: String,
}

pub struct History {
    pub snapshot: Option<Snapshot>,
    pub records: Vec<Record>,
}

/// Which records a listener may see.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Level {
    /// Everything submitted: for sagas.
    Submitted,
    /// Only what is durable: for everything that leaves the process.
    Durable,
}

/// What a saga, port, lookup remembers of its progress, written in the journal's own tree.
#[derive(Clone, Debug, Default)]
pub struct Checkpoint {
    pub follower: KindId,
    /// Everything up to here needs no second look.
    pub position: u64,
    /// Conversations that changed: encoded state, or `None` when over.
    pub conversations: Vec<(u64, Option<Vec<u8>>)>,
}

pub struct Journal {}

impl Journal {
    pub fn open(_dir: &Path, _options: JournalOptions) -> Result<Arc<Self>, OpenError> {
        todo!()
    }
    pub fn kind(&self, _name: &str) -> Result<KindId, StoreError> {
        todo!()
    }
    pub fn submit(&self, _submission: Submission) -> Result<Placed, SubmitError> {
        todo!()
    }
    pub fn submitted(&self) -> u64 {
        todo!()
    }
    pub fn durable(&self) -> u64 {
        todo!()
    }
    pub fn generation(&self) -> u64 {
        todo!()
    }
    pub fn when_durable(&self, _position: u64, _done: Done) {
        todo!()
    }
    pub fn history(&self, _stream: Stream) -> Result<History, StoreError> {
        todo!()
    }
    pub fn read(
        &self,
        _after: u64,
        _records_max: usize,
        _level: Level,
    ) -> Result<Vec<Arc<Record>>, StoreError> {
        todo!()
    }
    pub fn subscribe(&self, _level: Level, _wake: Arc<dyn Fn() + Send + Sync>) {
        todo!()
    }
    pub fn answer(&self, _key: u128) -> Result<Option<StoredAnswer>, StoreError> {
        todo!()
    }
    pub fn count(&self, _kind: KindId) -> u64 {
        todo!()
    }
    pub fn last_number(&self, _kind: KindId) -> u64 {
        todo!()
    }
    pub fn numbers(
        &self,
        _kind: KindId,
        _skip: u64,
        _take: usize,
        _descending: bool,
    ) -> Result<Vec<u64>, StoreError> {
        todo!()
    }
    pub fn checkpoint(&self, _checkpoint: Checkpoint) -> Result<(), StoreError> {
        todo!()
    }
    pub fn followed(&self, _follower: KindId) -> Result<u64, StoreError> {
        todo!()
    }
    pub fn conversation(
        &self,
        _follower: KindId,
        _number: u64,
    ) -> Result<Option<Vec<u8>>, StoreError> {
        todo!()
    }
    pub fn close(&self) {
        todo!()
    }
}
