//! What a file and its companions looked like when we last wrote: who else touches them is noticed.
//!
//! Nobody but our one writing connection ever changes the file or its log, so that any difference
//! is somebody else's doing: a file deleted, replaced, cut short or written over, a table dropped
//! by another process. Three calls of `stat`, a few microseconds.

use super::paths::beside;
use std::{fs, os::unix::fs::MetadataExt as _, path::Path};

/// What a database file, its log and its shared memory looked like.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct FileStamp {
    file: Option<Looks>,
    log: Option<Looks>,
    /// Readers write into it: only which file it is counts.
    memory: Option<Identity>,
}

/// Which file, how long it is, and when it was last written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Looks {
    identity: Identity,
    bytes: u64,
    modified: (i64, i64),
}

/// Device and inode.
type Identity = (u64, u64);

impl FileStamp {
    /// How the files look now.
    pub(super) fn of(path: &Path) -> Self {
        let memory = fs::metadata(beside(path, "-shm")).ok();
        Self {
            file: looks(path),
            log: looks(&beside(path, "-wal")),
            memory: memory.map(|memory| (memory.dev(), memory.ino())),
        }
    }

    /// What somebody else did, as a sentence; `None` when nobody did anything.
    pub(super) fn difference(&self, now: &Self) -> Option<String> {
        if self == now {
            return None;
        }
        let compare = |what: &str, then: Option<Looks>, now: Option<Looks>| match (then, now) {
            (then, now) if then == now => None,
            (_, None) => Some(format!("{what} was deleted")),
            (Some(then), Some(now)) if then.identity == now.identity => {
                Some(format!("{what} was written to by somebody else"))
            }
            _ => Some(format!("{what} was replaced")),
        };
        compare("the file", self.file, now.file)
            .or_else(|| compare("its log", self.log, now.log))
            .or_else(|| Some("its shared memory was deleted or replaced".to_owned()))
    }

    /// How the files of a later stamp are other ones, as a sentence; `None` when they are the same,
    /// whatever was written to them. A log and its memory may begin to exist.
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
    fn files_deleted_or_replaced_while_they_are_written_to_are_noticed_after_the_write() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("view.sqlite");
        fs::write(&path, "rows").expect("is written");
        let before = FileStamp::of(&path);
        fs::write(beside(&path, "-wal"), "more").expect("is written");
        fs::write(&path, "other rows").expect("is written");
        let written = FileStamp::of(&path);
        assert_eq!(before.exchanged(&written), None);

        fs::remove_file(beside(&path, "-wal")).expect("is removed");
        let said = written.exchanged(&FileStamp::of(&path));
        assert_eq!(said.as_deref(), Some("its log was deleted"));
        fs::write(folder.path().join("another"), "rows").expect("is written");
        fs::rename(folder.path().join("another"), &path).expect("is renamed");
        let said = written.exchanged(&FileStamp::of(&path));
        assert_eq!(said.as_deref(), Some("the file was replaced"));
        fs::remove_file(&path).expect("is removed");
        let said = written.exchanged(&FileStamp::of(&path));
        assert_eq!(said.as_deref(), Some("the file was deleted"));
    }
}
