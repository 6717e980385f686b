//! Tests of keys: how they are kept, destroyed, and found to be damaged.

use super::*;
use crate::store::persons::folder::KeysId;
use std::{fs, os::unix::fs::MetadataExt as _, path::PathBuf};
use tempfile::TempDir;

/// Numbers in order, at the ends of pages, and one that a client chose.
const NUMBERS: [u64; 7] = [0, 1, 127, 128, 4_095, 4_096, 1_000_000_000_000_000];

fn begun() -> (TempDir, KeysId) {
    let folder = tempfile::tempdir().unwrap();
    let id = KeyFolder::begin(folder.path()).unwrap().id();
    (folder, id)
}

fn keys((folder, id): &(TempDir, KeysId)) -> BusinessKeys {
    let folder = KeyFolder::open(folder.path(), *id).unwrap();
    BusinessKeys::of(Arc::new(folder), "taxi".to_owned())
}

fn file_of((folder, _): &(TempDir, KeysId), number: u64) -> PathBuf {
    folder.path().join(format!("taxi-{:x}.keys", number >> PLACE_BITS))
}

fn slots(at: &(TempDir, KeysId), number: u64) -> Slot {
    slot(&File::open(file_of(at, number)).unwrap(), number).unwrap()
}

fn is_whole(key: io::Result<Key>) -> bool {
    matches!(key.unwrap(), Key::Whole(_))
}

#[test]
fn each_number_has_a_key_of_its_own_that_stays_the_same() {
    let folder = begun();
    assert!(matches!(keys(&folder).get(7).unwrap(), Key::None));
    assert!(!file_of(&folder, 7).exists(), "reading makes no keys");
    let one = keys(&folder);
    let made = NUMBERS.map(|number| {
        assert!(is_whole(one.get_or_make(number)), "{number}");
        slots(&folder, number)
    });
    let mut distinct = made.to_vec();
    distinct.sort_unstable();
    distinct.dedup();
    assert_eq!(distinct.len(), NUMBERS.len());
    let again = keys(&folder);
    let after = NUMBERS.map(|number| {
        assert!(is_whole(again.get(number)) && is_whole(again.get_or_make(number)));
        slots(&folder, number)
    });
    assert_eq!(made, after);
}

#[test]
fn keys_take_little_space_and_only_the_owner_reads_them() {
    let folder = begun();
    for number in NUMBERS {
        keys(&folder).get_or_make(number).unwrap();
    }
    let files = fs::read_dir(folder.0.path()).unwrap();
    let files: Vec<_> = files.map(|file| file.unwrap().metadata().unwrap()).collect();
    assert_eq!(files.len(), 3, "and what they are");
    let bytes: u64 = files.iter().map(|file| file.blocks() * 512).sum();
    assert!(bytes <= 512 << 10, "{bytes}");
    assert!(files.iter().all(|file| file.mode() & 0o777 == 0o600));
}

#[test]
fn a_destroyed_key_is_overwritten_and_never_made_again() {
    let folder = begun();
    let one = keys(&folder);
    for number in 1..200 {
        one.get_or_make(number).unwrap();
    }
    let (gone, next) = (slots(&folder, 100), slots(&folder, 101));
    one.destroy(100).unwrap();
    one.destroy(9_000).unwrap();
    for keys in [&one, &keys(&folder)] {
        for number in [100, 9_000] {
            assert!(matches!(keys.get(number).unwrap(), Key::Destroyed), "{number}");
            assert!(matches!(keys.get_or_make(number).unwrap(), Key::Destroyed), "{number}");
        }
        assert!(is_whole(keys.get(101)) && is_whole(keys.get_or_make(9_001)));
    }
    assert_eq!(slots(&folder, 101), next);
    let file = fs::read(file_of(&folder, 0)).unwrap();
    assert!(!file.windows(SLOT_BYTES).any(|bytes| bytes == gone));
}

#[test]
fn keys_that_leave_memory_are_read_again() {
    let folder = begun();
    let one = keys(&folder);
    let many = 3 * KEYS_KEPT as u64;
    assert!((0..many).all(|number| is_whole(one.get_or_make(number))));
    let kept = sync::lock(&one.kept);
    assert!(kept.young.len() + kept.old.len() <= 2 * KEYS_KEPT);
    drop(kept);
    assert!((0..many).all(|number| is_whole(one.get(number))));
}

#[test]
fn a_damaged_slot_is_no_destroyed_key() {
    let folder = begun();
    keys(&folder).get_or_make(7).unwrap();
    keys(&folder).destroy(8).unwrap();
    let mut bytes = fs::read(file_of(&folder, 0)).unwrap();
    for number in [7, 8] {
        bytes[number * SLOT_BYTES + 5] ^= 1;
    }
    fs::write(file_of(&folder, 0), bytes).unwrap();
    for number in [7, 8] {
        let read = [keys(&folder).get(number), keys(&folder).get_or_make(number)];
        for read in read {
            let Err(error) = read else { panic!("{number} is damaged") };
            assert_eq!(error.to_string(), format!("the key of taxi/{number} is damaged"));
        }
    }
    assert!(is_whole(keys(&folder).get(9)));
}
