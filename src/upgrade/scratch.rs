//! The folder of the copy. It is removed at the end, at a signal, and by the next check.

use crate::{
    files::{private_folder, unless_missing},
    store::journal::{JournalOptions, size_of},
};
use rustix::fs::statvfs;
use std::{
    fs::{self, File, TryLockError},
    io,
    path::{Path, PathBuf},
    thread,
};
use tokio::{
    runtime,
    signal::unix::{SignalKind, signal},
    sync::oneshot,
};

/// The name of the folder in the data folder.
const NAME: &str = "check-upgrade";

/// The file that is locked as long as a check uses the folder. A folder with it is one of a check.
const LOCK: &str = ".madang-check-upgrade";

/// The folders of the copy.
const DATA: &str = "data";
const VIEWS: &str = "views";

/// The base of the exit code after a signal, as if the signal had ended the process.
const KILLED_BY: i32 = 128;

/// A folder for the copy; it is removed when this is dropped.
#[derive(Debug)]
pub struct Scratch {
    folder: PathBuf,
    data: PathBuf,
    _lock: File,
    /// The wait for a signal ends with it.
    _over: oneshot::Sender<()>,
}

impl Scratch {
    /// Makes the folder, and removes the one of a check that was interrupted.
    ///
    /// # Errors
    /// When another check uses the folder, it holds anything else, the copy would need the space
    /// that the server keeps free, or the folder cannot be made.
    pub fn begin(data: &Path, at: Option<&Path>) -> Result<Self, String> {
        let folder = at.map_or_else(|| data.join(NAME), Path::to_owned);
        let failed = |error: &io::Error| failed_at(&folder, error);
        if !data.is_dir() {
            return Err(format!("{}: there is no data folder here", data.display()));
        }
        if folder.exists() && !folder.join(LOCK).exists() {
            return Err(format!("{} exists already; name a new folder", folder.display()));
        }
        private_folder(&folder).map_err(|error| failed(&error))?;
        let lock = File::create(folder.join(LOCK)).map_err(|error| failed(&error))?;
        if matches!(lock.try_lock(), Err(TryLockError::WouldBlock)) {
            return Err(format!("{}: another check runs", folder.display()));
        }
        let (over, is_over) = oneshot::channel();
        let scratch = Self { data: folder.join(DATA), folder, _lock: lock, _over: over };
        remove_copy(&scratch.folder).map_err(|error| failed_at(&scratch.folder, &error))?;
        scratch.check_space(data)?;
        scratch.remove_at_a_signal(is_over).map_err(|error| error.to_string())?;
        Ok(scratch)
    }

    /// The data folder of the copy.
    #[must_use]
    pub fn data(&self) -> &Path {
        &self.data
    }

    /// The folder of the views until the journal is copied, because a journal is copied into an
    /// empty folder.
    #[must_use]
    pub fn views(&self) -> PathBuf {
        self.folder.join(VIEWS)
    }

    /// Refuses a copy that would need the space that the server keeps free.
    fn check_space(&self, data: &Path) -> Result<(), String> {
        let needed = size_of(&data.join("journal")) + size_of(&data.join("views"));
        let kept = JournalOptions::default().reserve_bytes;
        let found = statvfs(&self.folder).map_err(|error| error.to_string())?;
        let free = found.f_bavail.saturating_mul(found.f_frsize);
        if free >= needed.saturating_add(kept) {
            return Ok(());
        }
        Err(format!(
            "{}: the copy needs up to {needed} bytes beside {kept} that stay free, and {free} are \
             free; name a folder on another disk with --scratch",
            self.folder.display()
        ))
    }

    /// Removes the folder and ends the process at SIGINT and SIGTERM.
    fn remove_at_a_signal(&self, is_over: oneshot::Receiver<()>) -> io::Result<()> {
        let waiting = runtime::Builder::new_current_thread().enable_all().build()?;
        let (mut interrupt, mut terminate) = {
            let _entered = waiting.enter();
            (signal(SignalKind::interrupt())?, signal(SignalKind::terminate())?)
        };
        let folder = self.folder.clone();
        let wait = async move {
            let kind = tokio::select! {
                _ = interrupt.recv() => SignalKind::interrupt(),
                _ = terminate.recv() => SignalKind::terminate(),
                _ = is_over => return,
            };
            // The check still writes: what it adds is removed by the next check.
            let _ = remove(&folder);
            exit(KILLED_BY + kind.as_raw_value());
        };
        thread::Builder::new().name("signals".to_owned()).spawn(move || waiting.block_on(wait))?;
        Ok(())
    }
}

fn failed_at(folder: &Path, error: &io::Error) -> String {
    format!("{}: {error}", folder.display())
}

/// Removes the folder. Nothing is removed but what a check has made; its file is the last, so that
/// an interrupted removal leaves the folder of a check.
fn remove(folder: &Path) -> io::Result<()> {
    remove_copy(folder)?;
    fs::remove_file(folder.join(LOCK))?;
    fs::remove_dir(folder)
}

/// Removes the copy in this folder.
fn remove_copy(folder: &Path) -> io::Result<()> {
    for name in [DATA, VIEWS] {
        unless_missing(fs::remove_dir_all(folder.join(name)))?;
    }
    Ok(())
}

impl Drop for Scratch {
    fn drop(&mut self) {
        if let Err(error) = remove(&self.folder) {
            tracing::warn!(folder = %self.folder.display(), %error, "the copy was not removed");
        }
    }
}

#[expect(clippy::disallowed_methods, reason = "the check is at work in other threads")]
fn exit(code: i32) -> ! {
    std::process::exit(code)
}
