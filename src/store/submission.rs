//! What is handed to the journal, and how the journal answers.

use super::{
    Cause, KindId, Lease, Payload, Stream, answers::Answers, faults::Faults, space::Refusal,
};
use crate::domain::kernel::Timestamp;
use std::{any::Any, path::PathBuf, sync::Arc};

/// How the journal is kept.
#[derive(Clone, Debug)]
pub struct JournalOptions {
    /// Memory for pages of the store, in bytes; 64 MiB unless said otherwise.
    pub cache_bytes: u64,
    /// A commit takes no further submission once it holds this many records; 512 unless said
    /// otherwise. Past a few hundred the cost per record rises again.
    pub commit_records_max: usize,
    /// How many records may wait for a commit before submitting is refused; 65,536 unless said
    /// otherwise. A submission without records counts as one.
    pub queue_records_max: usize,
    /// How many of the latest records are kept in memory for listeners; 16,384 unless said
    /// otherwise. Those not yet durable are kept in any case.
    pub feed_records_max: usize,
    /// So many bytes of the file system are left free, but at most a twentieth of it: once less
    /// is, submitting is refused; 16 MiB unless said otherwise.
    pub reserve_bytes: u64,
    /// Answers under idempotency keys are kept for so many seconds at least; 86,400 unless said
    /// otherwise.
    pub answers_kept_s: u64,
    /// The folder of the views, whose positions tell how far the journal was; none unless said
    /// otherwise.
    pub views: Option<PathBuf>,
    /// Whether a journal that lacks acknowledged history is opened, and the loss recorded; it is
    /// refused unless said otherwise.
    pub accept_loss: bool,
    /// What goes wrong on purpose; nothing unless said otherwise.
    pub faults: Faults,
}

impl Default for JournalOptions {
    fn default() -> Self {
        Self {
            cache_bytes: 64 << 20,
            commit_records_max: 512,
            queue_records_max: 65_536,
            feed_records_max: 16_384,
            reserve_bytes: 16 << 20,
            answers_kept_s: 86_400,
            views: None,
            accept_loss: false,
            faults: Faults::default(),
        }
    }
}

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

/// The state of a stream, so that its history need not be read from the beginning.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Snapshot {
    /// The version it is the state after.
    pub version: u32,
    /// The layout of the state; of another layout it is of no use.
    pub shape: u32,
    /// The state, encoded.
    #[serde(with = "super::codec::bytes")]
    pub state: Vec<u8>,
}

/// Told once whether it is durable. Called outside of every lock; must not block.
pub type Done = Box<dyn FnOnce(Result<(), Lost>) + Send>;

/// It was submitted, but did not become durable.
#[derive(Clone, Debug, thiserror::Error)]
pub enum Lost {
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
pub struct Placed {
    /// The position of its first record. Without entries, one past `last_position`.
    pub first_position: u64,
    /// The position of its last record. Without entries, that of the last record before it.
    pub last_position: u64,
}

/// Why the journal cannot say what it holds.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// The machine failed; later may be better.
    #[error("{0}")]
    Failed(String),
    /// The files of the store do not hold what was written to them. No later is better.
    #[error("{0}")]
    Damaged(String),
    /// What is on disk is not what was written. No later is better.
    #[error("stream {stream:?} cannot be read: {because}")]
    Unreadable {
        /// The stream concerned.
        stream: Stream,
        /// What is wrong, and where.
        because: String,
    },
}

/// Why the journal cannot be opened.
#[derive(Debug, thiserror::Error)]
#[error("{path}: {because}")]
pub struct OpenError {
    /// The folder.
    pub path: PathBuf,
    /// The reason, as a sentence.
    pub because: String,
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
    /// Whose progress it is.
    pub follower: KindId,
    /// The journal's generation the progress was made in.
    pub generation: u64,
    /// Everything up to here needs no second look.
    pub position: u64,
    /// Conversations that changed: encoded state, or `None` when over.
    pub conversations: Vec<(u64, Option<Vec<u8>>)>,
}
