//! The keys of the numbers of one business, in files with fixed slots. A key is overwritten in its
//! place when it is destroyed, so no older copy of it stays in the file.
//!
//! ```text
//! persons/taxi-0.keys   slot 0 | slot 1 | …      the keys of the numbers 0 to 2^32 - 1
//! persons/taxi-1.keys                            those of the next 2^32 numbers
//! slot                  32 bytes: zeros | a key | the mark of a destroyed key
//! ```
//! Keys are random numbers that are written and synced before the first of them is used, many at
//! once, because most numbers are assigned in order: one record of 4,096 numbers waits for a sync. A
//! number that a client has chosen makes one page.

use crate::{store::permissions::create_private_folder, sync};
use ring::{
    aead::{AES_256_GCM, LessSafeKey, UnboundKey},
    rand::{SecureRandom as _, SystemRandom},
};
use std::{
    collections::{HashMap, HashSet},
    fmt,
    fs::{File, OpenOptions},
    io,
    os::unix::fs::{FileExt as _, OpenOptionsExt as _},
    path::PathBuf,
    sync::{
        Arc, Mutex, RwLock,
        atomic::{AtomicBool, Ordering},
    },
};

/// The folder of the keys in the data folder.
pub const FOLDER: &str = "persons";

const SLOT_BYTES: usize = 32;

/// The bytes that are filled with keys at once at least.
const PAGE_BYTES: usize = 4_096;

/// The pages that are filled at once where numbers are assigned in order: 4,096 keys.
const PAGES_IN_ORDER: usize = 32;

/// The bits of a number that are a place in one file. So a file has at most 128 GiB, of which only
/// the pages in use take space.
const PLACE_BITS: u32 = 32;

/// The keys of one generation in memory. Two generations are kept.
const KEYS_KEPT: usize = 2_048;

/// The most files that are kept open.
const FILES_KEPT: usize = 8;

/// The slot of a number that has no key yet.
const NONE: [u8; SLOT_BYTES] = [0; SLOT_BYTES];

/// The slot of a destroyed key.
const DESTROYED: [u8; SLOT_BYTES] = *b"madang: this key was destroyed.\n";

/// The key of a number.
#[derive(Clone)]
pub enum Key {
    /// There is one.
    Whole(Arc<LessSafeKey>),
    /// It was destroyed: the person was erased.
    Destroyed,
    /// There is none: nothing was encrypted with it, or its file is lost.
    None,
}

/// The keys of the numbers of one business.
pub struct BusinessKeys {
    folder: PathBuf,
    business: String,
    kept: Mutex<Kept>,
    /// The numbers whose keys this process has destroyed.
    destroyed: RwLock<HashSet<u64>>,
    has_destroyed: AtomicBool,
}

/// The keys and files in memory.
#[derive(Default)]
struct Kept {
    young: HashMap<u64, Arc<LessSafeKey>>,
    old: HashMap<u64, Arc<LessSafeKey>>,
    files: HashMap<u64, Arc<File>>,
}

impl fmt::Debug for BusinessKeys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the keys of {} in {}", self.business, self.folder.display())
    }
}

impl BusinessKeys {
    /// The keys of a business in this folder, which is made with the first key.
    #[must_use]
    pub fn of(folder: PathBuf, business: String) -> Self {
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

    /// Returns the key of a number.
    ///
    /// # Errors
    /// When its file cannot be read.
    pub fn get(&self, number: u64) -> io::Result<Key> {
        let mut kept = sync::lock(&self.kept);
        if let Some(key) = kept.key(number) {
            return Ok(Key::Whole(key));
        }
        let Some(file) = self.file(&mut kept, number, false)? else { return Ok(Key::None) };
        Ok(kept.keep(number, slot(&file, number)?))
    }

    /// Returns the key of a number, and makes it if there is none.
    ///
    /// # Errors
    /// When its file cannot be read or written.
    pub fn get_or_make(&self, number: u64) -> io::Result<Key> {
        match self.get(number)? {
            Key::None => {}
            found => return Ok(found),
        }
        let mut kept = sync::lock(&self.kept);
        let file = self.made_file(&mut kept, number)?;
        fill(&file, number)?;
        Ok(kept.keep(number, slot(&file, number)?))
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
        file.write_all_at(&DESTROYED, place(number))?;
        file.sync_all()?;
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

    fn made_file(&self, kept: &mut Kept, number: u64) -> io::Result<Arc<File>> {
        self.file(kept, number, true)?.ok_or_else(|| io::ErrorKind::NotFound.into())
    }

    /// The file of a number; `None` when there is none and none is made.
    fn file(&self, kept: &mut Kept, number: u64, is_made: bool) -> io::Result<Option<Arc<File>>> {
        let high = number >> PLACE_BITS;
        if let Some(file) = kept.files.get(&high) {
            return Ok(Some(Arc::clone(file)));
        }
        let path = self.folder.join(format!("{}-{high:x}.keys", self.business));
        if is_made && !path.exists() {
            create_private_folder(&self.folder)?;
            OpenOptions::new().write(true).create(true).truncate(false).mode(0o600).open(&path)?;
            File::open(&self.folder)?.sync_all()?;
        }
        let mut opened = OpenOptions::new().read(true).write(true).open(&path);
        if matches!(&opened, Err(error) if error.kind() == io::ErrorKind::PermissionDenied) {
            // A check only reads the keys.
            opened = File::open(&path);
        }
        let file = match opened {
            Ok(file) => Arc::new(file),
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(error),
        };
        if kept.files.len() >= FILES_KEPT {
            kept.files.clear();
        }
        kept.files.insert(high, Arc::clone(&file));
        Ok(Some(file))
    }
}

impl Kept {
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

    fn keep(&mut self, number: u64, slot: [u8; SLOT_BYTES]) -> Key {
        match slot {
            NONE => Key::None,
            DESTROYED => Key::Destroyed,
            bytes => match UnboundKey::new(&AES_256_GCM, &bytes) {
                Ok(key) => {
                    let key = Arc::new(LessSafeKey::new(key));
                    self.put(number, &key);
                    Key::Whole(key)
                }
                // Keys of this length are always accepted.
                Err(_) => Key::None,
            },
        }
    }
}

/// The place of a slot in its file, in bytes.
const fn place(number: u64) -> u64 {
    (number & ((1 << PLACE_BITS) - 1)) * SLOT_BYTES as u64
}

fn slot(file: &File, number: u64) -> io::Result<[u8; SLOT_BYTES]> {
    let mut slot = NONE;
    let read = file.read_at(&mut slot, place(number))?;
    Ok(if read == SLOT_BYTES { slot } else { NONE })
}

/// Makes keys in all empty slots of the page of a number, and in the pages after it when it is the
/// next page of the file; durably.
fn fill(file: &File, number: u64) -> io::Result<()> {
    let start = place(number) / PAGE_BYTES as u64 * PAGE_BYTES as u64;
    let pages = if file.metadata()?.len() == start { PAGES_IN_ORDER } else { 1 };
    let mut random = vec![0; pages * PAGE_BYTES];
    SystemRandom::new().fill(&mut random).map_err(|_| io::Error::other("no random bytes"))?;
    let mut slots = vec![0; pages * PAGE_BYTES];
    let mut read = 0;
    while let bytes @ 1.. = file.read_at(&mut slots[read..], start + read as u64)? {
        read += bytes;
    }
    for (slot, random) in slots.chunks_mut(SLOT_BYTES).zip(random.chunks(SLOT_BYTES)) {
        if slot == NONE {
            slot.copy_from_slice(random);
        }
    }
    file.write_all_at(&slots, start)?;
    file.sync_all()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::{fs, os::unix::fs::MetadataExt as _, path::Path};

    /// Numbers in order, at the ends of pages, and one that a client chose.
    const NUMBERS: [u64; 7] = [0, 1, 127, 128, 4_095, 4_096, 1_000_000_000_000_000];

    fn keys(folder: &Path) -> BusinessKeys {
        BusinessKeys::of(folder.join(FOLDER), "taxi".to_owned())
    }

    fn slots(folder: &Path, number: u64) -> [u8; SLOT_BYTES] {
        let high = number >> PLACE_BITS;
        let file = folder.join(FOLDER).join(format!("taxi-{high:x}.keys"));
        slot(&File::open(file).unwrap(), number).unwrap()
    }

    fn is_whole(key: io::Result<Key>) -> bool {
        matches!(key.unwrap(), Key::Whole(_))
    }

    #[test]
    fn each_number_has_a_key_of_its_own_that_stays_the_same() {
        let folder = tempfile::tempdir().unwrap();
        assert!(matches!(keys(folder.path()).get(7).unwrap(), Key::None));
        assert!(!folder.path().join(FOLDER).exists(), "reading makes no keys");
        let one = keys(folder.path());
        let made = NUMBERS.map(|number| {
            assert!(is_whole(one.get_or_make(number)), "{number}");
            slots(folder.path(), number)
        });
        let mut distinct = made.to_vec();
        distinct.sort_unstable();
        distinct.dedup();
        assert_eq!(distinct.len(), NUMBERS.len());
        let again = keys(folder.path());
        let after = NUMBERS.map(|number| {
            assert!(is_whole(again.get(number)) && is_whole(again.get_or_make(number)));
            slots(folder.path(), number)
        });
        assert_eq!(made, after);
    }

    #[test]
    fn keys_take_little_space_and_only_the_owner_reads_them() {
        let folder = tempfile::tempdir().unwrap();
        NUMBERS.iter().for_each(|number| drop(keys(folder.path()).get_or_make(*number).unwrap()));
        let files = fs::read_dir(folder.path().join(FOLDER)).unwrap();
        let files: Vec<_> = files.map(|file| file.unwrap().metadata().unwrap()).collect();
        assert_eq!(files.len(), 2);
        let bytes: u64 = files.iter().map(|file| file.blocks() * 512).sum();
        assert!(bytes <= 512 << 10, "{bytes}");
        assert!(files.iter().all(|file| file.mode() & 0o777 == 0o600));
    }

    #[test]
    fn a_destroyed_key_is_overwritten_and_never_made_again() {
        let folder = tempfile::tempdir().unwrap();
        let one = keys(folder.path());
        for number in 1..200 {
            one.get_or_make(number).unwrap();
        }
        let (gone, next) = (slots(folder.path(), 100), slots(folder.path(), 101));
        one.destroy(100).unwrap();
        one.destroy(9_000).unwrap();
        for keys in [&one, &keys(folder.path())] {
            for number in [100, 9_000] {
                assert!(matches!(keys.get(number).unwrap(), Key::Destroyed), "{number}");
                assert!(matches!(keys.get_or_make(number).unwrap(), Key::Destroyed), "{number}");
            }
            assert!(is_whole(keys.get(101)) && is_whole(keys.get_or_make(9_001)));
        }
        assert_eq!(slots(folder.path(), 101), next);
        let file = fs::read(folder.path().join(FOLDER).join("taxi-0.keys")).unwrap();
        assert!(!file.windows(SLOT_BYTES).any(|bytes| bytes == gone));
    }

    #[test]
    fn keys_that_leave_memory_are_read_again() {
        let folder = tempfile::tempdir().unwrap();
        let one = keys(folder.path());
        let many = 3 * KEYS_KEPT as u64;
        assert!((0..many).all(|number| is_whole(one.get_or_make(number))));
        let kept = sync::lock(&one.kept);
        assert!(kept.young.len() + kept.old.len() <= 2 * KEYS_KEPT);
        drop(kept);
        assert!((0..many).all(|number| is_whole(one.get(number))));
    }
}
