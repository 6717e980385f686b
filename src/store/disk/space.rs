//! Whether the file system under the journal takes writes, and space on it that is kept for the
//! journal alone.
//!
//! A log that meets a full disk in the middle of a write has to be given up and opened again,
//! and nobody can read meanwhile. So it is not let to meet one:
//!
//! ```text
//! the log ▓▓▓▓▓▓▓▓▓▓▓▓░░░░░░░░░░        free          reserve
//!         written     headroom: allocated to the log,   │
//!                     nobody can take it away           └─ less is free: no more is taken, what
//!                     └─ too little of it: nothing is      was taken is written into the headroom
//!                        begun, all that waits is given up
//! ```

use crate::store::{
    faults::{Faults, Pretence},
    sync::lock,
};
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

/// The reserve is never more than this part of the whole file system, so that small ones can be
/// used as well.
const RESERVE_OF_WHOLE: u64 = 20;

/// See [`Space::look`].
const SURPLUS_OF_RESERVE: u64 = 4;

/// What the log may grow by beside the records of a commit: a new segment of sled, and one of
/// those it moves.
const COMMIT_BYTES_MIN: u64 = 1 << 20;

/// So much is allocated at once.
const HEADROOM_BYTES: u64 = 4 << 20;

/// Enough to need a block of the disk.
const PROBE_BYTES: usize = 4_096;

/// Why no writes are taken. Nothing was written, and nothing is broken.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// Less is free than is kept in reserve, or than the journal needs.
    #[error(
        "there is no space left where the journal is: {free_bytes} bytes are free, and \
         {wanted_bytes} are wanted"
    )]
    NoSpace {
        /// How much is free, in bytes.
        free_bytes: u64,
        /// How much has to be, in bytes.
        wanted_bytes: u64,
    },
    /// The owner of the process may not use more.
    #[error("the quota for the space where the journal is has been used up")]
    Quota,
    /// It can only be read.
    #[error("the file system that the journal is on can only be read")]
    ReadOnly,
}

const fn free_bytes(found: &StatVfs) -> u64 {
    found.f_bavail.saturating_mul(found.f_frsize)
}

const fn is_read_only(found: &StatVfs) -> bool {
    found.f_flag.contains(StatVfsMountFlags::RDONLY)
}

/// The space for a log.
pub(in crate::store) struct Space {
    dir: PathBuf,
    log: File,
    reserve_bytes: u64,
    faults: Faults,
    headroom: Mutex<Headroom>,
}

/// What is allocated to the log behind its end.
#[derive(Default)]
struct Headroom {
    /// Where the log ended when it was last looked at.
    end: u64,
    /// Up to where it is allocated.
    allocated: u64,
    is_impossible: bool,
}

impl Space {
    /// The space for this log in this folder; so many bytes are left to others.
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

    /// Whether more is to be taken: there is the reserve, and headroom for a small commit. Once
    /// refused, a little more than the reserve is wanted, so that it does not turn to and fro.
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

    /// Makes sure that a commit of so many bytes will not meet a full disk, or one that can only
    /// be read.
    pub(in crate::store) fn prepare(&self, commit_bytes: u64) -> Result<(), Refusal> {
        if self.is_read_only() {
            return Err(Refusal::ReadOnly);
        }
        self.keep(commit_bytes.saturating_add(COMMIT_BYTES_MIN))
    }

    fn is_read_only(&self) -> bool {
        self.faults.pretence() == Some(Pretence::ReadOnly)
            || statvfs(&self.dir).is_ok_and(|found| is_read_only(&found))
    }

    /// What is left; where that cannot be told, there is enough until a write fails.
    fn free_bytes(&self) -> u64 {
        if self.faults.pretence() == Some(Pretence::NoSpace) {
            return 0;
        }
        statvfs(&self.dir).map_or(u64::MAX, |found| free_bytes(&found))
    }

    /// Whether the disk works: writes a small file beside the log and makes it durable.
    pub(in crate::store) fn probe(&self) -> io::Result<()> {
        if self.faults.pretence() == Some(Pretence::Failing) {
            return Err(io::Error::other("the disk still fails on purpose"));
        }
        let path = self.dir.join("probe");
        let mut probe = File::create(&path)?;
        probe.write_all(&[1; PROBE_BYTES])?;
        probe.sync_all()?;
        fs::remove_file(path)
    }

    /// Keeps at least so much headroom.
    fn keep(&self, bytes: u64) -> Result<(), Refusal> {
        let more = bytes.saturating_add(self.reserve_bytes.min(HEADROOM_BYTES));
        let mut headroom = lock(&self.headroom);
        headroom.keep(&self.log, bytes, more).or_else(|errno| match errno {
            Errno::NOSPC => {
                Err(Refusal::NoSpace { free_bytes: self.free_bytes(), wanted_bytes: bytes })
            }
            Errno::DQUOT => Err(Refusal::Quota),
            Errno::ROFS => Err(Refusal::ReadOnly),
            // Nothing can be kept here; a full disk shows when less than the reserve is free.
            _ => {
                headroom.is_impossible = true;
                Ok(())
            }
        })
    }
}

impl Headroom {
    /// Allocates more when less than `least` is left, as far as there is any.
    fn keep(&mut self, log: &File, least: u64, more: u64) -> Result<(), Errno> {
        if self.is_impossible {
            return Ok(());
        }
        let end = log.metadata().map_err(|error| errno(&error))?.len();
        if end < self.end {
            // sled cut it, and what was allocated behind the cut is gone.
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
        // From where it was allocated before: what sled left out on the way is filled as well.
        let begin = self.allocated.min(up_to);
        fallocate(log, FallocateFlags::KEEP_SIZE, begin, up_to - begin)?;
        self.allocated = up_to;
        Ok(())
    }
}

fn errno(error: &io::Error) -> Errno {
    Errno::from_io_error(error).unwrap_or(Errno::IO)
}
