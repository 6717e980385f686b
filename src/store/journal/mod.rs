//! The journal: one total order of records. [`Journal`] is its contract. [`SledJournal`] keeps it
//! on disk and is written by one thread; [`MemoryJournal`] keeps it in memory; [`Partitions`] is a
//! set of journals that is used as one.
//!
//! A submission gets its position at once. The durable watermark follows with the commits, in
//! order. Records between the two are visible only inside the process, and are discarded when a
//! commit fails. Then the generation rises, and every decision based on the discarded records is
//! refused as stale.

mod answer_expiry;
mod availability;
mod backup_pages;
pub mod commit_batch;
mod commit_queue;
mod commit_timer;
mod compacting;
mod contract;
mod feed;
mod integrity;
mod mark_sync;
mod memory_journal;
mod open;
mod owner_lists;
mod partitions;
mod reads;
mod recovery;
mod restoring;
mod shared;
mod sled_journal;
mod submission;
mod verify;
mod writer;

pub use crate::store::{
    disk::{Histories, Refusal},
    types::{JournalFigures, JournalOptions, OpenError, Snapshot, StoreError},
};
pub use availability::{Availability, AvailabilityObserver};
pub use compacting::{Compacted, compact};
pub use contract::Journal;
pub use feed::{Listener, Selection, Wake};
pub use integrity::Loss;
pub use memory_journal::MemoryJournal;
pub use open::{is_in_use, store_in};
pub use partitions::Partitions;
pub use restoring::{
    Copied, Cut, Restore, Restored, Stage, Target, copy, copy_files, restore, size_of,
};
pub use shared::Shared;
pub use sled_journal::SledJournal;
pub use submission::{
    Checkpoint, CommitError, Done, Entry, Positions, ReadLevel, Submission, SubmitError,
};
pub use verify::{AuditVisitor, Flaw};
