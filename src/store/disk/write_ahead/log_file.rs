//! One file of the write-ahead log: a header, and frames one after the other. The space behind
//! them is filled with zeros in advance, so that a sync of a frame writes no metadata.
//!
//! ```text
//! header block: name, key, checksum | frame | frame | ... | older frames, or zeros
//! ```

use super::frame::{self, BLOCK, FrameKey, Head};
use crate::store::disk::{failure::Failure, space::Refusal, tree::Write};
use rustix::io::Errno;
use siphasher::sip::SipHasher13;
use std::{
    collections::hash_map::RandomState,
    fs::{File, OpenOptions},
    hash::BuildHasher as _,
    io,
    os::unix::fs::FileExt as _,
    path::{Path, PathBuf},
};

/// The name at the begin of the header, with the version of the layout.
const NAME: &[u8; 16] = b"madang log 1\0\0\0\0";

/// Bytes of the header with its checksum.
const HEADER: usize = NAME.len() + 16 + 8;

/// Bytes that a new file is filled with, and least growth.
const FILLED_MIN: u64 = 64 * 1024;

/// Bytes up to which growth doubles the file.
const FILLED_DOUBLED_MAX: u64 = 8 << 20;

/// An open file of the log.
pub(super) struct LogFile {
    path: PathBuf,
    file: File,
    key: FrameKey,
    /// Where the next frame begins.
    pub(super) end: u64,
    /// Up to here the file has blocks on disk.
    filled: u64,
}

/// The frames of a file that follow each other without a gap, from its begin.
pub(super) struct Found {
    content: Vec<u8>,
    key: FrameKey,
    pub(super) frames: Vec<(usize, Head)>,
    end: usize,
}

impl LogFile {
    /// Opens a file, and creates it when it is missing or its creation was not finished.
    pub(super) fn open(path: &Path) -> Result<Self, String> {
        let failed = |error: io::Error| format!("{}: {error}", path.display());
        let options =
            OpenOptions::new().read(true).write(true).create(true).truncate(false).clone();
        let file = options.open(path).map_err(failed)?;
        let filled = file.metadata().map_err(failed)?.len();
        let mut header = [0; HEADER];
        let is_created = filled >= BLOCK as u64;
        if is_created {
            file.read_exact_at(&mut header, 0).map_err(failed)?;
        }
        let end = BLOCK as u64;
        let mut log = Self { path: path.to_owned(), file, key: FrameKey::default(), end, filled };
        if header == [0; HEADER] && log.is_zero().map_err(failed)? {
            log.filled = 0;
            log.create().map_err(failed)?;
            return Ok(log);
        }
        let (content, checksum) = header.split_at(HEADER - 8);
        let (name, key) = content.split_at(NAME.len());
        if name != NAME || checksum != SipHasher13::new().hash(content).to_le_bytes() {
            return Err(format!("{}: its header is not what was written", path.display()));
        }
        log.key.copy_from_slice(key);
        Ok(log)
    }

    /// Whether the file holds nothing but zeros: its creation was not finished.
    fn is_zero(&self) -> io::Result<bool> {
        let mut block = [0; BLOCK];
        let mut at = 0;
        while at < self.filled {
            let read = self.file.read_at(&mut block, at)?;
            if read == 0 || block[..read].iter().any(|byte| *byte != 0) {
                return Ok(read == 0);
            }
            at += read as u64;
        }
        Ok(true)
    }

    /// Fills the file, and writes a header with a key of its own.
    fn create(&mut self) -> io::Result<()> {
        self.fill(FILLED_MIN)?;
        let (first, second) = (RandomState::new().hash_one(1), RandomState::new().hash_one(2));
        self.key[..8].copy_from_slice(&first.to_le_bytes());
        self.key[8..].copy_from_slice(&second.to_le_bytes());
        let mut header = [NAME, &self.key[..]].concat();
        let checksum = SipHasher13::new().hash(&header);
        header.extend(checksum.to_le_bytes());
        self.file.write_all_at(&header, 0)?;
        self.file.sync_all()
    }

    /// Reads the frames.
    pub(super) fn read(&self) -> io::Result<Found> {
        let length = usize::try_from(self.file.metadata()?.len()).map_err(io::Error::other)?;
        let mut content = vec![0; length];
        self.file.read_exact_at(&mut content, 0)?;
        let (mut frames, mut end): (Vec<(usize, Head)>, _) = (Vec::new(), BLOCK);
        while let Some(bytes) = content.get(end..) {
            let Some(head) = frame::head(bytes, &self.key, 0) else { break };
            if frames.last().is_some_and(|(_, last)| head.sequence != last.sequence + 1) {
                break;
            }
            frames.push((end, head));
            end += head.bytes;
        }
        Ok(Found { content, key: self.key, frames, end })
    }

    /// Appends a frame; it is durable after [`Self::sync`].
    pub(super) fn append(
        &mut self,
        buffer: &mut Vec<u8>,
        sequence: u64,
        writes: &[Write],
    ) -> Result<(), Failure> {
        frame::encode(buffer, &self.key, sequence, writes).map_err(Failure::Broken)?;
        let end = self.end + buffer.len() as u64;
        if end > self.filled {
            let doubled = (2 * self.filled).min(self.filled + FILLED_DOUBLED_MAX);
            let grown = self.fill(doubled.max(end).next_multiple_of(FILLED_MIN));
            grown.map_err(|error| refused(&error, buffer.len()))?;
        }
        let written = self.file.write_all_at(buffer, self.end);
        written.map_err(|error| Failure::Broken(format!("{}: {error}", self.path.display())))?;
        self.end = end;
        Ok(())
    }

    pub(super) fn sync(&self) -> io::Result<()> {
        self.file.sync_data()
    }

    /// The next frame overwrites the first one.
    pub(super) fn rewind(&mut self) {
        self.end = BLOCK as u64;
    }

    /// Writes zeros from the end of the filled part up to here, and syncs them.
    fn fill(&mut self, up_to: u64) -> io::Result<()> {
        let zeros = vec![0; usize::try_from(FILLED_MIN).map_err(io::Error::other)?];
        let mut at = self.filled;
        while at < up_to {
            let bytes = (up_to - at).min(FILLED_MIN);
            self.file
                .write_all_at(&zeros[..usize::try_from(bytes).map_err(io::Error::other)?], at)?;
            at += bytes;
        }
        self.file.sync_all()?;
        self.filled = up_to;
        Ok(())
    }
}

impl Found {
    /// Reads the writes of one of the frames.
    pub(super) fn writes(&self, (at, head): (usize, Head)) -> Option<Vec<Write>> {
        frame::writes(&self.content[at..], head)
    }

    /// Returns the offset of a complete frame behind the last one that is later than `last`.
    pub(super) fn later_frame(&self, last: u64) -> Option<usize> {
        let mut blocks = (self.end..self.content.len()).step_by(BLOCK);
        blocks.find(|at| frame::head(&self.content[*at..], &self.key, last).is_some())
    }
}

/// Growth that failed has changed nothing that is read.
fn refused(error: &io::Error, bytes: usize) -> Failure {
    match Errno::from_io_error(error) {
        Some(Errno::NOSPC) => {
            Failure::Refused(Refusal::NoSpace { free_bytes: 0, wanted_bytes: bytes as u64 })
        }
        Some(Errno::DQUOT) => Failure::Refused(Refusal::Quota),
        Some(Errno::ROFS) => Failure::Refused(Refusal::ReadOnly),
        _ => Failure::Broken(format!("the write-ahead log cannot grow: {error}")),
    }
}
