//! Why the journal cannot be opened or read.

use super::record::Stream;
use std::path::PathBuf;

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
