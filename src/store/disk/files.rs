//! The files of an open store: the lock on its folder, and a check that they are still in place.
//!
//! A deleted or replaced file stays open and writable for as long as the process runs; writes to it
//! are lost afterwards. So the paths are compared with the opened files.

use super::write_ahead;
use crate::{
    store::{permissions::check_owner, types::OpenError},
    sync,
};
use std::{
    fs::{self, File},
    io,
    os::unix::fs::MetadataExt as _,
    path::{Path, PathBuf},
    sync::Mutex,
    time::{Duration, Instant},
};

/// The usual name of a journal's folder. The mark and the lock of such a journal are in its parent.
const FOLDER: &str = "journal";

/// The error message for a second process.
const IN_USE: &str = "the data folder is in use by another process";

/// Returns the folder that holds the journal and its mark. That is the data folder. It is the
/// folder of the journal itself when it does not have the usual name.
fn home_of(dir: &Path) -> PathBuf {
    let is_usual = dir.file_name().is_some_and(|name| name == FOLDER);
    match dir.parent() {
        Some(parent) if is_usual && parent.as_os_str().is_empty() => PathBuf::from("."),
        Some(parent) if is_usual => parent.to_owned(),
        _ => dir.to_owned(),
    }
}

/// Returns the path of the mark of the journal in this folder.
pub(in crate::store) fn mark_path(dir: &Path) -> PathBuf {
    home_of(dir).join("journal.mark")
}

/// Returns the path of the file that exists while the journal in this folder is being restored or
/// imported.
pub(in crate::store) fn unfinished_marker(dir: &Path) -> PathBuf {
    home_of(dir).join("restore.unfinished")
}

/// The lock on the folder of a store; it ends when this is dropped or the process ends.
pub struct Locked {
    home: PathBuf,
    _lock: File,
}

impl Locked {
    /// Locks the folder that the journal in this folder belongs to, and creates it when it is
    /// missing.
    pub(in crate::store) fn take(dir: &Path) -> Result<Self, OpenError> {
        let failed = |reason: String| OpenError { path: dir.to_owned(), reason };
        let home = home_of(dir);
        fs::create_dir_all(&home).map_err(|error| failed(error.to_string()))?;
        check_owner(&home).map_err(failed)?;
        let lock = File::open(&home).map_err(|error| failed(error.to_string()))?;
        match lock.try_lock() {
            Err(fs::TryLockError::WouldBlock) => Err(failed(IN_USE.to_owned())),
            // Some file systems cannot lock a folder. Then only sled's own lock on its log remains.
            Err(fs::TryLockError::Error(_)) | Ok(()) => Ok(Self { home, _lock: lock }),
        }
    }
}

/// Whether a process has the lock on the folder of this journal.
pub(in crate::store) fn is_locked(dir: &Path) -> bool {
    let home = File::open(home_of(dir));
    home.is_ok_and(|home| matches!(home.try_lock(), Err(fs::TryLockError::WouldBlock)))
}

/// Shortest interval between two comparisons of the paths. Four calls of `stat` cost up to a tenth
/// of a small commit, and under load the next commit begins within a millisecond.
const CHECK_EVERY: Duration = Duration::from_millis(20);

/// Device and inode.
type Identity = (u64, u64);

/// The files of an open store, as they were when they were opened.
pub struct Files {
    opened: Vec<(PathBuf, Identity)>,
    locked: Mutex<Option<Locked>>,
    checked: Mutex<Instant>,
}

impl Files {
    /// Records the identities of the files: the logs and the mark must be open by now.
    pub(in crate::store) fn of(dir: &Path, mark: &Path, locked: Locked) -> io::Result<Self> {
        let [first, second] = write_ahead::paths(dir);
        let folders = [locked.home.clone(), dir.to_owned()];
        let files = [dir.join("db"), first, second, mark.to_owned()];
        let opened =
            folders.into_iter().chain(files).map(|path| Ok((path.clone(), identity(&path)?)));
        let opened = opened.collect::<io::Result<_>>()?;
        let (locked, checked) = (Mutex::new(Some(locked)), Mutex::new(Instant::now()));
        Ok(Self { opened, locked, checked })
    }

    /// Releases the lock, so that another process can open the store.
    pub(in crate::store) fn unlock(&self) {
        drop(sync::lock(&self.locked).take());
    }

    /// Checks that all files are still in place; the result is at most 20 ms old.
    pub(in crate::store) fn check(&self) -> Result<(), String> {
        {
            let mut checked = sync::lock(&self.checked);
            if checked.elapsed() < CHECK_EVERY {
                return Ok(());
            }
            *checked = Instant::now();
        }
        self.opened.iter().try_for_each(|(path, opened)| {
            let what = match identity(path) {
                Ok(found) if found == *opened => return Ok(()),
                Ok(_) => "was replaced".to_owned(),
                Err(error) if error.kind() == io::ErrorKind::NotFound => "was deleted".to_owned(),
                // Other errors, such as too many open files, say nothing about the file.
                Err(_) => return Ok(()),
            };
            Err(format!(
                "{} {what} while the server was running; nothing is written until it is started \
                 again: stop it, and restore the data folder",
                path.display()
            ))
        })
    }
}

fn identity(path: &Path) -> io::Result<Identity> {
    fs::metadata(path).map(|found| (found.dev(), found.ino()))
}
