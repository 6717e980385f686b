//! Backups of a journal: a folder of files, and a manifest with the checksum of each.
//!
//! ```text
//! manifest.json           what the backup holds, and its own checksum; written last
//! records-00000001.part   the records from position 1 on
//! records-00000002.part   the records after those, from a later run
//! state-00000002.part     names of kinds, shapes of types, subscriptions; from the last run
//! answers-00000002.part   answers under idempotency keys; from the last run
//! keys-00000002.part      files of keys of the data folder; from the last run
//! ```
//! A file is a sequence of chunks. A journal returns the same chunks, page by page. Nothing of a
//! backup depends on the layout of the journal on disk.

mod chunk;
mod folder;
mod manifest;
mod page;
mod reading;
mod run;

pub use chunk::{Chunk, State};
pub use folder::BackupWriter;
pub use manifest::{Content, FileEntry, Manifest};
pub use page::Part;
pub use reading::Backup;
pub use run::{Pages, back_up};

pub(in crate::store) use chunk::{ChunkBuilder, KEPT_KINDS};

/// Why a backup cannot be written or read, as a sentence.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct BackupError(pub String);

impl BackupError {
    /// An error of the operating system, with its place.
    fn at(path: &std::path::Path, error: &std::io::Error) -> Self {
        Self(format!("{}: {error}", path.display()))
    }
}
