//! Stamps of a file and its companions after the last write, to detect changes by other processes.
//!
//! Only the writing connection changes the file or its log, so any difference comes from another
//! process. Such a process deletes, replaces, shortens or overwrites a file, or drops a table. A
//! stamp costs three calls of `stat`, a few microseconds.

use crate::files::beside;
use std::{fs, os::unix::fs::MetadataExt as _, path::Path};

/// The state of a database file, its log and its shared memory at one time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct FileStamp {
    file: Option<Looks>,
    log: Option<Looks>,
    /// The shared memory: only its identity counts, because readers write into it.
    memory: Option<Identity>,
}

/// Identity, length and time of the last write of a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Looks {
    identity: Identity,
    bytes: u64,
    modified: (i64, i64),
}

/// Device and inode.
type Identity = (u64, u64);

impl FileStamp {
    /// Returns the stamp of the files now.
    pub(super) fn of(path: &Path) -> Self {
        let memory = fs::metadata(beside(path, "-shm")).ok();
        Self {
            file: looks(path),
            log: looks(&beside(path, "-wal")),
            memory: memory.map(|memory| (memory.dev(), memory.ino())),
        }
    }

    /// Returns what another process changed, as a sentence; `None` when nothing changed.
    pub(super) fn difference(&self, now: &Self) -> Option<String> {
        if self == now {
            return None;
        }
        let compare = |what: &str, then: Option<Looks>, now: Option<Looks>| match (then, now) {
            (then, now) if then == now => None,
            (_, None) => Some(format!("{what} was deleted")),
            (Some(then), Some(now)) if then.identity == now.identity => {
                Some(format!("{what} was written to by another process"))
            }
            _ => Some(format!("{what} was replaced")),
        };
        compare("the file", self.file, now.file)
            .or_else(|| compare("its log", self.log, now.log))
            .or_else(|| Some("its shared memory was deleted or replaced".to_owned()))
    }

    /// Returns which file was replaced or deleted before a later stamp, as a sentence. `None` when
    /// all are the same files, with any content. A log and its memory may begin to exist.
    pub(super) fn exchanged(&self, later: &Self) -> Option<String> {
        let file = |looks: Option<Looks>| looks.map(|looks| looks.identity);
        let compare = |what: &str, then: Option<Identity>, now: Option<Identity>| match (then, now)
        {
            (Some(then), Some(now)) if then == now => None,
            (None, _) => None,
            (Some(_), None) => Some(format!("{what} was deleted")),
            (Some(_), Some(_)) => Some(format!("{what} was replaced")),
        };
        compare("the file", file(self.file), file(later.file))
            .or_else(|| compare("its log", file(self.log), file(later.log)))
            .or_else(|| compare("its shared memory", self.memory, later.memory))
    }
}

fn looks(path: &Path) -> Option<Looks> {
    let file = fs::metadata(path).ok()?;
    let modified = (file.mtime(), file.mtime_nsec());
    Some(Looks { identity: (file.dev(), file.ino()), bytes: file.len(), modified })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_deleted_or_replaced_during_a_write_are_detected_after_it() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("view.sqlite");
        fs::write(&path, "rows").expect("is written");
        let before = FileStamp::of(&path);
        fs::write(beside(&path, "-wal"), "more").expect("is written");
        fs::write(&path, "other rows").expect("is written");
        let written = FileStamp::of(&path);
        assert_eq!(before.exchanged(&written), None);

        fs::remove_file(beside(&path, "-wal")).expect("is removed");
        let difference = written.exchanged(&FileStamp::of(&path));
        assert_eq!(difference.as_deref(), Some("its log was deleted"));
        fs::write(folder.path().join("another"), "rows").expect("is written");
        fs::rename(folder.path().join("another"), &path).expect("is renamed");
        let difference = written.exchanged(&FileStamp::of(&path));
        assert_eq!(difference.as_deref(), Some("the file was replaced"));
        fs::remove_file(&path).expect("is removed");
        let difference = written.exchanged(&FileStamp::of(&path));
        assert_eq!(difference.as_deref(), Some("the file was deleted"));
    }
}
