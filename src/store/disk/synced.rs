//! The disk under the journal: sled behind a write-ahead log, with commits that survive a power
//! loss.
//!
//! The `flush` of sled 0.34 calls `sync_file_range`, which does not protect against a power loss.
//! This module therefore opens the files that sled writes, and syncs them after each flush.
//!
//! ```text
//! wal.0, wal.1   the write-ahead log: every commit, until sled holds it
//! conf           written once, when the folder is created
//! db             the log of sled: every commit ends up here
//! blobs/         values too large for the log, one file each; kept rare by small values
//! snap.*         written and synced by sled while it opens; the folder is synced here
//! ```

use super::{
    batch::Batch,
    failure::Failure,
    keys, reading,
    sled_files::SledFiles,
    space::Space,
    tree::{ADVICE, Tree},
    write_ahead::{self, WriteAheadLog},
    write_back::WriteBack,
};
use crate::store::types::{JournalOptions, OpenError};
use std::{
    fs,
    io::{self, Read as _, Seek as _, SeekFrom, Write as _},
    path::Path,
    sync::Arc,
};

/// An open store.
pub struct Disk {
    pub(in crate::store) db: Arc<Tree>,
    pub(in crate::store) space: Space,
    write_back: WriteBack,
}

impl Disk {
    /// Opens or creates the store in this folder, and makes the folder itself durable. Commits that
    /// only the write-ahead log holds are written to sled first.
    pub(in crate::store) fn open(dir: &Path, options: &JournalOptions) -> Result<Self, OpenError> {
        let failed = |reason: String| OpenError { path: dir.to_owned(), reason };
        let io_failed = |error: io::Error| failed(error.to_string());
        remove_unfinished_snapshots(dir).map_err(io_failed)?;
        if write_ahead::paths(dir).iter().any(|path| path.exists()) && !dir.join("db").exists() {
            return Err(failed(format!("the file db is missing beside its log; {ADVICE}")));
        }
        let config = sled::Config::new()
            .path(dir)
            .mode(sled::Mode::HighThroughput)
            .cache_capacity(options.cache_bytes)
            .flush_every_ms(None);
        let db = Tree::open(&config, dir).map_err(|error| failed(error.to_string()))?;
        let log = fs::OpenOptions::new().write(true).open(dir.join("db")).map_err(io_failed)?;
        let of_log = log.try_clone().map_err(io_failed)?;
        let written_back = reading::value(&db, keys::WRITTEN_BACK, "the last commit written back");
        let written_back = written_back.map_err(|error| failed(error.to_string()))?;
        let ahead = WriteAheadLog::open(dir, written_back.unwrap_or(0)).map_err(failed)?;
        sync_folders(dir).map_err(io_failed)?;
        log.sync_all().map_err(io_failed)?;
        let files = SledFiles::of(dir, log).map_err(io_failed)?;
        let (db, faults) = (Arc::new(db), options.faults.clone());
        let space = Space::new(dir.to_owned(), of_log, options.reserve_bytes, faults.clone());
        let of_sled = (Arc::clone(&db), files);
        let watched = (faults, Arc::clone(&options.figures));
        let write_back = WriteBack::start(of_sled, ahead, watched).map_err(failed)?;
        Ok(Self { db, space, write_back })
    }

    /// Applies a batch, whole or not at all, and returns once it would survive a power loss.
    ///
    /// # Errors
    /// When it is refused, it has changed nothing. When it is broken or damaged, the store must not
    /// be written to any more.
    pub(in crate::store) fn commit(&self, batch: Batch) -> Result<(), Failure> {
        self.write_back.commit(batch, &self.space)
    }

    /// Writes to sled, durably, what only the write-ahead log holds.
    pub(in crate::store) fn write_back(&self) -> Result<(), Failure> {
        self.write_back.finish()
    }

    /// Does this work while nothing is committed and no file of the journal is written.
    pub(in crate::store) fn while_idle<T>(&self, work: impl FnOnce() -> T) -> T {
        self.write_back.while_idle(work)
    }
}

/// Removes unfinished snapshots. sled writes a snapshot beside its place and renames it. At the
/// next opening sled treats an unfinished snapshot as the newest one, and as damaged.
fn remove_unfinished_snapshots(dir: &Path) -> io::Result<()> {
    for entry in fs::read_dir(dir)? {
        let path = entry?.path();
        if path.extension().is_some_and(|ending| ending == "generating") {
            fs::remove_file(path)?;
        }
    }
    Ok(())
}

/// Whether this or another process still has the store in this folder open.
pub(in crate::store) fn is_held(dir: &Path) -> bool {
    let log = fs::File::open(dir.join("db"));
    log.is_ok_and(|log| matches!(log.try_lock(), Err(fs::TryLockError::WouldBlock)))
}

/// Rewrites all pages of the files, so that the page cache and the disk have the same content.
///
/// After a failed fsync the kernel may mark pages as clean that never reached the disk. A read of
/// such a page proves nothing. A rewrite and a sync of every page do. The store must not be opened
/// before that. It takes one second for one or two gigabytes, after a rare failure.
pub(in crate::store) fn settle(dir: &Path) -> io::Result<()> {
    let mut log = fs::OpenOptions::new().read(true).write(true).open(dir.join("db"))?;
    log.try_lock().map_err(io::Error::from)?;
    rewrite(&mut log)?;
    for path in write_ahead::paths(dir) {
        rewrite(&mut fs::OpenOptions::new().read(true).write(true).open(path)?)?;
    }
    for blob in fs::read_dir(dir.join("blobs"))? {
        let path = blob?.path();
        let content = fs::read(&path)?;
        let mut file = fs::OpenOptions::new().write(true).open(&path)?;
        file.write_all(&content)?;
        file.sync_all()?;
    }
    sync_folders(dir)
}

fn rewrite(file: &mut fs::File) -> io::Result<()> {
    let mut chunk = vec![0; 1 << 20];
    let mut offset = 0;
    loop {
        file.seek(SeekFrom::Start(offset))?;
        let read = file.read(&mut chunk)?;
        if read == 0 {
            return file.sync_all();
        }
        file.seek(SeekFrom::Start(offset))?;
        file.write_all(&chunk[..read])?;
        offset += read as u64;
    }
}

/// Syncs the folders. The entries of a folder are durable once the folder is synced. The entry of
/// the folder itself is durable once its parent is synced.
fn sync_folders(dir: &Path) -> io::Result<()> {
    fs::File::open(dir.join("conf"))?.sync_all()?;
    let parent = dir.canonicalize()?.parent().map(Path::to_owned);
    for folder in [Some(dir.join("blobs")), Some(dir.to_owned()), parent].into_iter().flatten() {
        fs::File::open(folder)?.sync_all()?;
    }
    Ok(())
}
