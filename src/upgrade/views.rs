//! Copies of the files of views, while a server writes them.
//!
//! `SQLite` changes a file that it opens, and the server would rebuild the view. So the files are
//! read as bytes. A copy counts only when nothing was written before and during it.

use crate::files::{beside, private_folder, unless_missing};
use std::{
    fs, io,
    path::{Path, PathBuf},
    thread,
    time::{Duration, SystemTime},
};

/// How long a file must not have been written, so that a later write changes its time.
const QUIET_FOR: Duration = Duration::from_millis(20);

/// How often a view is tried.
const TRIES: usize = 50;

/// The size and the time of the last write, of a file and its log.
type Stamp = [Option<(u64, SystemTime)>; 2];

/// Copies the files of all views; returns what could not be copied.
///
/// # Errors
/// When a folder cannot be read, or a copy cannot be written.
pub fn copy_all(from: &Path, to: &Path) -> io::Result<Vec<String>> {
    let mut missed = Vec::new();
    if !from.is_dir() {
        missed.push("the rows of views, whose files are not here".to_owned());
        return Ok(missed);
    }
    for entry in fs::read_dir(from)? {
        let path = entry?.path();
        let Some(name) = path.file_name().filter(|_| path.extension().is_some_and(is_view)) else {
            continue;
        };
        private_folder(to)?;
        if !copy_quiet(&path, &to.join(name))? {
            let name = name.display();
            missed.push(format!("the file {name}, which the server writes all the time"));
        }
    }
    Ok(missed)
}

fn is_view(extension: &std::ffi::OsStr) -> bool {
    extension == "sqlite"
}

/// Copies the file of a view and its log, unless it is written all the time.
fn copy_quiet(from: &Path, to: &Path) -> io::Result<bool> {
    for _ in 0..TRIES {
        let before = stamp(from);
        // A view that is built again has no file for a moment.
        if before[0].is_some() && is_quiet(&before) {
            if unless_missing(fs::copy(from, to))?.is_none() {
                continue;
            }
            let log = log_of(to);
            unless_missing(fs::copy(log_of(from), &log))?;
            if stamp(from) == before {
                return Ok(true);
            }
            fs::remove_file(to)?;
            let _ = fs::remove_file(log);
        }
        thread::park_timeout(QUIET_FOR);
    }
    Ok(false)
}

fn stamp(path: &Path) -> Stamp {
    let of = |path: &Path| {
        let metadata = fs::metadata(path).ok()?;
        Some((metadata.len(), metadata.modified().ok()?))
    };
    [of(path), of(&log_of(path))]
}

fn is_quiet(stamp: &Stamp) -> bool {
    let now = SystemTime::now();
    let mut written = stamp.iter().flatten().map(|(_, written)| written);
    written.all(|at| now.duration_since(*at).is_ok_and(|past| past >= QUIET_FOR))
}

fn log_of(path: &Path) -> PathBuf {
    beside(path, "-wal")
}
