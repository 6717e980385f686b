//! The write-ahead log: it makes a commit durable with one write and one sync. sled gets the
//! writes of many commits at once, later.
//!
//! ```text
//! commit ──▶ frame n ──▶ wal.0 or wal.1, whichever is written to
//!                          │ rotate: the other file is free, because sled holds its frames
//! opening ◀── frames after the last one that sled holds, in order of sequence
//! ```
//! One frame is written at a time. So an incomplete frame is the last one; a later frame behind it
//! shows damage.

mod frame;
mod log_file;

use super::{
    failure::Failure,
    tree::{ADVICE, Layer, Write},
};
use crate::store::{faults::Faults, types::JournalFigures};
use log_file::{Found, LogFile};
use std::{
    io,
    path::{Path, PathBuf},
    time::Instant,
};

/// Size of a file, in bytes, at which the other one is written to.
const FILE_BYTES_MAX: u64 = 8 << 20;

/// An open write-ahead log.
pub(super) struct WriteAheadLog {
    files: [LogFile; 2],
    /// The index of the file that is written to.
    active: usize,
    /// The sequence of the last commit.
    last: u64,
    /// The memory of the frame that is written.
    buffer: Vec<u8>,
}

/// Returns the paths of the files of the log in this folder.
pub(in crate::store) fn paths(dir: &Path) -> [PathBuf; 2] {
    [dir.join("wal.0"), dir.join("wal.1")]
}

impl WriteAheadLog {
    /// Opens the log in this folder, and returns the writes of all commits after `applied`.
    ///
    /// # Errors
    /// When a file cannot be read or written, or a commit is missing or damaged.
    pub(super) fn open(dir: &Path, applied: u64) -> Result<(Self, Layer), String> {
        let [first, second] = paths(dir);
        let files = [LogFile::open(&first)?, LogFile::open(&second)?];
        let read = |file: &LogFile, path: &Path| {
            file.read().map_err(|error| format!("{}: {error}", path.display()))
        };
        let found = [read(&files[0], &first)?, read(&files[1], &second)?];
        let (writes, last) = replay(&found, applied).map_err(|reason| {
            format!("the write-ahead log in {} is damaged: {reason}; {ADVICE}", dir.display())
        })?;
        Ok((Self { files, active: 0, last, buffer: Vec::new() }, writes))
    }

    /// The sequence of the last commit.
    pub(super) const fn last(&self) -> u64 {
        self.last
    }

    /// Whether the other file is to be written to.
    pub(super) const fn is_full(&self) -> bool {
        self.files[self.active].end >= FILE_BYTES_MAX
    }

    /// Makes the writes of one commit durable.
    ///
    /// # Errors
    /// When it is refused, nothing is changed. When it is broken, only a new opening shows whether
    /// the commit is durable.
    pub(super) fn commit(
        &mut self,
        writes: &[Write],
        faults: &Faults,
        figures: &JournalFigures,
    ) -> Result<(), Failure> {
        let file = &mut self.files[self.active];
        file.append(&mut self.buffer, self.last + 1, writes)?;
        let begun = Instant::now();
        let synced = faults.before_sync().and_then(|()| file.sync());
        figures.syncs.observe_time(begun.elapsed());
        synced.map_err(|error: io::Error| Failure::Broken(error.to_string()))?;
        self.last += 1;
        Ok(())
    }

    /// Writes to the other file from now on. sled holds the frames in it.
    pub(super) fn rotate(&mut self) {
        self.active = 1 - self.active;
        self.files[self.active].rewind();
    }
}

/// Returns the writes of all commits after `applied`, and the sequence of the last one.
fn replay(files: &[Found; 2], applied: u64) -> Result<(Layer, u64), String> {
    let mut frames: Vec<_> = files
        .iter()
        .flat_map(|file| file.frames.iter().map(move |frame| (file, *frame)))
        .filter(|(_, (_, head))| head.sequence > applied)
        .collect();
    frames.sort_by_key(|(_, (_, head))| head.sequence);
    let (mut writes, mut last) = (Layer::new(), applied);
    for (file, (at, head)) in frames {
        if head.sequence != last + 1 {
            return Err(format!("commit {} is missing", last + 1));
        }
        let of_commit = file.writes((at, head));
        writes.extend(of_commit.ok_or_else(|| format!("commit {} cannot be read", last + 1))?);
        last = head.sequence;
    }
    match files.iter().find_map(|file| file.later_frame(last)) {
        Some(at) => Err(format!("commit {} is not readable, but one at byte {at} is", last + 1)),
        None => Ok((writes, last)),
    }
}
