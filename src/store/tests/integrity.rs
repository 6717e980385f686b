//! Tests that a loss of acknowledged history is always reported.

use super::{ORDERS, copy, open, order, read_all, said, submit, words};
use crate::store::{
    disk::files,
    journal::{Availability, Flaw, Journal, ReadLevel, SledJournal, SubmitError},
    types::JournalOptions,
};
use std::{
    fs,
    path::{Path, PathBuf},
    sync::{Arc, mpsc},
};

/// A data folder with the folder of the journal in it.
fn data() -> (tempfile::TempDir, PathBuf) {
    let data = tempfile::tempdir().expect("a folder");
    let dir = data.path().join("journal");
    (data, dir)
}

fn order_on(dir: &Path, numbers: impl Iterator<Item = u64>) {
    let journal = open(dir);
    journal.kind("taxi/orders").expect("named");
    for number in numbers {
        submit(&journal, said(number, 0, &["requested"])).1.expect("durable");
    }
    journal.close();
}

/// A journal of five orders whose folder is in the state after two.
fn cut_short() -> (tempfile::TempDir, PathBuf) {
    let (data, dir) = data();
    order_on(&dir, 1..=2);
    let early = data.path().join("early");
    copy(&dir, &early);
    order_on(&dir, 3..=5);
    fs::remove_dir_all(&dir).expect("deleted");
    fs::rename(&early, &dir).expect("renamed");
    (data, dir)
}

fn refused(dir: &Path) -> String {
    let refused = SledJournal::open(dir, JournalOptions::default());
    refused.err().expect("is refused").to_string()
}

fn accepting() -> JournalOptions {
    JournalOptions { accept_loss: true, ..JournalOptions::default() }
}

#[test]
fn a_journal_that_ends_before_its_mark_is_refused_with_what_is_missing() {
    let (_data, dir) = cut_short();
    for _ in 0..2 {
        let reason = refused(&dir);
        for words in ["positions 3 to 5 (3 records)", "taxi/orders 3 to 5", "--accept-loss"] {
            assert!(reason.contains(words), "{reason}");
        }
    }
}

#[test]
fn an_accepted_loss_is_recorded_and_no_number_is_assigned_again() {
    let (_data, dir) = cut_short();
    let journal = SledJournal::open(&dir, accepting()).expect("opens");
    let loss = journal.accepted_loss().expect("a loss");
    assert_eq!((loss.ends_at, loss.acknowledged), (2, 5));
    assert_eq!(journal.last_born(ORDERS, u64::MAX).expect("readable"), 5);
    assert_eq!(journal.last_number(ORDERS), 5);
    assert_eq!(journal.count(ORDERS), 2);
    let id = journal.id();
    submit(&journal, said(6, 0, &["requested"])).1.expect("durable");
    assert_eq!(journal.numbers(ORDERS, 0, 9, false).expect("readable"), [1, 2, 6]);
    let flaws = journal.audit(&mut ()).expect("is readable");
    assert_eq!(flaws, Vec::<Flaw>::new());
    journal.close();

    let journal = SledJournal::open(&dir, accepting()).expect("opens without the loss as well");
    assert!(journal.accepted_loss().is_none(), "no further history is missing");
    assert_eq!((journal.id(), journal.last_born(ORDERS, u64::MAX).expect("readable")), (id, 6));
}

#[test]
fn a_store_gets_a_new_identity_when_a_loss_is_accepted() {
    let (_data, dir) = data();
    order_on(&dir, 1..=1);
    let before = open(&dir).id();
    fs::remove_file(dir.join("db")).expect("deleted");
    assert!(refused(&dir).contains("and with it the positions 1 to 1"), "{}", refused(&dir));
    let journal = SledJournal::open(&dir, accepting()).expect("opens");
    assert_ne!(journal.id(), before);
    assert_eq!(journal.kind("taxi/orders").expect("named"), ORDERS, "kinds keep their numbers");
    assert_eq!(journal.last_born(ORDERS, u64::MAX).expect("readable"), 1);
}

#[test]
fn a_missing_journal_is_refused_and_no_new_one_is_created() {
    let (_data, dir) = data();
    order_on(&dir, 1..=3);
    fs::remove_dir_all(&dir).expect("deleted");
    assert!(refused(&dir).contains("taxi/orders 1 to 3"), "{}", refused(&dir));
    assert!(!dir.join("db").exists());
}

#[test]
fn a_journal_beside_the_mark_of_another_one_is_refused() {
    let (data, dir) = data();
    order_on(&dir, 1..=2);
    let (_other_data, other) = self::data();
    order_on(&other, 1..=2);
    fs::copy(files::mark_path(&other), files::mark_path(&dir)).expect("copied");
    assert!(refused(&dir).contains("another store"), "{}", refused(&dir));
    drop(data);
}

#[test]
fn a_missing_damaged_or_old_mark_is_rebuilt_from_a_complete_journal() {
    let (_data, dir) = data();
    order_on(&dir, 1..=2);
    let mark = files::mark_path(&dir);
    let old = fs::read(&mark).expect("a mark");
    order_on(&dir, 3..=5);
    for content in [None, Some(vec![7; 9_000]), Some(old)] {
        match content {
            None => fs::remove_file(&mark).expect("deleted"),
            Some(bytes) => fs::write(&mark, bytes).expect("written"),
        }
        assert_eq!(read_all(&open(&dir), ReadLevel::Durable).len(), 5);
        let kept = dir.with_extension("kept");
        fs::rename(&dir, &kept).expect("renamed");
        assert!(refused(&dir).contains("taxi/orders 1 to 5"), "{}", refused(&dir));
        fs::rename(&kept, &dir).expect("renamed");
    }
}

/// Whether a journal of 400 records is refused as damaged. One that opens must have all of them.
fn is_refused(dir: &Path, at: usize) -> bool {
    let journal = match SledJournal::open(dir, JournalOptions::default()) {
        Ok(journal) => journal,
        Err(refused) => {
            assert!(refused.to_string().contains("damaged"), "byte {at}: {refused}");
            return true;
        }
    };
    assert_eq!(read_all(&journal, ReadLevel::Durable).len(), 400, "byte {at}");
    let flaws = journal.audit(&mut ()).expect("is readable");
    assert_eq!(flaws, Vec::<Flaw>::new(), "byte {at}");
    journal.close();
    false
}

#[test]
fn a_flipped_bit_is_found_before_the_store_is_opened_or_damages_nothing() {
    let (data, dir) = data();
    let journal = open(&dir);
    let words = "x".repeat(6_000);
    for number in 1..=400 {
        submit(&journal, said(number, 0, &[&words])).1.expect("durable");
    }
    journal.close();
    let whole = fs::read(dir.join("db")).expect("a log");
    // Which parts of the log are in use depends on when the records were written to it.
    let refused = (200_000..whole.len()).step_by(1 << 18).filter(|&at| {
        let damaged = data.path().join(at.to_string()).join("journal");
        copy(&dir, &damaged);
        fs::copy(files::mark_path(&dir), files::mark_path(&damaged)).expect("copied");
        let mut bytes = whole.clone();
        bytes[at] ^= 4;
        fs::write(damaged.join("db"), bytes).expect("written");
        is_refused(&damaged, at)
    });
    assert!(refused.count() >= 8, "{} bytes", whole.len());
}

#[test]
fn an_open_journal_whose_files_vanish_refuses_writes_and_serves_reads() {
    let (data, dir) = data();
    for path in [dir.join("db"), files::mark_path(&dir), dir.clone(), data.path().to_owned()] {
        let journal = open(&dir);
        submit(&journal, said(1, 0, &["requested"])).1.expect("durable");
        let (sender, availability) = mpsc::channel();
        journal.on_availability(Arc::new(move |change| sender.send(change).unwrap_or_default()));
        let moved = path.with_extension("moved");
        fs::rename(&path, &moved).expect("moved");
        let Ok(Availability::Unavailable { reason }) = availability.recv() else {
            panic!("the missing file is not detected")
        };
        assert!(reason.contains("was deleted while the server was running"), "{reason}");
        let mut more = said(2, 0, &["requested"]);
        more.generation = journal.generation();
        assert!(matches!(journal.submit(more), Err(SubmitError::Closed(_))));
        assert_eq!(words(&journal.history(order(1)).expect("readable").records), ["requested"]);
        journal.close();
        fs::rename(&moved, &path).expect("moved back");
        fs::remove_dir_all(&dir).expect("deleted");
        fs::remove_file(files::mark_path(&dir)).expect("deleted");
    }
}

#[test]
fn a_second_opening_of_a_store_whose_files_were_replaced_is_refused() {
    let (_data, dir) = data();
    let journal = open(&dir);
    submit(&journal, said(1, 0, &["requested"])).1.expect("durable");
    fs::rename(&dir, dir.with_extension("moved")).expect("moved");
    let _ = fs::remove_file(files::mark_path(&dir));
    assert!(refused(&dir).contains("the data folder is in use by another process"));
    journal.close();
}
