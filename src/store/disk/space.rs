//! Checks whether the file system under the journal accepts writes, and reserves space on it for
//! the journal.
//!
//! A log that meets a full disk in the middle of a write has to be closed and reopened, which
//! interrupts all reads. This module prevents that:
//!
//! ```text
//! the log ▓▓▓▓▓▓▓▓▓▓▓▓░░░░░░░░░░        free          reserve
//!         written     headroom: allocated to the log,   │
//!                     others cannot take it             └─ less is free: submissions are refused,
//!                     └─ too little of it: no commit       queued ones are written into the
//!                        begins, the queue is discarded    headroom
//! ```

use crate::store::faults::{Faults, SimulatedDiskState};
use crate::sync;
use rustix::{
    fs::{FallocateFlags, StatVfs, StatVfsMountFlags, fallocate, statvfs},
    io::Errno,
};
use std::{
    fs::{self, File},
    io::{self, Write},
    path::PathBuf,
    sync::Mutex,
};

/// The reserve is at most this fraction (one twentieth) of the file system, so that small ones can
/// be used as well.
const RESERVE_OF_WHOLE: u64 = 20;

/// The surplus over the reserve that ends a refusal, as a fraction (one quarter) of the reserve.
/// See [`Space::look`].
const SURPLUS_OF_RESERVE: u64 = 4;

/// Growth of the log beside the records of a commit, in bytes: a new segment of sled, and a segment
/// that sled moves.
const COMMIT_BYTES_MIN: u64 = 1 << 20;

/// Bytes that are allocated at once.
const HEADROOM_BYTES: u64 = 4 << 20;

/// Bytes of the probe file: enough to need a block of the disk.
const PROBE_BYTES: usize = 4_096;

/// Why no writes are accepted. Nothing was written, and no file is damaged.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// Less space is free than is kept in reserve, or than the journal needs.
    #[error(
        "there is no space left where the journal is: {free_bytes} bytes are free, and \
         {wanted_bytes} are wanted"
    )]
    NoSpace {
        /// Free space, in bytes.
        free_bytes: u64,
        /// Wanted space, in bytes.
        wanted_bytes: u64,
    },
    /// The quota of the process's owner is used up.
    #[error("the quota for the space where the journal is has been used up")]
    Quota,
    /// The file system is read-only.
    #[error("the file system that the journal is on can only be read")]
    ReadOnly,
}

const fn free_bytes(found: &StatVfs) -> u64 {
    found.f_bavail.saturating_mul(found.f_frsize)
}

const fn is_read_only(found: &StatVfs) -> bool {
    found.f_flag.contains(StatVfsMountFlags::RDONLY)
}

/// The space of a log.
pub(in crate::store) struct Space {
    dir: PathBuf,
    log: File,
    reserve_bytes: u64,
    faults: Faults,
    headroom: Mutex<Headroom>,
}

/// Space allocated to the log behind its end.
#[derive(Default)]
struct Headroom {
    /// End of the log when it was last checked.
    end: u64,
    /// End of the allocated space.
    allocated: u64,
    is_impossible: bool,
}

impl Space {
    /// Creates the space of this log in this folder, with `reserve_bytes` left free.
    pub(in crate::store) fn new(
        dir: PathBuf,
        log: File,
        reserve_bytes: u64,
        faults: Faults,
    ) -> Self {
        let part = statvfs(&dir).map(|found| found.f_blocks * found.f_frsize / RESERVE_OF_WHOLE);
        let reserve_bytes = reserve_bytes.min(part.unwrap_or(u64::MAX));
        Self { dir, log, reserve_bytes, faults, headroom: Mutex::default() }
    }

    /// Checks that the reserve is free, and that there is headroom for a small commit. While
    /// refusing, a little more than the reserve is required, so that the state does not flap.
    pub(in crate::store) fn look(&self, is_refusing: bool) -> Result<(), Refusal> {
        if self.is_read_only() {
            return Err(Refusal::ReadOnly);
        }
        let surplus = if is_refusing { self.reserve_bytes / SURPLUS_OF_RESERVE } else { 0 };
        let wanted_bytes = self.reserve_bytes + surplus;
        let free_bytes = self.free_bytes();
        if free_bytes < wanted_bytes {
            return Err(Refusal::NoSpace { free_bytes, wanted_bytes });
        }
        self.keep(COMMIT_BYTES_MIN)
    }

    /// Ensures that a commit of `commit_bytes` does not meet a full or read-only disk.
    pub(in crate::store) fn prepare(&self, commit_bytes: u64) -> Result<(), Refusal> {
        if self.is_read_only() {
            return Err(Refusal::ReadOnly);
        }
        self.keep(commit_bytes.saturating_add(COMMIT_BYTES_MIN))
    }

    fn is_read_only(&self) -> bool {
        self.faults.simulated_state() == Some(SimulatedDiskState::ReadOnly)
            || statvfs(&self.dir).is_ok_and(|found| is_read_only(&found))
    }

    /// Returns the free space. Where it is unknown, it counts as enough until a write fails.
    fn free_bytes(&self) -> u64 {
        if self.faults.simulated_state() == Some(SimulatedDiskState::NoSpace) {
            return 0;
        }
        statvfs(&self.dir).map_or(u64::MAX, |found| free_bytes(&found))
    }

    /// Checks that the disk works: writes a small file beside the log and makes it durable.
    pub(in crate::store) fn probe(&self) -> io::Result<()> {
        if self.faults.simulated_state() == Some(SimulatedDiskState::Failing) {
            return Err(io::Error::other("the disk still fails on purpose"));
        }
        let path = self.dir.join("probe");
        let mut probe = File::create(&path)?;
        probe.write_all(&[1; PROBE_BYTES])?;
        probe.sync_all()?;
        fs::remove_file(path)
    }

    /// Ensures at least this much headroom.
    fn keep(&self, bytes: u64) -> Result<(), Refusal> {
        let more = bytes.saturating_add(self.reserve_bytes.min(HEADROOM_BYTES));
        let mut headroom = sync::lock(&self.headroom);
        headroom.keep(&self.log, bytes, more).or_else(|errno| match errno {
            Errno::NOSPC => {
                Err(Refusal::NoSpace { free_bytes: self.free_bytes(), wanted_bytes: bytes })
            }
            Errno::DQUOT => Err(Refusal::Quota),
            Errno::ROFS => Err(Refusal::ReadOnly),
            // Space cannot be allocated here. The check of the reserve then detects a full disk.
            _ => {
                headroom.is_impossible = true;
                Ok(())
            }
        })
    }
}

impl Headroom {
    /// Allocates up to `more` bytes behind the end when less than `least` is left; if that fails,
    /// up to `least`.
    fn keep(&mut self, log: &File, least: u64, more: u64) -> Result<(), Errno> {
        if self.is_impossible {
            return Ok(());
        }
        let end = log.metadata().map_err(|error| errno(&error))?.len();
        if end < self.end {
            // sled cut the log, which released the space allocated behind the cut.
            self.allocated = self.allocated.min(end);
        }
        self.end = end;
        if self.allocated >= end.saturating_add(least) {
            return Ok(());
        }
        let allocated = self.allocate(log, end.saturating_add(more));
        allocated.or_else(|_| self.allocate(log, end.saturating_add(least)))
    }

    fn allocate(&mut self, log: &File, up_to: u64) -> Result<(), Errno> {
        // The allocation begins at its old end, so that parts that sled skipped are allocated as
        // well.
        let begin = self.allocated.min(up_to);
        fallocate(log, FallocateFlags::KEEP_SIZE, begin, up_to - begin)?;
        self.allocated = up_to;
        Ok(())
    }
}

fn errno(error: &io::Error) -> Errno {
    Errno::from_io_error(error).unwrap_or(Errno::IO)
}
