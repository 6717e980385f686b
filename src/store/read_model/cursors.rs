//! Cursors of the views in a folder, read before any view is opened. They are further evidence of
//! the last position of the journal.

use super::{
    fault::{Fault, OpenProblem},
    queries, schema,
};
use rusqlite::{Connection, OpenFlags};
use std::{
    fs, io,
    path::{Path, PathBuf},
};

/// Returns the view in this folder with the greatest cursor, and that cursor. An unreadable file is
/// ignored: it is rebuilt from the journal.
#[must_use]
pub fn furthest(folder: &Path) -> Option<(PathBuf, u64)> {
    let cursors = files(folder).into_iter().filter_map(|path| cursor(&path).map(|at| (path, at)));
    cursors.max_by_key(|(_, position)| *position)
}

/// Deletes the views in this folder that are past this position; they are rebuilt.
///
/// # Errors
/// When a file cannot be deleted.
pub fn discard_past(folder: &Path, position: u64) -> io::Result<()> {
    for path in files(folder) {
        if cursor(&path).is_some_and(|at| at <= position) {
            continue;
        }
        discard(&path)?;
    }
    Ok(())
}

/// Deletes a view; it is rebuilt. A damaged file is not kept aside.
///
/// # Errors
/// When a file cannot be deleted.
pub fn discard(path: &Path) -> io::Result<()> {
    schema::clear_away(path, &OpenProblem::Missing)
}

fn files(folder: &Path) -> Vec<PathBuf> {
    let Ok(entries) = fs::read_dir(folder) else { return Vec::new() };
    let paths = entries.filter_map(|entry| Some(entry.ok()?.path()));
    let mut files: Vec<_> =
        paths.filter(|path| path.extension().is_some_and(|ending| ending == "sqlite")).collect();
    files.sort_unstable();
    files
}

fn cursor(path: &Path) -> Option<u64> {
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let reader = Connection::open_with_flags(path, flags).ok()?;
    match queries::meta(&reader) {
        Ok(meta) => Some(meta.cursor),
        // A damaged view implies nothing about the journal; it is rebuilt.
        Err(Fault::Damaged(_)) => None,
        // Files of older formats have no checksum.
        Err(_) => {
            let cursor = reader.query_row("SELECT cursor FROM meta", [], |row| row.get(0));
            cursor.ok().map(i64::cast_unsigned)
        }
    }
}
