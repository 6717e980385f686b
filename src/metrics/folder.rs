//! The bytes of the files in the data folder, and of their file system.

use rustix::fs::statvfs;
use std::{
    fs,
    path::{Path, PathBuf},
};

/// The most entries of a folder that are counted.
const ENTRIES_MAX: usize = 10_000;

/// The files of the journal by their purpose, and the names that each begins with.
const PARTS: [(&str, &[&str]); 4] = [
    ("journal", &["db"]),
    ("write-ahead log", &["wal."]),
    ("blobs", &["blobs"]),
    ("snapshots", &["snap."]),
];

/// The endings of the files of one view.
const OF_VIEW: [&str; 3] = ["", "-wal", "-shm"];

/// The bytes of a file system.
#[derive(Clone, Copy, Debug)]
pub struct FileSystem {
    /// The bytes that the process may still use.
    pub free_bytes: u64,
    /// All bytes.
    pub size_bytes: u64,
}

/// The bytes of the file system of a folder; `None` when it cannot be read.
#[must_use]
pub fn file_system(folder: &Path) -> Option<FileSystem> {
    let found = statvfs(folder).ok()?;
    Some(FileSystem {
        free_bytes: found.f_bavail.saturating_mul(found.f_frsize),
        size_bytes: found.f_blocks.saturating_mul(found.f_frsize),
    })
}

/// The bytes of the files of the journal in this folder, by their purpose.
#[must_use]
pub fn bytes_of(journal: &Path) -> [(&'static str, u64); 4] {
    let mut bytes = PARTS.map(|(part, _)| (part, 0));
    for entry in entries(journal) {
        let name = entry.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let is_of = |begins: &[&str]| begins.iter().any(|begin| name.starts_with(begin));
        let Some(part) = PARTS.iter().position(|(_, begins)| is_of(begins)) else { continue };
        bytes[part].1 += if entry.is_dir() {
            entries(&entry).iter().map(|file| length(file)).sum()
        } else {
            length(&entry)
        };
    }
    bytes
}

/// The bytes of the files of a view whose rows are in this file.
#[must_use]
pub fn bytes_of_view(rows: &Path) -> u64 {
    let file = |ending: &&str| {
        let mut path = rows.as_os_str().to_owned();
        path.push(ending);
        length(&PathBuf::from(path))
    };
    OF_VIEW.iter().map(file).sum()
}

fn entries(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    entries.take(ENTRIES_MAX).map(|entry| entry.path()).collect()
}

fn length(file: &Path) -> u64 {
    fs::metadata(file).map_or(0, |found| found.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_files_of_the_journal_and_of_a_view_are_summed_up() {
        let folder = tempfile::tempdir().expect("a folder");
        fs::create_dir(folder.path().join("blobs")).expect("made");
        for (name, bytes) in [
            ("db", 5),
            ("wal.0", 2),
            ("wal.1", 3),
            ("blobs/1", 4),
            ("v.sqlite", 6),
            ("v.sqlite-wal", 1),
        ] {
            fs::write(folder.path().join(name), vec![0; bytes]).expect("written");
        }
        let expected = [("journal", 5), ("write-ahead log", 5), ("blobs", 4), ("snapshots", 0)];
        assert_eq!(bytes_of(folder.path()), expected);
        assert_eq!(bytes_of_view(&folder.path().join("v.sqlite")), 7);
        assert!(file_system(folder.path()).is_some_and(|it| it.free_bytes <= it.size_bytes));
    }
}
