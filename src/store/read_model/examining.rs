//! Checks whether a file still has the content that was written, and seals files so that this check
//! is fast.
//!
//! ```text
//! closed cleanly: log empty, sealed ─▶ length and checksum of all bytes are compared
//! not closed, or its seal is gone   ─▶ log frame by frame (before SQLite reads it), then each
//!                                      row's checksum, the count, and all indexes
//! ```

use super::{
    ReadModel,
    fault::{Fault, OpenProblem, ReadModelError},
    owners, queries, schema,
    seal::{self, Progressing, Seal},
    stamp::FileStamp,
    wal,
};
use crate::{counted::counted, files::beside, sync};
use rusqlite::Connection;
use std::{
    fs::{self, File},
    io::{self, Read as _},
    path::Path,
    sync::atomic::Ordering,
    time::Duration,
};

/// Rows examined between two reports of progress.
const PROGRESS_ROWS: u64 = 4_096;

/// Longest time that closing waits for reads in progress.
const CLOSE_BUSY_MAX: Duration = Duration::from_millis(250);

/// Offset of the header field that names the kind of log for writing and reading.
const LOG_KINDS_AT: usize = 18;

/// The value of that field for a write-ahead log.
const WRITE_AHEAD: [u8; 2] = [2, 2];

/// Checks the log of a file that is about to be opened, unless an empty log and a seal make that
/// unnecessary.
pub(super) fn check_log(path: &Path) -> Result<(), OpenProblem> {
    let damaged = OpenProblem::Damaged;
    let log = fs::metadata(beside(path, "-wal")).map(|log| log.len());
    let log_bytes = match log {
        Ok(bytes) => Some(bytes),
        Err(error) if error.kind() == io::ErrorKind::NotFound => None,
        Err(error) => return Err(damaged(format!("its log cannot be read: {error}"))),
    };
    if log_bytes.unwrap_or_default() == 0 && Seal::read(path).is_some() {
        return Ok(());
    }
    let kinds =
        log_kinds(path).map_err(|error| damaged(format!("its header cannot be read: {error}")))?;
    match log_bytes {
        // A file that was never opened in its place has no log.
        None if kinds == WRITE_AHEAD => Err(damaged("its log was deleted".to_owned())),
        Some(1..) if kinds != WRITE_AHEAD => {
            Err(damaged("its header does not mention its log".to_owned()))
        }
        Some(1..) => wal::check(&beside(path, "-wal"), &beside(path, "-shm")).map_err(damaged),
        None | Some(0) => Ok(()),
    }
}

fn log_kinds(path: &Path) -> io::Result<[u8; 2]> {
    let mut head = [0; LOG_KINDS_AT + 2];
    File::open(path)?.read_exact(&mut head)?;
    Ok([head[LOG_KINDS_AT], head[LOG_KINDS_AT + 1]])
}

impl ReadModel {
    /// Returns the length of the file in bytes: what an examination reads.
    #[must_use]
    pub fn bytes(&self) -> u64 {
        fs::metadata(&self.path).map_or(0, |file| file.len())
    }

    /// Checks whether the file has the content that was written. Compares it with its seal or, when
    /// it was not closed cleanly, reads everything. This must be done before any other read.
    /// `progressing` receives the amount that is done and the whole amount.
    ///
    /// # Errors
    /// The damage; the read model is untrusted after that.
    pub fn examine(&self, progressing: Progressing<'_>) -> Result<(), ReadModelError> {
        if let Some(examined) = self.is_as_sealed(progressing) {
            return examined;
        }
        self.look_through(progressing)?;
        // Unfinished frames that a killed process left in the log must not follow the frames that
        // are written next.
        self.empty_log().map(drop)
    }

    /// Checks the file in the same way, but reads everything even if there is a seal.
    ///
    /// # Errors
    /// The damage; the read model is untrusted after that.
    pub fn examine_all(&self, progressing: Progressing<'_>) -> Result<(), ReadModelError> {
        self.is_as_sealed(progressing).unwrap_or(Ok(()))?;
        self.look_through(progressing)
    }

    /// Compares the file with its seal; `None` when it has no valid seal.
    fn is_as_sealed(&self, progressing: Progressing<'_>) -> Option<Result<(), ReadModelError>> {
        let compared = is_as_sealed(&self.path, progressing)?;
        Some(compared.map_err(|reason| self.mark_untrusted(reason)))
    }

    /// Reads every row, and compares all indexes with the rows.
    fn look_through(&self, progressing: Progressing<'_>) -> Result<(), ReadModelError> {
        self.reading(None, |reader| {
            look_through(reader, &schema::select(self.layout.fields), progressing)
        })
    }

    /// Writes all of the log into the file, and seals it: the next opening compares the file with
    /// the seal only. Does nothing when nothing was written since the last seal.
    ///
    /// # Errors
    /// When the file is still being read, or the disk fails. Then the file has no seal.
    pub fn seal(&self) -> Result<(), ReadModelError> {
        let writer = sync::lock(&self.writer);
        self.verify()?;
        if self.is_sealed.load(Ordering::Acquire) {
            return Ok(());
        }
        drop(writer);
        if !self.empty_log()? {
            return Err(self.failure("it is still read and cannot be sealed".to_owned()));
        }
        let writer = sync::lock(&self.writer);
        self.verify()?;
        let seal = Seal::of(&self.path, &mut |_, _| {});
        let sealed = seal.and_then(|seal| seal.write(&self.path));
        sealed.map_err(|error| self.failure(error.to_string()))?;
        self.is_sealed.store(true, Ordering::Release);
        drop(writer);
        Ok(())
    }

    /// Writes all of the log into the file, unless a reader still uses it. Returns whether the log
    /// is empty.
    fn empty_log(&self) -> Result<bool, ReadModelError> {
        let writer = sync::lock(&self.writer);
        self.verify()?;
        let emptied = empty_log(&writer);
        *sync::lock(&self.stamp) = FileStamp::of(&self.path);
        emptied.map_err(|error| self.failed(&Fault::from(error)))
    }

    /// Removes the seal, because the next write makes it wrong. Must be called under the lock of
    /// the writer.
    pub(super) fn unseal(&self) -> io::Result<()> {
        if self.is_sealed.load(Ordering::Acquire) {
            seal::remove(&self.path)?;
            self.is_sealed.store(false, Ordering::Release);
        }
        Ok(())
    }
}

/// Examines the file of a view whose layout is unknown, as [`ReadModel::examine_all`] does. A file
/// of another binary's format is not checked, because it is never used.
///
/// # Errors
/// The damage, as a sentence.
pub fn examine_file(path: &Path) -> Result<(), String> {
    let log = check_log(path).map_err(|found| found.to_string());
    let reader = schema::connect(path).map_err(|error| error.to_string())?;
    if schema::is_of_another_format(&reader).map_err(|error| error.to_string())? {
        return Ok(());
    }
    log?;
    is_as_sealed(path, &mut |_, _| {}).unwrap_or(Ok(()))?;
    look_through(&reader, "SELECT * FROM rows", &mut |_, _| {}).map_err(|fault| fault.reason())
}

/// Compares a file with its seal; `None` when it has no valid seal.
fn is_as_sealed(path: &Path, progressing: Progressing<'_>) -> Option<Result<(), String>> {
    if fs::metadata(beside(path, "-wal")).is_ok_and(|log| log.len() > 0) {
        return None;
    }
    let sealed = Seal::read(path)?;
    Some(match Seal::of(path, progressing) {
        Ok(found) if found == sealed => Ok(()),
        Ok(_) => Err("its bytes are not those it was closed with".to_owned()),
        Err(error) => Err(error.to_string()),
    })
}

/// Reads every row with this statement, and compares all indexes with the rows.
fn look_through(
    reader: &Connection,
    select: &str,
    progressing: Progressing<'_>,
) -> Result<(), Fault> {
    let rows = queries::meta(reader)?.rows;
    let mut found = 0;
    queries::each(reader, select, &mut |_| {
        found += 1;
        if found % PROGRESS_ROWS == 0 {
            progressing(found, rows);
        }
    })?;
    if found != rows {
        return Err(Fault::Damaged(format!("it has {} instead of {rows}", counted(found, "row"))));
    }
    owners::check(reader)?;
    // Unlike a quick check, this compares the entries of indexes with the rows.
    let check = "PRAGMA integrity_check(1)";
    let found: String = reader.query_row(check, [], |row| row.get(0))?;
    if found == "ok" { Ok(()) } else { Err(Fault::Damaged(found)) }
}

/// Writes all of the log into the file. Returns whether the log is empty.
fn empty_log(writer: &Connection) -> rusqlite::Result<bool> {
    writer.busy_timeout(CLOSE_BUSY_MAX)?;
    let checkpoint = "PRAGMA wal_checkpoint(TRUNCATE)";
    let is_busy: rusqlite::Result<i64> = writer.query_row(checkpoint, [], |row| row.get(0));
    writer.busy_timeout(schema::BUSY_MAX)?;
    Ok(is_busy? == 0)
}
