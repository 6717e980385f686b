//! The high-water mark: a small file beside the journal that records the last durable position.
//!
//! sled cuts its log at the first page that it cannot read, and serves the rest. Such a cut does
//! not change the mark. The mark is written with every commit, before the commit is acknowledged. A
//! journal that ends before its mark has therefore lost acknowledged history.
//!
//! ```text
//! offset 0        slot 0   ┐ the last durable position: one slot is durable, one is being synced,
//! offset 16 KiB   slot 1   │ one is written meanwhile
//! offset 32 KiB   slot 2   ┘
//! offset 48 KiB   names 0  ┐ the names of the kinds, by number; changed when a kind is added
//! offset 112 KiB  names 1  ┘
//! ```
//! Each part is `length u32 LE | frame`, and a frame ends with its checksum. A write survives the
//! end of the process. It survives a power loss once the file is synced. A separate thread syncs it
//! at a bounded interval. After a power loss the mark may therefore be behind the journal, which is
//! not damage.

use crate::store::{codec, types::StoreId};
use crate::sync;
use serde::{Deserialize, Serialize, de::DeserializeOwned};
use std::{
    fs::{self, File, OpenOptions},
    io::{self, ErrorKind},
    os::unix::fs::{FileExt as _, OpenOptionsExt as _},
    path::Path,
    sync::Mutex,
};

/// Offsets of the slots, in bytes.
const SLOTS: [u64; 3] = [0, 16 * 1024, 32 * 1024];

/// Offsets of the two copies of the names, in bytes.
const NAMES: [u64; 2] = [48 * 1024, 112 * 1024];

/// The size of the whole file, in bytes.
const FILE_BYTES: u64 = 176 * 1024;

/// The longest content of a slot, in bytes, without the length before it.
const SLOT_BYTES_MAX: usize = 16 * 1024 - LENGTH_BYTES;

/// The longest content of the names, in bytes, without the length before it.
const NAMES_BYTES_MAX: usize = 64 * 1024 - LENGTH_BYTES;

const LENGTH_BYTES: usize = 4;

/// The content of a mark: the end of a journal.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Mark {
    /// Number of the write; the slot with the greatest number is valid.
    pub(in crate::store) sequence: u64,
    /// The store it belongs to; stores of the first formats have no identity.
    pub(in crate::store) store: Option<StoreId>,
    /// The last durable position when the store was opened.
    pub(in crate::store) opened: u64,
    /// The last durable position.
    pub(in crate::store) position: u64,
    /// The running checksum of the commit that ends there; none in a store of an older format.
    pub(in crate::store) chain: Option<u64>,
    /// The number and running checksum of the commits that held answers and no records.
    pub(in crate::store) answers: Answers,
    /// The greatest number with an event, by number of kind.
    pub(in crate::store) heads: Vec<u64>,
}

/// Number of commits that held answers and no records, and their running checksum.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Answers {
    pub(in crate::store) commits: u64,
    pub(in crate::store) chain: u64,
}

/// The result of reading the file of a mark.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Found {
    /// There is no file.
    Missing,
    /// There is a file, and no part of it can be read.
    Damaged,
    /// The mark, and the names of the kinds by number.
    Mark(Mark, Vec<String>),
}

/// The file of a mark, open for writing.
pub struct MarkFile {
    file: File,
    written: Mutex<Written>,
    /// Held while the file is synced: one sync at a time.
    syncing: Mutex<()>,
}

struct Written {
    mark: Mark,
    names: Vec<String>,
    /// The slot that is known to be durable.
    durable: usize,
    /// The slot that is written now.
    writing: usize,
    /// Whether nothing was written since the last sync began.
    is_synced: bool,
    bytes: Vec<u8>,
}

/// Reads the mark at this path.
pub(in crate::store) fn read(path: &Path) -> io::Result<Found> {
    let bytes = match fs::read(path) {
        Ok(bytes) => bytes,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(Found::Missing),
        Err(error) => return Err(error),
    };
    let marks = SLOTS.iter().filter_map(|slot| part::<Mark>(&bytes, *slot, SLOT_BYTES_MAX));
    let Some(mark) = marks.max_by_key(|mark| mark.sequence) else { return Ok(Found::Damaged) };
    // Names are only added, so the longer copy is the newer one.
    let names = NAMES.iter().filter_map(|at| part::<Vec<String>>(&bytes, *at, NAMES_BYTES_MAX));
    let names = names.max_by_key(Vec::len).unwrap_or_default();
    Ok(Found::Mark(mark, names))
}

fn part<T: DeserializeOwned>(bytes: &[u8], at: u64, bytes_max: usize) -> Option<T> {
    let rest = bytes.get(usize::try_from(at).ok()?..)?;
    let (length, rest) = rest.split_first_chunk::<LENGTH_BYTES>()?;
    let length = usize::try_from(u32::from_le_bytes(*length)).ok()?;
    let frame = rest.get(..length).filter(|_| length <= bytes_max)?;
    codec::unframe(frame).ok()
}

impl MarkFile {
    /// Creates a new file with this mark; it is durable on return. Any existing file is replaced in
    /// one step.
    pub(in crate::store) fn create(
        path: &Path,
        mark: Mark,
        names: Vec<String>,
    ) -> io::Result<Self> {
        let beside = path.with_extension("mark.new");
        let file = OpenOptions::new()
            .read(true)
            .write(true)
            .create(true)
            .truncate(true)
            .mode(0o600)
            .open(&beside)?;
        // All blocks are allocated now: writing the mark needs no space later.
        file.write_all_at(&vec![0; usize::try_from(FILE_BYTES).unwrap_or(0)], 0)?;
        let bytes = Vec::new();
        let mut written = Written { mark, names, durable: 0, writing: 1, is_synced: true, bytes };
        NAMES.iter().try_for_each(|at| written.write_names(&file, *at))?;
        written.mark.sequence += 1;
        written.write_slot(&file, 0)?;
        file.sync_all()?;
        written.is_synced = true;
        let (written, syncing) = (Mutex::new(written), Mutex::new(()));
        let file = Self { file, written, syncing };
        fs::rename(&beside, path)?;
        if let Some(folder) = path.parent() {
            File::open(folder)?.sync_all()?;
        }
        Ok(file)
    }

    /// Continues with the existing file, when there is no space for a new one.
    pub(in crate::store) fn reuse(path: &Path, mark: Mark, names: Vec<String>) -> io::Result<Self> {
        let bytes = fs::read(path)?;
        let sequence = |slot: usize| {
            part::<Mark>(&bytes, SLOTS[slot], SLOT_BYTES_MAX).map(|mark| mark.sequence)
        };
        let newest = (0..SLOTS.len()).filter_map(|slot| Some((sequence(slot)?, slot))).max();
        let Some((sequence, durable)) = newest else {
            return Err(io::Error::from(ErrorKind::StorageFull));
        };
        let file = OpenOptions::new().read(true).write(true).open(path)?;
        let mark = Mark { sequence: sequence + 1, ..mark };
        let (writing, bytes) = ((durable + 1) % SLOTS.len(), Vec::new());
        let mut written = Written { mark, names, durable, writing, is_synced: false, bytes };
        NAMES.iter().try_for_each(|at| written.write_names(&file, *at))?;
        written.write_slot(&file, writing)?;
        let (written, syncing) = (Mutex::new(written), Mutex::new(()));
        Ok(Self { file, written, syncing })
    }

    /// Returns the current mark.
    pub(in crate::store) fn mark(&self) -> Mark {
        sync::lock(&self.written).mark.clone()
    }

    /// Changes the mark. The change survives the end of the process on return, and a power loss
    /// after the next [`Self::sync`].
    pub(in crate::store) fn write(&self, change: impl FnOnce(&mut Mark)) -> io::Result<()> {
        let mut written = sync::lock(&self.written);
        change(&mut written.mark);
        written.mark.sequence += 1;
        let slot = written.writing;
        written.write_slot(&self.file, slot)
    }

    /// Adds the name of a kind.
    pub(in crate::store) fn add_name(&self, kind: usize, name: &str) -> io::Result<()> {
        let mut written = sync::lock(&self.written);
        if written.names.len() <= kind {
            written.names.resize(kind + 1, String::new());
        }
        name.clone_into(&mut written.names[kind]);
        written.is_synced = false;
        // If the process ends between the two writes, one copy is whole.
        NAMES.iter().try_for_each(|at| written.write_names(&self.file, *at))
    }

    /// Makes the mark durable, when it is not.
    pub(in crate::store) fn sync(&self) -> io::Result<()> {
        let _one_at_a_time = sync::lock(&self.syncing);
        let slot = {
            let mut written = sync::lock(&self.written);
            if written.is_synced {
                return Ok(());
            }
            written.is_synced = true;
            // Meanwhile writes go to the third slot, neither the durable one nor the one being
            // synced.
            let slot = written.writing;
            written.writing = SLOTS.len() - slot - written.durable;
            slot
        };
        let synced = self.file.sync_data();
        let mut written = sync::lock(&self.written);
        match &synced {
            Ok(()) => written.durable = slot,
            Err(_) => written.is_synced = false,
        }
        synced
    }
}

impl Written {
    fn write_slot(&mut self, file: &File, slot: usize) -> io::Result<()> {
        let frame = codec::frame(&self.mark);
        self.is_synced = false;
        self.put(file, SLOTS[slot], &frame, SLOT_BYTES_MAX)
    }

    fn write_names(&mut self, file: &File, at: u64) -> io::Result<()> {
        let frame = codec::frame(&self.names);
        self.put(file, at, &frame, NAMES_BYTES_MAX)
    }

    fn put(&mut self, file: &File, at: u64, frame: &[u8], bytes_max: usize) -> io::Result<()> {
        if frame.len() > bytes_max {
            return Err(io::Error::other("there are too many kinds for the mark of the journal"));
        }
        self.bytes.clear();
        let length = u32::try_from(frame.len()).unwrap_or(u32::MAX);
        self.bytes.extend_from_slice(&length.to_le_bytes());
        self.bytes.extend_from_slice(frame);
        file.write_all_at(&self.bytes, at)
    }
}
