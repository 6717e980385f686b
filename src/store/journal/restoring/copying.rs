//! Copying a journal into a new folder for a check: from pages, or from the files of a stopped
//! server. The original is only read.

use super::{Target, Writing, at, numbers::FreeNumbers, opened, wait_until_released};
use crate::store::{
    backup::{BackupError, Chunk, Pages, Part, State},
    disk::{FORMAT, Locked, files},
};
use std::{collections::HashSet, fs, io, path::Path};

/// What was copied of a journal.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Copied {
    /// The position of the last record.
    pub position: u64,
    /// The reason why the snapshots are not in the copy; `None` when they are.
    pub without_snapshots: Option<String>,
}

/// Copies a journal into a new data folder, as of one position: records, answers, snapshots and the
/// state beside the records. `progress` receives the position reached and the position at the end.
///
/// # Errors
/// When a page cannot be read, the journal is of a newer format, or the folder is not empty or
/// cannot be written.
pub fn copy(
    pages: &mut dyn Pages,
    data: &Path,
    progress: &mut dyn FnMut(u64, u64),
) -> Result<Copied, BackupError> {
    let begun = State::of_page(&pages.page(Part::State)?)?;
    check_format(&begun)?;
    let target = Target::begin(data)?;
    let dir = data.join("journal");
    let mut writing = Writing::begin(opened(&dir)?, &begun, HashSet::new())?;
    // A snapshot that is read before the last position belongs to records up to it.
    let without_snapshots = copy_snapshots(pages, &mut writing, begun.format)?;
    let state = State::of_page(&pages.page(Part::State)?)?;
    if (state.store, &state.kinds) != (begun.store, &begun.kinds) {
        let reason = "the server was started again during the check; run it again";
        return Err(BackupError(reason.to_owned()));
    }
    writing.conversations(&state, state.position, &|_, _, value, _| Some(value))?;
    let mut numbers = FreeNumbers::after(0);
    while writing.position() < state.position {
        let after = writing.position();
        let page = pages.page(Part::Records { after, to: state.position })?;
        let records = Chunk::records_of(&page)?;
        numbers.pass(&records);
        records.into_iter().try_for_each(|record| writing.record(record))?;
        if writing.position() == after {
            return Err(BackupError(format!("the journal returns no record after {after}")));
        }
        progress(writing.position(), state.position);
    }
    copy_answers(pages, &mut writing, state.position)?;
    writing.finish(&state, &numbers)?;
    wait_until_released(&dir);
    target.end()?;
    Ok(Copied { position: state.position, without_snapshots })
}

/// Refuses a store that a newer binary has written.
fn check_format(state: &State) -> Result<(), BackupError> {
    if state.format <= FORMAT {
        return Ok(());
    }
    let found = state.format;
    Err(BackupError(format!(
        "the store has format {found}, this binary knows format {FORMAT}: this would be a \
         downgrade; use a newer binary, or restore a backup that an older one made"
    )))
}

/// Copies the snapshots; returns the reason when there are none to be had.
fn copy_snapshots(
    pages: &mut dyn Pages,
    writing: &mut Writing,
    format: u32,
) -> Result<Option<String>, BackupError> {
    if format != FORMAT {
        return Ok(Some(format!("they have format {format}, and are read in format {FORMAT}")));
    }
    let mut after = None;
    loop {
        // A server of an earlier version does not return them.
        let page = match pages.page(Part::Snapshots { after }) {
            Ok(page) => page,
            Err(error) if after.is_none() => return Ok(Some(error.0)),
            Err(error) => return Err(error),
        };
        let mut last = None;
        for chunk in Chunk::all_of(&page).map_err(BackupError)? {
            let Chunk::Snapshots(snapshots) = chunk else { continue };
            last = snapshots.last().map(|(stream, _)| *stream);
            writing.snapshots(&snapshots)?;
        }
        if last.is_none() || last == after {
            return Ok(None);
        }
        after = last;
    }
}

/// Copies the answers to requests up to this position.
fn copy_answers(
    pages: &mut dyn Pages,
    writing: &mut Writing,
    position: u64,
) -> Result<(), BackupError> {
    let mut after = None;
    loop {
        let page = pages.page(Part::Answers { after })?;
        let mut last = None;
        for chunk in Chunk::all_of(&page).map_err(BackupError)? {
            let Chunk::Answers(answers) = chunk else { continue };
            last = answers.last().map(|(key, _)| *key);
            writing.answers(answers, (position, position))?;
        }
        if last.is_none() || last <= after {
            return Ok(());
        }
        after = last;
    }
}

/// Copies the files of a stopped server's journal and views into a new data folder. A server cannot
/// start meanwhile.
///
/// # Errors
/// When a process has the journal open, or a file cannot be read or written.
pub fn copy_files(
    from: &Path,
    to: &Path,
    progress: &mut dyn FnMut(u64, u64),
) -> Result<(), BackupError> {
    let dir = from.join("journal");
    let _locked = Locked::take(&dir).map_err(|error| BackupError(error.to_string()))?;
    let target = Target::begin(to)?;
    let mark = files::mark_path(&dir);
    let total = size_of(&dir) + size_of(&from.join("views"));
    let mut done = 0;
    let mut tell = |bytes| {
        done += bytes;
        progress(done, total);
    };
    for name in ["journal", "views"] {
        copy_folder(&from.join(name), &to.join(name), &mut tell)?;
    }
    if mark.exists() {
        let copied = to.join(mark.file_name().unwrap_or_default());
        fs::copy(&mark, copied).map_err(|error| at(&mark, &error))?;
    }
    target.end()
}

/// The bytes in the files of a folder and those below it.
#[must_use]
pub fn size_of(folder: &Path) -> u64 {
    let entries = fs::read_dir(folder).into_iter().flatten().filter_map(Result::ok);
    let size = |entry: fs::DirEntry| match entry.metadata() {
        Ok(metadata) if metadata.is_dir() => size_of(&entry.path()),
        Ok(metadata) => metadata.len(),
        Err(_) => 0,
    };
    entries.map(size).sum()
}

fn copy_folder(from: &Path, to: &Path, tell: &mut dyn FnMut(u64)) -> Result<(), BackupError> {
    let entries = match fs::read_dir(from) {
        Ok(entries) => entries,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        Err(error) => return Err(at(from, &error)),
    };
    fs::create_dir_all(to).map_err(|error| at(to, &error))?;
    for entry in entries {
        let entry = entry.map_err(|error| at(from, &error))?;
        let (path, copied) = (entry.path(), to.join(entry.file_name()));
        if path.is_dir() {
            copy_folder(&path, &copied, tell)?;
        } else {
            tell(fs::copy(&path, &copied).map_err(|error| at(&path, &error))?);
        }
    }
    Ok(())
}
