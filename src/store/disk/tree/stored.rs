//! The wrapper around sled. It translates errors and panics of sled into messages that name the
//! damage.
//!
//! sled returns some inconsistencies as errors and panics on others, also on threads of its own. A
//! panic on the calling thread is caught here. A panic on one of sled's threads reaches the caller
//! as an error or as a second panic, and is caught as well.

use crate::store::types::StoreError;
use sled::IVec;
use std::{
    cell::Cell,
    fmt, mem,
    ops::{Deref, RangeBounds},
    panic::{AssertUnwindSafe, catch_unwind},
    path::{Path, PathBuf},
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    thread,
};

thread_local! {
    /// Whether the calling thread is inside sled.
    static IS_GUARDED: Cell<bool> = const { Cell::new(false) };
}

/// Whether this module catches a panic on this thread and reports it as an error. The message of
/// such a panic need not be logged.
#[must_use]
pub fn is_guarded() -> bool {
    let is_thread_of_sled =
        || thread::current().name().is_some_and(|name| name.starts_with("sled"));
    IS_GUARDED.get() || is_thread_of_sled()
}

/// Why the tree cannot be read or written.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(in crate::store) enum TreeError {
    /// The content of the files is not what was written. A retry does not help.
    #[error("{0}")]
    Damaged(String),
    /// The operating system failed; a retry may help.
    #[error("{0}")]
    Failed(String),
}

impl From<TreeError> for StoreError {
    fn from(error: TreeError) -> Self {
        match error {
            TreeError::Damaged(reason) => Self::Damaged(reason),
            TreeError::Failed(reason) => Self::Failed(reason),
        }
    }
}

/// Advice to an operator about a damaged store.
pub const ADVICE: &str = "restore the data folder from a backup";

/// sled's tree, with all errors and panics translated.
pub(super) struct StoredTree {
    /// `None` only while the tree is dropped.
    db: Option<sled::Db>,
    folder: Arc<PathBuf>,
    is_abandoned: AtomicBool,
}

impl StoredTree {
    /// Opens the tree that this configuration describes.
    pub(super) fn open(config: &sled::Config, folder: &Path) -> Result<Self, TreeError> {
        let folder = Arc::new(folder.to_owned());
        let db = guarded(&folder, || config.open())?;
        Ok(Self { db: Some(db), folder, is_abandoned: AtomicBool::new(false) })
    }

    /// Prevents that data in memory is written when the tree is dropped.
    pub(super) fn abandon(&self) {
        self.is_abandoned.store(true, Ordering::Relaxed);
    }

    pub(super) fn is_abandoned(&self) -> bool {
        self.is_abandoned.load(Ordering::Relaxed)
    }

    fn with<T>(&self, work: impl FnOnce(&sled::Db) -> sled::Result<T>) -> Result<T, TreeError> {
        let Some(db) = &self.db else { unreachable!("only a dropped tree is empty") };
        guarded(&self.folder, || work(db))
    }

    pub(super) fn get(&self, key: impl AsRef<[u8]>) -> Result<Option<IVec>, TreeError> {
        self.with(|db| db.get(key))
    }

    pub(super) fn get_lt(&self, key: impl AsRef<[u8]>) -> Result<Option<(IVec, IVec)>, TreeError> {
        self.with(|db| db.get_lt(key))
    }

    pub(super) fn range<K: AsRef<[u8]>>(&self, range: impl RangeBounds<K>) -> StoredEntries {
        self.entries(|db| db.range(range))
    }

    fn entries(&self, select: impl FnOnce(&sled::Db) -> sled::Iter) -> StoredEntries {
        let begun = self.with(|db| Ok(select(db)));
        StoredEntries { begun: Some(begun), folder: Arc::clone(&self.folder) }
    }

    pub(super) fn apply_batch(&self, batch: sled::Batch) -> Result<(), TreeError> {
        self.with(|db| db.apply_batch(batch))
    }

    pub(super) fn flush(&self) -> Result<(), TreeError> {
        self.with(|db| db.flush().map(drop))
    }
}

impl Drop for StoredTree {
    fn drop(&mut self) {
        if self.is_abandoned() {
            return mem::forget(self.db.take());
        }
        // sled syncs its file when it is dropped, and panics when that fails.
        let _ = guarded(&self.folder, || {
            drop(self.db.take());
            Ok(())
        });
    }
}

/// Iterator over entries in order of key. It ends after an error.
pub(super) struct StoredEntries {
    begun: Option<Result<sled::Iter, TreeError>>,
    folder: Arc<PathBuf>,
}

/// One entry, or why it cannot be read.
pub(super) type Entry = Result<(IVec, IVec), TreeError>;

impl StoredEntries {
    fn step(
        &mut self,
        step: impl FnOnce(&mut sled::Iter) -> Option<sled::Result<(IVec, IVec)>>,
    ) -> Option<Entry> {
        let mut entries = match self.begun.take()? {
            Ok(entries) => entries,
            Err(error) => return Some(Err(error)),
        };
        let entry = guarded(&self.folder, || step(&mut entries).transpose());
        if entry.is_ok() {
            self.begun = Some(Ok(entries));
        }
        entry.transpose()
    }
}

impl Iterator for StoredEntries {
    type Item = Entry;

    fn next(&mut self) -> Option<Entry> {
        self.step(sled::Iter::next)
    }
}

impl DoubleEndedIterator for StoredEntries {
    fn next_back(&mut self) -> Option<Entry> {
        self.step(sled::Iter::next_back)
    }
}

/// Runs `work` inside sled; returns an error or a panic as a sentence.
fn guarded<T>(
    folder: &Arc<PathBuf>,
    work: impl FnOnce() -> sled::Result<T>,
) -> Result<T, TreeError> {
    let was_guarded = IS_GUARDED.replace(true);
    let done = catch_unwind(AssertUnwindSafe(work));
    IS_GUARDED.set(was_guarded);
    match done {
        Ok(done) => done.map_err(|error| sentence(&error, folder)),
        Err(panic) => {
            let words = panic.downcast_ref::<String>().map(Deref::deref);
            let words = words.or_else(|| panic.downcast_ref::<&str>().copied());
            tracing::debug!(words, "sled panicked");
            let reason = "its pages contradict each other";
            Err(TreeError::Damaged(damaged(&folder.join("db"), &reason)))
        }
    }
}

fn sentence(error: &sled::Error, folder: &Path) -> TreeError {
    let log = folder.join("db");
    match error {
        // sled reports the refusal of the lock as an I/O error with a path and a debug print.
        sled::Error::Io(io) if io.to_string().contains("could not acquire lock") => {
            TreeError::Failed("the data folder is in use by another process".to_owned())
        }
        sled::Error::Io(io) => match io.kind() {
            std::io::ErrorKind::UnexpectedEof => {
                TreeError::Damaged(damaged(&log, &"it is shorter than its content"))
            }
            std::io::ErrorKind::NotFound => {
                let blobs = folder.join("blobs");
                TreeError::Damaged(damaged(&blobs, &"a file of it is missing"))
            }
            _ => TreeError::Failed(format!("the journal in {} failed: {io}", folder.display())),
        },
        sled::Error::Corruption { at, .. } => {
            let at = format!("{at:?}");
            let digits: String = at.chars().filter(char::is_ascii_digit).collect();
            TreeError::Damaged(match digits.parse::<u64>() {
                Ok(offset) if at.contains("Inline") => damaged(&log, &format!("at byte {offset}")),
                _ => damaged(folder, &"a checksum in one of its files does not match"),
            })
        }
        _ => TreeError::Damaged(damaged(&log, &"it is not what was written")),
    }
}

fn damaged(place: &Path, reason: &dyn fmt::Display) -> String {
    format!("the journal is damaged: {}: {reason}; {ADVICE}", place.display())
}
