//! Errors of opening and reading the journal.

use super::record::Stream;
use std::path::PathBuf;

/// Why a read of the journal failed.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// The operating system or the disk failed; a retry may help.
    #[error("{0}")]
    Failed(String),
    /// The files of the store do not have the content that was written. A retry does not help.
    #[error("{0}")]
    Damaged(String),
    /// The stored data of a stream is not what was written. A retry does not help.
    #[error("{stream} cannot be read: {reason}")]
    Unreadable {
        /// The stream that cannot be read.
        stream: Stream,
        /// The defect and its place.
        reason: String,
    },
}

/// The error of an opening that failed.
#[derive(Debug, thiserror::Error)]
#[error("{path}: {reason}")]
pub struct OpenError {
    /// The folder.
    pub path: PathBuf,
    /// The reason, as a sentence.
    pub reason: String,
}
