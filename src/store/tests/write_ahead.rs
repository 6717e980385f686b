//! Tests that the write-ahead log alone keeps every acknowledged record.

use super::{JournalOptions, faults, open, order, read_all, said, submit, words};
use crate::store::{
    disk::{Batch, Disk, files, keys, reading, write_ahead},
    faults::SimulatedDiskState,
    journal::{Journal, ReadLevel, SledJournal},
    types::OpenError,
};
use std::{
    fs,
    path::{Path, PathBuf},
};

const BLOCK: usize = 4_096;

/// Copies the files of an open store, as they are after the process was killed.
fn killed(journal: &SledJournal, dir: &Path) -> (tempfile::TempDir, PathBuf) {
    let folder = tempfile::tempdir().expect("a folder");
    let copy = folder.path().join("journal");
    journal.disk().expect("open").while_idle(|| {
        super::copy(dir, &copy);
        fs::copy(files::mark_path(dir), files::mark_path(&copy)).expect("copied");
    });
    (folder, copy)
}

/// An open journal in a folder of the usual name.
fn begun() -> (tempfile::TempDir, PathBuf, std::sync::Arc<SledJournal>) {
    let folder = tempfile::tempdir().expect("a folder");
    let dir = folder.path().join("journal");
    let journal = open(&dir);
    (folder, dir, journal)
}

fn requested(journal: &SledJournal, numbers: std::ops::RangeInclusive<u64>) {
    for number in numbers {
        submit(journal, said(number, 0, &["requested"])).1.expect("durable");
    }
}

fn records(dir: &Path) -> usize {
    read_all(&open(dir), ReadLevel::Durable).len()
}

/// The file of the log that holds the latest frames, and its content up to the last frame.
fn latest(dir: &Path, mark: &str) -> (PathBuf, Vec<u8>, usize) {
    let holds = |bytes: &[u8]| bytes.windows(mark.len()).rposition(|part| part == mark.as_bytes());
    let found = write_ahead::paths(dir).into_iter().find_map(|path| {
        let content = fs::read(&path).expect("readable");
        let at = holds(&content)?;
        Some((path, content, at / BLOCK * BLOCK))
    });
    found.expect("the log holds it")
}

#[test]
fn records_that_only_the_log_holds_are_there_after_a_kill() {
    let (_folder, dir, journal) = begun();
    requested(&journal, 1..=3);
    journal.disk().expect("open").write_back().expect("durable");
    requested(&journal, 4..=7);
    submit(&journal, said(1, 1, &["paid"])).1.expect("durable");
    let (_killed, copy) = killed(&journal, &dir);
    for _ in 0..2 {
        let journal = open(&copy);
        assert_eq!(read_all(&journal, ReadLevel::Durable).len(), 8);
        assert_eq!(
            words(&journal.history(order(1)).expect("readable").records),
            ["requested", "paid"]
        );
        assert_eq!(journal.audit(&mut ()).expect("readable"), []);
    }
}

#[test]
fn a_kill_at_any_time_of_many_write_backs_loses_nothing() {
    let (_folder, dir, journal) = begun();
    for round in 1..=12_u64 {
        requested(&journal, round * 10..=round * 10 + 4);
        if round % 3 == 0 {
            journal.disk().expect("open").write_back().expect("durable");
        }
        let (_killed, copy) = killed(&journal, &dir);
        assert_eq!(records(&copy), usize::try_from(round * 5).expect("is small"));
    }
}

#[test]
fn a_write_back_that_was_interrupted_is_done_again() {
    let (_folder, dir, journal) = begun();
    requested(&journal, 1..=5);
    faults(&journal).pretend(SimulatedDiskState::Failing, None);
    let disk = journal.disk().expect("open");
    disk.write_back().expect_err("sled's files cannot be synced");
    assert_eq!(read_all(&journal, ReadLevel::Durable).len(), 5, "reads go on");
    drop(disk);
    let (_killed, copy) = killed(&journal, &dir);
    assert_eq!(records(&copy), 5);
    faults(&journal).stop_pretending();
    journal.close();
    assert_eq!(records(&dir), 5);
}

#[test]
fn an_incomplete_last_frame_was_never_acknowledged() {
    let (_folder, dir, journal) = begun();
    requested(&journal, 1..=3);
    let (_before, before) = killed(&journal, &dir);
    submit(&journal, said(4, 0, &["the last one"])).1.expect("durable");
    let (_killed, copy) = killed(&journal, &dir);
    fs::copy(files::mark_path(&before), files::mark_path(&copy)).expect("copied");
    let (path, mut content, at) = latest(&copy, "the last one");
    content[at..at + 64].fill(0);
    fs::write(path, content).expect("written");
    let journal = open(&copy);
    assert_eq!(read_all(&journal, ReadLevel::Durable).len(), 3);
    requested(&journal, 4..=4);
    let (_again, again) = killed(&journal, &copy);
    assert_eq!(records(&again), 4);
}

#[test]
fn each_damaged_frame_is_found() {
    let (_folder, dir, journal) = begun();
    requested(&journal, 1..=2);
    submit(&journal, said(3, 0, &["in the middle"])).1.expect("durable");
    requested(&journal, 4..=5);
    let (_killed, copy) = killed(&journal, &dir);
    let (path, content, at) = latest(&copy, "in the middle");
    for offset in (0..120).step_by(5) {
        let mut damaged = content.clone();
        damaged[at + offset] ^= 4;
        let is_padding = content[at + offset..].iter().take(40).all(|byte| *byte == 0);
        fs::write(&path, &damaged).expect("written");
        match SledJournal::open(&copy, JournalOptions::default()) {
            Err(OpenError { reason, .. }) => assert!(reason.contains("is damaged"), "{reason}"),
            Ok(_) => assert!(is_padding, "a flipped bit at {offset} is not found"),
        }
    }
    for of_header in [3..4, 0..BLOCK] {
        let mut damaged = content.clone();
        damaged[of_header].fill(0);
        fs::write(&path, &damaged).expect("written");
        let refused = SledJournal::open(&copy, JournalOptions::default()).err().expect("refused");
        assert!(refused.reason.contains("its header is not what was written"), "{refused}");
    }
    fs::write(&path, &content).expect("written");
    assert_eq!(records(&copy), 5);
}

#[test]
fn a_lost_log_is_found() {
    let (_folder, dir, journal) = begun();
    requested(&journal, 1..=3);
    let (_killed, copy) = killed(&journal, &dir);
    for path in write_ahead::paths(&copy) {
        fs::remove_file(path).expect("removed");
    }
    let refused = SledJournal::open(&copy, JournalOptions::default()).err().expect("is refused");
    assert!(refused.reason.contains("3 was acknowledged"), "{refused}");
}

#[test]
fn a_value_that_looks_like_a_frame_is_not_read_as_one() {
    let (_folder, dir, journal) = begun();
    let frame = {
        let (_killed, copy) = killed(&journal, &dir);
        let journal = open(&copy);
        submit(&journal, said(900, 0, &["forged"])).1.expect("durable");
        let (_, content, at) = latest(&copy, "forged");
        content[at..at + BLOCK].to_vec()
    };
    // Wherever blocks begin in it, a frame of another store begins.
    let shifted: Vec<u8> = (0..64).flat_map(|_| frame.clone()).collect();
    let values: Vec<String> =
        (0..8).map(|cut| String::from_utf8_lossy(&shifted[cut * 512..]).into_owned()).collect();
    for (number, value) in (1..).zip(&values) {
        submit(&journal, said(number, 0, &[value])).1.expect("durable");
    }
    journal.disk().expect("open").write_back().expect("durable");
    requested(&journal, 20..=20);
    journal.disk().expect("open").write_back().expect("durable");
    requested(&journal, 21..=21);
    let (_killed, copy) = killed(&journal, &dir);
    let journal = open(&copy);
    assert_eq!(read_all(&journal, ReadLevel::Durable).len(), values.len() + 2);
    assert!(journal.history(order(900)).expect("readable").records.is_empty());
}

#[test]
fn a_batch_that_is_larger_than_the_files_is_durable() {
    let (_folder, dir, journal) = begun();
    let mut batch = Batch::default();
    for nth in 0..400_u128 {
        batch.insert(&keys::answer(nth), vec![7; 30_000]);
    }
    journal.disk().expect("open").commit(batch).expect("durable");
    requested(&journal, 1..=2);
    let (_killed, copy) = killed(&journal, &dir);
    let journal = open(&copy);
    assert_eq!(read_all(&journal, ReadLevel::Durable).len(), 2);
    let disk: std::sync::Arc<Disk> = journal.disk().expect("open");
    assert_eq!(disk.db.scan_prefix([keys::ANSWER]).count(), 400);
    assert_eq!(reading::head(&disk.db).expect("readable").position, 2);
}
