//! The seal of a file that was closed cleanly: its length and a checksum of all its bytes, in a
//! small file beside it. It is removed before the file is written to again.
//!
//! ```text
//! madang view seal 1
//! bytes 4096000
//! crc32 8d1f03aa
//! check 0c5e7b19
//! ```
//! The last line is the checksum of the lines before it.

use crate::files::{self, beside};
use std::{
    fs::{self, File},
    io::{self, Read as _, Write as _},
    os::unix::fs::OpenOptionsExt as _,
    path::{Path, PathBuf},
};

/// Bytes that are read at once.
const CHUNK_BYTES: usize = 1 << 20;

const TITLE: &str = "madang view seal 1";

/// The length and the checksum of a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Seal {
    bytes: u64,
    crc32: u32,
}

/// Callback that receives how many bytes or rows of how many are done.
pub(super) type Progressing<'a> = &'a mut dyn FnMut(u64, u64);

impl Seal {
    /// Computes the seal of the file as it is now.
    pub(super) fn of(path: &Path, progressing: Progressing<'_>) -> io::Result<Self> {
        let mut file = File::open(path)?;
        let total = file.metadata()?.len();
        let (mut hasher, mut bytes) = (crc32fast::Hasher::new(), 0);
        let mut chunk = vec![0; CHUNK_BYTES];
        loop {
            match file.read(&mut chunk) {
                Ok(0) => break,
                Ok(read) => {
                    hasher.update(&chunk[..read]);
                    bytes += read as u64;
                    progressing(bytes, total);
                }
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        Ok(Self { bytes, crc32: hasher.finalize() })
    }

    /// Reads the seal beside this file; `None` when there is none, or it is not whole.
    pub(super) fn read(path: &Path) -> Option<Self> {
        let text = fs::read_to_string(place(path)).ok()?;
        let mut lines = text.lines();
        let bytes = lines.nth(1)?.strip_prefix("bytes ")?.parse().ok()?;
        let crc32 = u32::from_str_radix(lines.next()?.strip_prefix("crc32 ")?, 16).ok()?;
        let seal = Self { bytes, crc32 };
        (seal.text() == text).then_some(seal)
    }

    /// Writes the seal beside the file. It need not be durable: without it the whole file is
    /// examined.
    pub(super) fn write(self, path: &Path) -> io::Result<()> {
        let mut options = File::options();
        options.write(true).create(true).truncate(true).mode(0o600);
        options.open(place(path))?.write_all(self.text().as_bytes())
    }

    fn text(self) -> String {
        let Self { bytes, crc32 } = self;
        let text = format!("{TITLE}\nbytes {bytes}\ncrc32 {crc32:08x}\n");
        let check = crc32fast::hash(text.as_bytes());
        format!("{text}check {check:08x}\n")
    }
}

/// Removes the seal of this file, if it has one.
pub(super) fn remove(path: &Path) -> io::Result<()> {
    files::remove(&place(path))
}

/// Whether there is a seal beside this file, whole or not.
pub(super) fn is_there(path: &Path) -> bool {
    place(path).exists()
}

fn place(path: &Path) -> PathBuf {
    beside(path, ".seal")
}
