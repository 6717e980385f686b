//! The store: the journal (sled) and the read models (`SQLite`).
//!
//! ```text
//! journal     commit queue ─▶ writer ─▶ disk        feed, recovery, verification
//! read_model  rows of views, one file each
//! disk        sled made durable, keys, layout, reading, the mark
//! types       records, answers, leases, options, errors
//! ```
//! A submission is queued under one lock and committed by the writer thread; once it is durable,
//! its caller and the subscribers are notified. Damage that sled cannot detect is found by the
//! mark, which records how far the journal was, and by checks of the log before sled reads it.

pub mod codec;
mod disk;
pub mod faults;
pub mod journal;
pub mod permissions;
pub mod read_model;
mod sync;
mod types;

pub use disk::is_guarded;
pub use types::{
    Answer, Answers, Cause, KindId, KindSet, Lease, Origin, Payload, Record, StoreId, StoredAnswer,
    StoredOutcome, StoredReply, StoredSuccess, Stream, UNPLACED,
};

#[cfg(test)]
mod tests;
