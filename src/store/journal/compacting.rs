//! Compaction of a journal: its entries are copied in order of key into new files, which take the
//! place of the old ones.
//!
//! ```text
//! journal/ ──copy──▶ journal.compacting/ ──compare──▶ exchange the folders ──▶ remove the old one
//! ```
//! A compaction that ends early leaves the journal as it was, or as it is after the exchange. The
//! next one removes what it left.

use super::{
    open::{self, Opened},
    restoring::size_of,
};
use crate::files::unless_missing;
use crate::store::{
    disk::{Batch, Disk, Tree, keys},
    types::{JournalOptions, OpenError},
};
use rustix::{
    fs::{CWD, RenameFlags, renameat_with},
    io::Errno,
};
use std::{
    fs::{self, File},
    path::{Path, PathBuf},
};

/// The entries of one commit, and their size in bytes: as many as a busy server writes.
const PART_ENTRIES: usize = 512;
const PART_BYTES: usize = 256 << 10;

/// The number of entries between two calls of the progress.
const SHOW_EVERY: u64 = 10_000;

/// Receives what is done: its name, the number of entries so far, and of all entries.
pub type OnEntries<'a> = &'a mut dyn FnMut(&str, u64, u64);

/// The result of a compaction.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Compacted {
    /// The number of entries of the journal.
    pub entries: u64,
    /// The size of its files before, in bytes.
    pub bytes_before: u64,
    /// The size of its files now, in bytes.
    pub bytes_after: u64,
}

/// Writes the journal in this folder into new files without the space that its old values took.
/// The new files need space beside the old ones meanwhile.
///
/// # Errors
/// When the journal cannot be opened or read, a process has it open, the copy cannot be written or
/// is not equal to the journal, or the file system cannot exchange two folders.
pub fn compact(
    dir: &Path,
    options: &JournalOptions,
    progress: OnEntries<'_>,
) -> Result<Compacted, OpenError> {
    let failed = |reason: String| OpenError { path: dir.to_owned(), reason };
    let beside = dir.with_extension("compacting");
    // The lock on the data folder is held until the end, by the files.
    let Opened { disk, files, .. } = open::open(dir, options)?;
    let removed = unless_missing(fs::remove_dir_all(&beside));
    removed.map_err(|error| failed(error.to_string()))?;
    disk.write_back().map_err(|failure| failed(failure.to_string()))?;
    let bytes_before = size_of(dir);
    let copied = copy(&disk, &beside, options, progress).inspect_err(|_| {
        // The reason of the failure matters more. The next run removes what is left.
        let _ = fs::remove_dir_all(&beside);
    });
    drop(disk);
    let entries = copied.map_err(failed)?;
    exchange(&beside, dir).map_err(failed)?;
    // The old journal is removed only after the exchange is durable.
    let removed = unless_missing(fs::remove_dir_all(&beside));
    removed.map_err(|error| failed(error.to_string()))?;
    drop(files);
    Ok(Compacted { entries, bytes_before, bytes_after: size_of(dir) })
}

/// Copies all entries into a new store in this folder, compares them, and closes it. Returns their
/// number.
fn copy(
    from: &Disk,
    to: &Path,
    options: &JournalOptions,
    progress: OnEntries<'_>,
) -> Result<u64, String> {
    let total = count(&from.db)?;
    fs::create_dir(to).map_err(|error| error.to_string())?;
    let disk = Disk::open(to, options).map_err(|error| error.to_string())?;
    let (mut batch, mut entries, mut bytes, mut done) = (Batch::default(), 0, 0, 0);
    for entry in all(&from.db) {
        let (key, value) = entry?;
        (entries, bytes, done) = (entries + 1, bytes + key.len() + value.len(), done + 1);
        batch.insert(key, value);
        if entries >= PART_ENTRIES || bytes >= PART_BYTES {
            commit(&disk, std::mem::take(&mut batch))?;
            (entries, bytes) = (0, 0);
        }
        if done % SHOW_EVERY == 0 {
            progress("entries copied", done, total);
        }
    }
    commit(&disk, batch)?;
    disk.write_back().map_err(|failure| failure.to_string())?;
    compare(&from.db, &disk.db, total, progress)?;
    Ok(total)
}

/// Compares all entries of two stores.
fn compare(one: &Tree, other: &Tree, total: u64, progress: OnEntries<'_>) -> Result<(), String> {
    let mut copies = all(other);
    for (done, entry) in (1..).zip(all(one)) {
        let copy = copies.next().transpose()?;
        if copy != Some(entry?) {
            return Err(format!("entry {done} of the copy differs from the journal"));
        }
        if done % SHOW_EVERY == 0 {
            progress("entries compared", done, total);
        }
    }
    match copies.next() {
        None => Ok(()),
        Some(_) => Err("the copy has more entries than the journal".to_owned()),
    }
}

/// An entry of the tree.
type Entry = (sled::IVec, sled::IVec);

/// Reads all entries but the sequence of the write-ahead log, which belongs to its files.
fn all(tree: &Tree) -> impl Iterator<Item = Result<Entry, String>> {
    let is_copied = |entry: &Result<Entry, String>| {
        entry.as_ref().map_or(true, |(key, _)| key != keys::WRITTEN_BACK)
    };
    let entries = tree.range::<&[u8]>(..).map(|entry| entry.map_err(|error| error.to_string()));
    entries.filter(is_copied)
}

fn count(tree: &Tree) -> Result<u64, String> {
    let mut entries = 0;
    for entry in all(tree) {
        entry?;
        entries += 1;
    }
    Ok(entries)
}

fn commit(disk: &Disk, batch: Batch) -> Result<(), String> {
    if batch.is_empty() {
        return Ok(());
    }
    disk.commit(batch).map_err(|failure| failure.to_string())
}

/// Exchanges two folders, durably.
fn exchange(one: &Path, other: &Path) -> Result<(), String> {
    match renameat_with(CWD, one, CWD, other, RenameFlags::EXCHANGE) {
        Ok(()) => {}
        Err(Errno::INVAL | Errno::NOSYS) => {
            return Err("the file system cannot exchange two folders".to_owned());
        }
        Err(error) => return Err(error.to_string()),
    }
    let parent = other.canonicalize().ok().and_then(|path| path.parent().map(Path::to_owned));
    let parent = parent.unwrap_or_else(|| PathBuf::from("."));
    File::open(parent).and_then(|parent| parent.sync_all()).map_err(|error| error.to_string())
}
