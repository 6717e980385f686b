//! The keys of the numbers of one business, in files with fixed slots. A key is overwritten in its
//! place when it is destroyed, so no older copy of it stays in the file.
//!
//! ```text
//! persons/taxi-0.keys   slot 0 | slot 1 | …      the keys of the numbers 0 to 2^32 - 1
//! persons/taxi-1.keys                            those of the next 2^32 numbers
//! slot                  32 bytes: zeros | secret and checksum | the mark of a destroyed key
//! ```
//! The key of a number is the SHA-256 of its secret of 28 random bytes. The checksum shows that a
//! slot is damaged.
//!
//! Secrets are written and synced before the first of them is used, many at once, because most
//! numbers are assigned in order: one record of 4,096 numbers waits for a sync. A number that a
//! client has chosen makes one page. The file is locked meanwhile: at a take-over, two processes may
//! have it open.

use super::folder::{EXTENSION, KeyFolder};
use crate::{files, sync};
use ring::{
    aead::{AES_256_GCM, LessSafeKey, UnboundKey},
    digest::{SHA256, digest},
    rand::{SecureRandom as _, SystemRandom},
};
use std::{
    collections::{HashMap, HashSet},
    fmt,
    fs::{File, OpenOptions},
    io,
    os::unix::fs::{FileExt as _, OpenOptionsExt as _},
    sync::{
        Arc, Mutex, RwLock,
        atomic::{AtomicBool, Ordering},
    },
};

/// The bytes of a slot.
pub(super) const SLOT_BYTES: usize = 32;

/// The bytes of a secret. The rest of its slot is the checksum, in little endian.
const SECRET_BYTES: usize = 28;

type Slot = [u8; SLOT_BYTES];

/// The bytes that are filled with keys at once at least.
const PAGE_BYTES: usize = 4_096;

/// The pages that are filled at once where numbers are assigned in order: 4,096 keys.
const PAGES_IN_ORDER: usize = 32;

/// The bits of a number that are a place in one file. So a file has at most 128 GiB, of which only
/// the pages in use take space.
pub(super) const PLACE_BITS: u32 = 32;

/// The keys of one generation in memory. Two generations are kept.
const KEYS_KEPT: usize = 2_048;

/// The most files that are kept open.
const FILES_KEPT: usize = 8;

/// The slot of a number that has no key yet.
const NONE: Slot = [0; SLOT_BYTES];

/// The slot of a destroyed key.
const DESTROYED: Slot = *b"madang: this key was destroyed.\n";

/// The key of a number.
#[derive(Clone)]
pub enum Key {
    /// There is one.
    Whole(Arc<LessSafeKey>),
    /// It was destroyed: the person was erased.
    Destroyed,
    /// There is none: nothing was encrypted with it, unless keys are lost.
    None,
}

/// The keys of the numbers of one business.
pub struct BusinessKeys {
    folder: Arc<KeyFolder>,
    business: String,
    kept: Mutex<Kept>,
    /// The numbers whose keys this process has destroyed.
    destroyed: RwLock<HashSet<u64>>,
    has_destroyed: AtomicBool,
}

/// Pages of a file, in bytes.
#[derive(Clone, Copy, Debug)]
struct Pages {
    start: u64,
    bytes: usize,
}

/// The keys and files in memory.
#[derive(Default)]
struct Kept {
    young: HashMap<u64, Arc<LessSafeKey>>,
    old: HashMap<u64, Arc<LessSafeKey>>,
    files: HashMap<u64, Arc<File>>,
    /// Pages whose sync failed. Until they are written again, what the system returns of them may
    /// be lost.
    unsynced: Vec<(Arc<File>, Pages)>,
}

impl fmt::Debug for BusinessKeys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the keys of {} in {:?}", self.business, self.folder)
    }
}

impl BusinessKeys {
    /// The keys of a business in this folder. Their file is made with the first key.
    #[must_use]
    pub fn of(folder: Arc<KeyFolder>, business: String) -> Self {
        Self {
            folder,
            business,
            kept: Mutex::default(),
            destroyed: RwLock::default(),
            has_destroyed: AtomicBool::new(false),
        }
    }

    /// The business.
    #[must_use]
    pub fn business(&self) -> &str {
        &self.business
    }

    /// Whether a value whose key is missing is shown as erased. Otherwise it is an error.
    #[must_use]
    pub fn is_given_up(&self) -> bool {
        self.folder.is_given_up()
    }

    /// Returns the key of a number.
    ///
    /// # Errors
    /// When its file cannot be read, or its slot is damaged.
    pub fn get(&self, number: u64) -> io::Result<Key> {
        self.find(&mut sync::lock(&self.kept), number)
    }

    fn find(&self, kept: &mut Kept, number: u64) -> io::Result<Key> {
        if let Some(key) = kept.key(number) {
            return Ok(Key::Whole(key));
        }
        let Some(file) = self.file(kept, number)? else { return Ok(Key::None) };
        self.keep(kept, number, &slot(&file, number)?)
    }

    /// Returns the key of a number, and makes it if there is none.
    ///
    /// # Errors
    /// When its file cannot be read or written, or its slot is damaged.
    pub fn get_or_make(&self, number: u64) -> io::Result<Key> {
        let mut kept = sync::lock(&self.kept);
        kept.sync_again()?;
        match self.find(&mut kept, number)? {
            Key::None => {}
            found => return Ok(found),
        }
        let file = self.made_file(&mut kept, number)?;
        locked(&file, || {
            let pages = Pages::of(&file, number)?;
            fill(&file, number, pages).inspect_err(|_| {
                kept.unsynced.push((Arc::clone(&file), pages));
            })
        })?;
        self.keep(&mut kept, number, &slot(&file, number)?)
    }

    /// Destroys the key of a number, durably. A number without a key never gets one.
    ///
    /// # Errors
    /// When its file cannot be written.
    pub fn destroy(&self, number: u64) -> io::Result<()> {
        let mut kept = sync::lock(&self.kept);
        let file = self.made_file(&mut kept, number)?;
        kept.young.remove(&number);
        kept.old.remove(&number);
        locked(&file, || {
            file.write_all_at(&DESTROYED, place(number))?;
            file.sync_all()
        })?;
        sync::write(&self.destroyed).insert(number);
        self.has_destroyed.store(true, Ordering::Release);
        Ok(())
    }

    /// Whether this process has destroyed any key.
    #[must_use]
    pub fn has_destroyed_here(&self) -> bool {
        self.has_destroyed.load(Ordering::Acquire)
    }

    /// Whether this process has destroyed the key of a number, so that values in memory may be
    /// older than that.
    #[must_use]
    pub fn was_destroyed_here(&self, number: u64) -> bool {
        self.has_destroyed_here() && sync::read(&self.destroyed).contains(&number)
    }

    /// The file of a number, which is made if there is none, and named in the folder.
    fn made_file(&self, kept: &mut Kept, number: u64) -> io::Result<Arc<File>> {
        let name = self.name_of(number);
        let is_named = self.folder.has(&name);
        match self.file(kept, number)? {
            Some(file) if is_named => return Ok(file),
            None if is_named => return Err(self.folder.lacks(&name)),
            _ => {}
        }
        let path = self.folder.path_of(&name);
        OpenOptions::new().write(true).create(true).truncate(false).mode(0o600).open(&path)?;
        self.folder.add(&name)?;
        self.file(kept, number)?.ok_or_else(|| self.folder.lacks(&name))
    }

    fn name_of(&self, number: u64) -> String {
        format!("{}-{:x}.{EXTENSION}", self.business, number >> PLACE_BITS)
    }

    /// The file of a number; `None` when there is none.
    fn file(&self, kept: &mut Kept, number: u64) -> io::Result<Option<Arc<File>>> {
        let high = number >> PLACE_BITS;
        if let Some(file) = kept.files.get(&high) {
            return Ok(Some(Arc::clone(file)));
        }
        let path = self.folder.path_of(&self.name_of(number));
        let mut opened = OpenOptions::new().read(true).write(true).open(&path);
        if matches!(&opened, Err(error) if error.kind() == io::ErrorKind::PermissionDenied) {
            // A check only reads the keys.
            opened = File::open(&path);
        }
        let opened = opened.map_err(|error| files::denied(&path, error));
        let Some(file) = files::unless_missing(opened)?.map(Arc::new) else { return Ok(None) };
        if kept.files.len() >= FILES_KEPT {
            kept.files.clear();
        }
        kept.files.insert(high, Arc::clone(&file));
        Ok(Some(file))
    }

    fn keep(&self, kept: &mut Kept, number: u64, slot: &Slot) -> io::Result<Key> {
        if *slot == NONE {
            return Ok(Key::None);
        }
        if *slot == DESTROYED {
            return Ok(Key::Destroyed);
        }
        if !is_sound(slot, number) {
            let reason = format!("the key of {}/{number} is damaged", self.business);
            return Err(io::Error::new(io::ErrorKind::InvalidData, reason));
        }
        let key = digest(&SHA256, &slot[..SECRET_BYTES]);
        let key = UnboundKey::new(&AES_256_GCM, key.as_ref());
        let key = Arc::new(LessSafeKey::new(key.map_err(|_| io::Error::other("no key"))?));
        kept.put(number, &key);
        Ok(Key::Whole(key))
    }
}

impl Kept {
    /// Writes the pages again whose sync failed, so that no value is encrypted with a key that may
    /// be lost.
    fn sync_again(&mut self) -> io::Result<()> {
        while let Some((file, pages)) = self.unsynced.last() {
            locked(file, || {
                file.write_all_at(&read(file, *pages)?, pages.start)?;
                file.sync_all()
            })?;
            self.unsynced.pop();
        }
        Ok(())
    }

    fn key(&mut self, number: u64) -> Option<Arc<LessSafeKey>> {
        if let Some(key) = self.young.get(&number) {
            return Some(Arc::clone(key));
        }
        let key = self.old.remove(&number)?;
        self.put(number, &key);
        Some(key)
    }

    fn put(&mut self, number: u64, key: &Arc<LessSafeKey>) {
        if self.young.len() >= KEYS_KEPT {
            self.old = std::mem::take(&mut self.young);
        }
        self.young.insert(number, Arc::clone(key));
    }
}

/// The place of a slot in its file, in bytes.
const fn place(number: u64) -> u64 {
    (number & ((1 << PLACE_BITS) - 1)) * SLOT_BYTES as u64
}

/// The checksum of the slot of a number with this secret.
fn checksum(number: u64, secret: &[u8]) -> [u8; SLOT_BYTES - SECRET_BYTES] {
    let mut hasher = crc32fast::Hasher::new();
    hasher.update(&number.to_le_bytes());
    hasher.update(secret);
    hasher.finalize().to_le_bytes()
}

/// Whether this is the slot of a number: an empty one, that of a destroyed key, or that of a key with
/// its checksum.
pub(super) fn is_sound(slot: &[u8], number: u64) -> bool {
    let is_whole = |(secret, checksum): (&[u8], &[u8])| *checksum == self::checksum(number, secret);
    slot == NONE || slot == DESTROYED || slot.split_at_checked(SECRET_BYTES).is_some_and(is_whole)
}

/// Does this while no other process changes the file.
fn locked(file: &File, work: impl FnOnce() -> io::Result<()>) -> io::Result<()> {
    file.lock()?;
    let done = work();
    file.unlock()?;
    done
}

fn slot(file: &File, number: u64) -> io::Result<Slot> {
    let mut slot = NONE;
    let read = file.read_at(&mut slot, place(number))?;
    Ok(if read == SLOT_BYTES { slot } else { NONE })
}

impl Pages {
    /// The page of a number, and the pages after it when it is the next page of the file.
    fn of(file: &File, number: u64) -> io::Result<Self> {
        let start = place(number) / PAGE_BYTES as u64 * PAGE_BYTES as u64;
        let pages = if file.metadata()?.len() == start { PAGES_IN_ORDER } else { 1 };
        Ok(Self { start, bytes: pages * PAGE_BYTES })
    }
}

/// Reads pages; what lies past the end of the file is zeros.
fn read(file: &File, Pages { start, bytes }: Pages) -> io::Result<Vec<u8>> {
    let (mut slots, mut read) = (vec![0; bytes], 0);
    while let bytes @ 1.. = file.read_at(&mut slots[read..], start + read as u64)? {
        read += bytes;
    }
    Ok(slots)
}

/// Makes keys in all empty slots of these pages, durably.
fn fill(file: &File, number: u64, pages: Pages) -> io::Result<()> {
    let Pages { start, bytes } = pages;
    let mut random = vec![0; bytes / SLOT_BYTES * SECRET_BYTES];
    SystemRandom::new().fill(&mut random).map_err(|_| io::Error::other("no random bytes"))?;
    let mut slots = read(file, pages)?;
    let first = (number >> PLACE_BITS << PLACE_BITS) + start / SLOT_BYTES as u64;
    let empty = slots.chunks_mut(SLOT_BYTES).zip(first..).filter(|(slot, _)| *slot == NONE);
    for ((slot, number), secret) in empty.zip(random.chunks(SECRET_BYTES)) {
        let (first, last) = slot.split_at_mut(SECRET_BYTES);
        first.copy_from_slice(secret);
        last.copy_from_slice(&checksum(number, secret));
    }
    file.write_all_at(&slots, start)?;
    file.sync_all()
}

#[cfg(test)]
mod tests;
