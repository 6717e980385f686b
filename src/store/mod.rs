//! The store: the journal (sled) and the read models (`SQLite`).
//!
//! ```text
//! journal     commit queue ─▶ writer ─▶ disk        feed, recovery, verification
//! read_model  rows of views, one file each
//! evolution   conversion of values whose types have changed
//! shape       what the bytes of a stored type mean
//! persons     encryption of personal texts, with a key for each number
//! disk        sled behind a write-ahead log, keys, layout, reads, the mark
//! backup      files of records and of the state beside them, with checksums
//! types       records, answers, leases, options, errors
//! ```
//! A submission is queued under one lock, and the writer thread commits it. Once it is durable, its
//! caller and the subscribers are notified. The mark records the last durable position. The mark,
//! and checks of the log before sled reads it, detect damage that sled cannot detect.

pub mod backup;
pub mod codec;
mod disk;
pub mod evolution;
pub mod faults;
pub mod journal;
pub mod permissions;
pub mod persons;
pub mod read_model;
pub mod shape;
mod types;

pub use disk::{FORMAT, is_guarded};
pub use types::{
    Answer, Answers, Cause, KindId, KindSet, Lease, Origin, Payload, Principal, Principals, Record,
    SUBJECT_BYTES_MAX, StoreId, StoredAnswer, StoredOutcome, StoredReply, StoredSuccess, Stream,
    Subject, UNPLACED,
};

#[cfg(test)]
mod tests;
