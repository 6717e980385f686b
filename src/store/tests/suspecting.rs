//! Tests that a read model is not read any more after another process touched its file.

use super::answering::{LAYOUT, NAME_IS_A_CHOICE, change, filled, opened};
use crate::store::read_model::{Layout, OpenProblem, ReadModel};
use rusqlite::Connection;
use serde_json::json;
use std::{
    fs::{self, File},
    path::{Path, PathBuf},
};

type Touch = fn(&Path);

fn beside(path: &Path, ending: &str) -> PathBuf {
    PathBuf::from(format!("{}{ending}", path.display()))
}

/// The ways another process can touch a file in use, with the expected error.
const TOUCHES: &[(&str, Touch)] = &[
    ("the file was deleted", |path| fs::remove_file(path).expect("is there")),
    ("its log was deleted", |path| fs::remove_file(beside(path, "-wal")).expect("is there")),
    ("its shared memory was", |path| fs::remove_file(beside(path, "-shm")).expect("is there")),
    ("the file was written to", |path| {
        File::options()
            .write(true)
            .open(path)
            .and_then(|file| file.set_len(4_096))
            .expect("is there");
    }),
    ("the file was written to", |path| {
        fs::write(path, vec![0x5a; 40_960]).expect("is writable");
    }),
    ("the file was replaced", |path| {
        let copy = beside(path, ".copy");
        fs::copy(path, &copy).expect("is readable");
        fs::rename(copy, path).expect("is renamed");
    }),
    ("its log was written to", |path| {
        let other = Connection::open(path).expect("opens");
        other.execute_batch("DROP TABLE rows").expect("is dropped");
    }),
];

#[test]
fn every_change_of_its_file_by_another_process_is_detected_before_a_read_or_write() {
    for (expected, touch) in TOUCHES {
        let dir = tempfile::tempdir().expect("a folder");
        let path = dir.path().join("mypages.sqlite");
        let model = filled(&path);
        model.commit(11, &[(11, Some(change(&json!({"name": "Lee"}))))]).expect("is written");
        assert!(model.get(11).expect("is readable").is_some());
        touch(&path);
        let error = model.get(11).expect_err("no row is read");
        assert!(error.reason.contains(expected), "{expected}: {error}");
        model.commit(12, &[(12, None)]).expect_err("no row is written");
        model.check().expect_err("it stays untrusted");
    }
}

#[test]
fn a_read_model_stays_trusted_during_concurrent_reads_and_writes() {
    let dir = tempfile::tempdir().expect("a folder");
    let model = filled(&dir.path().join("mypages.sqlite"));
    std::thread::scope(|scope| {
        for _ in 0..3 {
            scope.spawn(|| (0..300).for_each(|_| drop(model.get(1).expect("is readable"))));
        }
        for cursor in 11..400 {
            let row = change(&json!({"name": "Lee".repeat(200)}));
            model.commit(cursor, &[(cursor, Some(row))]).expect("is written");
        }
    });
    model.check().expect("no other process touched it");
    assert_eq!(model.count().expect("is readable"), 399);
}

#[test]
fn rows_of_another_shape_are_not_used() {
    let dir = tempfile::tempdir().expect("a folder");
    let path = dir.path().join("mypages.sqlite");
    drop(filled(&path));
    for other in [
        Layout { fields: &LAYOUT.fields[..2], ..LAYOUT },
        Layout { columns: &["id", "name", "colour"], ..LAYOUT },
        Layout { shape: 1, ..LAYOUT },
        Layout { fields: NAME_IS_A_CHOICE, ..LAYOUT },
        Layout { name: "taxi/others", ..LAYOUT },
    ] {
        assert_eq!(ReadModel::open(&path, other).err(), Some(OpenProblem::OtherShape), "{other:?}");
    }
    assert_eq!(opened(&path).cursor().expect("is readable"), 10);
}

#[test]
fn a_damaged_page_is_found_by_an_examination_of_all_pages() {
    let dir = tempfile::tempdir().expect("a folder");
    let path = dir.path().join("mypages.sqlite");
    drop(filled(&path));
    let mut bytes = fs::read(&path).expect("is readable");
    let last = bytes.len() - 4_096;
    bytes[last..].fill(0x5a);
    fs::write(&path, bytes).expect("is writable");
    let model = opened(&path);
    model.check().expect("no damage is known yet");
    model.examine(&mut |_, _| {}).expect_err("a page is damaged");
    model.check().expect_err("it is not trusted any more");
}

#[test]
fn a_new_file_replaces_a_damaged_one_which_is_kept_aside() {
    let dir = tempfile::tempdir().expect("a folder");
    let path = dir.path().join("mypages.sqlite");
    let old = filled(&path);
    fs::write(&path, vec![0x5a; 40_960]).expect("is writable");
    let damaged = old.check().expect_err("it is overwritten").reason;
    let new = ReadModel::build(&path, LAYOUT, &OpenProblem::Damaged(damaged)).expect("is made");
    assert!(!path.exists() && beside(&path, ".damaged").exists());
    new.commit(3, &[(1, Some(change(&json!({"name": "Lee"}))))]).expect("is written");
    let placed = new.take_place(&path).expect("takes its place");
    // Dropping the old read models must not delete files of the new one.
    drop((old, new));
    placed.commit(4, &[(2, Some(change(&json!({"name": "Kim"}))))]).expect("is written");
    assert_eq!((placed.count().expect("ok"), placed.cursor().expect("ok")), (2, 4));
    drop(placed);
    assert_eq!(opened(&path).count().expect("is readable"), 2);
}
