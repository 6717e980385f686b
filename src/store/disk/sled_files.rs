//! The files that sled writes, and their syncs: the log, and the folder of large values.

use crate::sync;
use std::{
    collections::HashSet,
    ffi::OsString,
    fs::{self, File},
    io,
    path::{Path, PathBuf},
    sync::Mutex,
    time::{Duration, SystemTime},
};

/// Two changes of a folder this close together may have the same time.
const FOLDER_TIME_GRAIN: Duration = Duration::from_millis(100);

/// The files that sled writes.
pub(super) struct SledFiles {
    log: File,
    blobs: Mutex<Blobs>,
}

impl SledFiles {
    /// Takes the log of sled, and lists the large values in this folder of the store. sled has just
    /// read them all; they are synced once more.
    pub(super) fn of(dir: &Path, log: File) -> io::Result<Self> {
        Ok(Self { log, blobs: Mutex::new(Blobs::of(dir)?) })
    }

    /// Makes durable what sled has written.
    pub(super) fn sync(&self) -> io::Result<()> {
        // The blobs are synced first: the log must not refer to missing values.
        sync::lock(&self.blobs).sync()?;
        self.log.sync_data()
    }
}

/// The folder of large values, and the values that are known to be durable.
struct Blobs {
    path: PathBuf,
    changed: SystemTime,
    synced: HashSet<OsString>,
}

impl Blobs {
    fn of(dir: &Path) -> io::Result<Self> {
        let path = dir.join("blobs");
        let mut blobs = Self { path, changed: SystemTime::UNIX_EPOCH, synced: HashSet::new() };
        blobs.sync()?;
        Ok(blobs)
    }

    fn sync(&mut self) -> io::Result<()> {
        let changed = fs::metadata(&self.path)?.modified()?;
        let is_settled = changed.elapsed().is_ok_and(|age| age > FOLDER_TIME_GRAIN);
        if changed == self.changed && is_settled {
            return Ok(());
        }
        let mut present = HashSet::new();
        for blob in fs::read_dir(&self.path)? {
            let blob = blob?;
            let name = blob.file_name();
            if !self.synced.contains(&name) {
                File::open(blob.path())?.sync_all()?;
            }
            present.insert(name);
        }
        if present != self.synced {
            File::open(&self.path)?.sync_all()?;
        }
        self.synced = present;
        // A time is remembered only when no further change can have the same one.
        self.changed = if is_settled { changed } else { SystemTime::UNIX_EPOCH };
        Ok(())
    }
}
