//! Restoring a journal from a backup into an empty folder.
//!
//! ```text
//! check every byte, find the cut ──▶ marker ──▶ records, answers, state ──▶ reopen ──▶ no marker
//! ```
//! While the marker exists, the folder is refused by everything but a further restore, which
//! begins again.

mod copying;
mod cutting;
mod numbers;
mod target;
mod writing;

use super::open::{self, Opened};
use crate::store::{
    backup::{Backup, BackupError, Chunk, Content, State},
    disk::{FORMAT, reading, synced},
    types::{JournalOptions, StoredOutcome},
};
use cutting::Cutter;
use numbers::FreeNumbers;
use std::{
    collections::HashSet,
    fs, io,
    os::unix::fs::OpenOptionsExt as _,
    path::Path,
    thread,
    time::{Duration, Instant},
};
use writing::Writing;

pub use copying::{Copied, copy, copy_files, size_of};
pub use cutting::Cut;
pub use target::Target;

/// The longest wait until a closed store has released its folder.
const RELEASED_WITHIN: Duration = Duration::from_secs(5);

/// The interval of the checks whether it has.
const LOOK_EVERY: Duration = Duration::from_millis(1);

/// How a backup is restored.
#[derive(Clone, Debug)]
pub struct Restore {
    /// The last record that is restored.
    pub cut: Cut,
    /// So many numbers of each kind are not assigned after those in the backup.
    pub skipped_numbers: u64,
}

/// The part of a restore that is in progress.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stage {
    /// The backup is read and checked; progress counts bytes.
    Checking,
    /// Records are written; progress counts them.
    Writing,
}

/// What was restored.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Restored {
    /// The position of the last record.
    pub position: u64,
    /// The number of answers under idempotency keys.
    pub answers: u64,
}

/// Changes the stored state of a conversation so that it fits a journal that ends at a position;
/// `None` to leave it out. The arguments are the name of the subscriber, the number, the state and
/// the position.
pub type Fit<'a> = &'a dyn Fn(&str, u64, Vec<u8>, u64) -> Option<Vec<u8>>;

/// Restores a backup into the data folder, which must be empty or missing, or the target of a
/// restore that was interrupted. `progress` receives the stage, what is done, and all there is.
///
/// # Errors
/// When the backup is damaged or does not reach the cut, no record is before the cut, the folder holds
/// something else, or the disk fails.
pub fn restore(
    backup: &Backup,
    data: &Path,
    how: &Restore,
    fit: Fit<'_>,
    progress: &mut dyn FnMut(Stage, u64, u64),
) -> Result<Restored, BackupError> {
    Target::check(data)?;
    let plan = Plan::of(backup, how, progress)?;
    // An empty backup has an empty restore; otherwise it is a mistake.
    if plan.position == 0 && how.cut != Cut::End {
        return Err(BackupError(
            "no record of the backup is as old as that: nothing is restored".to_owned(),
        ));
    }
    let target = Target::begin(data)?;
    let dir = data.join("journal");
    let mut writing = Writing::begin(opened(&dir)?, &plan.state, plan.late)?;
    writing.conversations(&plan.state, plan.position, fit)?;
    write_records(backup, plan.position, &mut writing, progress)?;
    let mut answers = 0;
    backup.read(
        Content::Answers,
        &mut |chunk| {
            let Chunk::Answers(all) = chunk else { return Ok(()) };
            answers += writing.answers(all, (plan.position, plan.known))?;
            Ok(())
        },
        &mut |_| (),
    )?;
    writing.finish(&plan.state, &plan.numbers)?;
    write_keys(backup, data)?;
    wait_until_released(&dir);
    let reopened = opened(&dir)?;
    let head = reading::head(&reopened.disk.db).map_err(|error| BackupError(error.to_string()))?;
    if head.position != plan.position {
        return Err(BackupError(format!("the journal ends at position {}", head.position)));
    }
    drop(reopened);
    wait_until_released(&dir);
    target.end()?;
    Ok(Restored { position: plan.position, answers })
}

/// What is known of a backup after all of it was checked.
struct Plan {
    position: u64,
    state: State,
    /// The answers up to this position belong to the journal up to the cut.
    known: u64,
    /// The keys of the answers that were stored later.
    late: HashSet<u128>,
    numbers: FreeNumbers,
}

impl Plan {
    fn of(
        backup: &Backup,
        how: &Restore,
        progress: &mut dyn FnMut(Stage, u64, u64),
    ) -> Result<Self, BackupError> {
        let total = backup.manifest().bytes();
        let mut cutter = Cutter::new(how.cut, backup.manifest().position);
        let (mut state, mut late, mut passed) = (None, HashSet::new(), 0);
        let mut numbers = FreeNumbers::after(how.skipped_numbers);
        for content in [Content::Records, Content::State, Content::Answers, Content::Keys] {
            let before = passed;
            let mut tell = |bytes| {
                passed = before + bytes;
                progress(Stage::Checking, passed, total);
            };
            let mut each = |chunk| {
                match chunk {
                    Chunk::Records(records) => {
                        cutter.pass(&records);
                        numbers.pass(&records);
                    }
                    Chunk::State(found) => state = Some(found),
                    Chunk::Answers(answers) => {
                        let known = backup.manifest().answers_known_at(cutter.position());
                        let later = answers.into_iter().filter(|(_, it)| it.position > known);
                        late.extend(later.map(|(key, _)| key));
                    }
                    Chunk::Head(_) | Chunk::Key(..) | Chunk::Snapshots(_) => {}
                }
                Ok(())
            };
            backup.read(content, &mut each, &mut tell)?;
        }
        let position = cutter.checked()?;
        let state = state.ok_or_else(|| BackupError("the backup has no state".to_owned()))?;
        if state.format > FORMAT {
            let found = state.format;
            return Err(BackupError(format!(
                "the backup is of a store of format {found}, this binary knows format {FORMAT}: \
                 use a newer binary"
            )));
        }
        let known = backup.manifest().answers_known_at(position);
        Ok(Self { position, state, known, late, numbers })
    }
}

fn write_records(
    backup: &Backup,
    position: u64,
    writing: &mut Writing,
    progress: &mut dyn FnMut(Stage, u64, u64),
) -> Result<(), BackupError> {
    let mut each = |chunk| {
        let Chunk::Records(records) = chunk else { return Ok(()) };
        for record in records.into_iter().take_while(|record| record.position <= position) {
            writing.record(record)?;
            if writing.is_at_commit() {
                progress(Stage::Writing, writing.position(), position);
            }
        }
        Ok(())
    };
    backup.read(Content::Records, &mut each, &mut |_| ())?;
    progress(Stage::Writing, position, position);
    Ok(())
}

/// Writes the files of keys into the data folder.
fn write_keys(backup: &Backup, data: &Path) -> Result<(), BackupError> {
    let mut each = |chunk| {
        let Chunk::Key(name, content) = chunk else { return Ok(()) };
        let path = data.join(&name);
        if Path::new(&name).file_name().is_none_or(|file| file != name.as_str()) {
            return Err(BackupError(format!("{name:?} is not the name of a file")));
        }
        let write = || {
            let mut file = fs::OpenOptions::new();
            let mut file = file.write(true).create(true).truncate(true).mode(0o600).open(&path)?;
            io::Write::write_all(&mut file, &content)?;
            file.sync_all()
        };
        write().map_err(|error| at(&path, &error))
    };
    backup.read(Content::Keys, &mut each, &mut |_| ())
}

/// Opens the journal that is being restored.
fn opened(dir: &Path) -> Result<Opened, BackupError> {
    let options = JournalOptions { is_unfinished: true, ..JournalOptions::default() };
    open::open(dir, &options).map_err(|error| BackupError(error.to_string()))
}

fn at(path: &Path, error: &io::Error) -> BackupError {
    BackupError(format!("{}: {error}", path.display()))
}

/// Waits until the threads of sled have released the folder: the next opening would be refused.
fn wait_until_released(dir: &Path) {
    let begun = Instant::now();
    while synced::is_held(dir) && begun.elapsed() < RELEASED_WITHIN {
        thread::park_timeout(LOOK_EVERY);
    }
}

/// The answer that stands for a later one whose command was carried out before the cut. The server
/// computes the rest when a client asks again.
const fn accepted(version: u32) -> StoredOutcome {
    StoredOutcome::Accepted { version }
}
