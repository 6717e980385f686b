//! Tests that answers under idempotency keys are kept for the configured time only, and that no
//! history is read as a whole.

use super::{open, order, said, submit, under};
use crate::{
    domain::kernel::{FailureKind, RejectionKind},
    store::{
        codec,
        disk::{Batch, keys},
        faults::Faults,
        journal::{Journal, SledJournal, Submission},
        types::{
            Answer, Answers, JournalOptions, KeptAnswer, Snapshot, StoredAnswer, StoredOutcome,
            StoredReply, StoredSuccess, UNPLACED,
        },
    },
};
use std::{
    path::Path,
    sync::{Arc, atomic::Ordering},
};

const DAY_MS: i64 = 86_400_000;

fn reply(number: u64, position: u64) -> StoredOutcome {
    StoredOutcome::Replied(StoredReply {
        success: StoredSuccess::Created,
        number,
        version: 1,
        position,
        body: br#"{"id":1}"#.to_vec(),
        available_commands: vec!["cancel".to_owned()],
    })
}

fn answered(number: u64, outcome: StoredOutcome) -> StoredAnswer {
    StoredAnswer { fingerprint: 7, stream: order(number), outcome }
}

fn open_with(dir: &Path, faults: Faults) -> Arc<SledJournal> {
    SledJournal::open(dir, JournalOptions { faults, ..JournalOptions::default() }).expect("opens")
}

/// A submission of answers without records.
fn keep(journal: &SledJournal, keys: impl IntoIterator<Item = u128>) {
    let mut answers = Answers::default();
    for key in keys {
        answers.push(Answer { key, answer: answered(1, reply(1, 1)), is_first: true });
    }
    submit(journal, Submission { answer: Some(answers), ..said(1, 0, &[]) }).1.expect("durable");
}

fn count(journal: &SledJournal, letter: u8) -> usize {
    journal.disk().expect("open").db.scan_prefix([letter]).count()
}

/// Waits until this many answers are left.
fn wait_until_swept(journal: &SledJournal, left: usize) {
    while count(journal, keys::KEPT_ANSWER) != left {
        std::thread::yield_now();
    }
}

#[test]
fn an_answer_contains_the_position_of_its_submission() {
    let dir = tempfile::tempdir().expect("a folder");
    let journal = open(dir.path());
    let mut answers = under(3, answered(1, reply(1, UNPLACED)));
    let position = answers.position_cell();
    let accepted = Submission { answer: Some(answers), ..said(1, 0, &["requested", "paid"]) };
    submit(&journal, accepted).1.expect("durable");
    assert_eq!(position.load(Ordering::Acquire), 2);
    let stored = journal.answer(3).expect("readable").expect("stored");
    assert_eq!(stored.outcome, reply(1, 2));
    let other = under(4, answered(1, reply(1, 1)));
    submit(&journal, Submission { answer: Some(other), ..said(1, 2, &[]) }).1.expect("durable");
    let stored = journal.answer(4).expect("readable").expect("stored");
    assert_eq!(stored.outcome, reply(1, 1), "an answer with a position keeps it");
}

#[test]
fn an_answer_is_kept_for_a_day_and_then_its_key_is_new() {
    let dir = tempfile::tempdir().expect("a folder");
    let faults = Faults::default();
    let journal = open_with(dir.path(), faults.clone());
    keep(&journal, 1..=1_000);
    assert_eq!(count(&journal, keys::EXPIRY), 8, "one entry names many answers");
    faults.set_clock_ahead(DAY_MS - 3_600_000);
    keep(&journal, [2_000]);
    assert_eq!(count(&journal, keys::KEPT_ANSWER), 1_001);
    journal.close();

    let journal = open_with(dir.path(), faults.clone());
    // A clock that goes back removes nothing.
    faults.set_clock_ahead(-DAY_MS);
    keep(&journal, [3_000]);
    assert_eq!(count(&journal, keys::KEPT_ANSWER), 1_002);
    faults.set_clock_ahead(DAY_MS + 1_000);
    wait_until_swept(&journal, 1);
    assert!(journal.answer(1).expect("readable").is_none());
    assert!(journal.answer(2_000).expect("readable").is_some());
    assert!(journal.answer(3_000).expect("readable").is_none());
    keep(&journal, [1]);
    assert!(journal.answer(1).expect("readable").is_some(), "the key counts as new");
    faults.set_clock_ahead(3 * DAY_MS);
    wait_until_swept(&journal, 0);
    assert_eq!(count(&journal, keys::EXPIRY), 0);
}

#[test]
fn a_late_answer_is_kept_for_the_whole_time() {
    let dir = tempfile::tempdir().expect("a folder");
    let faults = Faults::default();
    let journal = open_with(dir.path(), faults.clone());
    let accepted = StoredOutcome::Accepted { version: 1 };
    let first = Submission { answer: Some(under(1, answered(1, accepted))), ..said(1, 0, &["a"]) };
    submit(&journal, first).1.expect("durable");
    faults.set_clock_ahead(DAY_MS / 2);
    let late = Answer { key: 1, answer: answered(1, reply(1, 1)), is_first: false };
    submit(&journal, Submission { answer: Some(late.into()), ..said(1, 1, &["b"]) })
        .1
        .expect("durable");
    faults.set_clock_ahead(DAY_MS + 1_000);
    keep(&journal, [2]);
    let entry_of_first = keys::expiry(0, 0)..keys::expiry(u64::MAX, 0);
    // The entry has moved to the later time, beside the one of the other key.
    while journal.disk().expect("open").db.range(entry_of_first.clone()).count() != 2 {
        std::thread::yield_now();
    }
    assert_eq!(journal.answer(1).expect("readable").expect("kept").outcome, reply(1, 1));
    faults.set_clock_ahead(DAY_MS + DAY_MS / 2 + 1_000);
    wait_until_swept(&journal, 1);
    assert!(journal.answer(1).expect("readable").is_none());
}

#[test]
fn answers_of_older_formats_are_returned_and_kept_for_a_day_from_the_first_start() {
    let dir = tempfile::tempdir().expect("a folder");
    let faults = Faults::default();
    let journal = open_with(dir.path(), faults.clone());
    let old = answered(1, StoredOutcome::Accepted { version: 1 });
    let mut batch = Batch::default();
    for key in 1..=300 {
        batch.insert(&keys::answer(key), codec::frame(&old));
    }
    journal.disk().expect("open").commit(batch).expect("written");
    journal.close();

    let journal = open_with(dir.path(), faults.clone());
    assert_eq!(journal.answer(7).expect("readable"), Some(old.clone()));
    submit(&journal, said(1, 0, &["requested"])).1.expect("durable");
    faults.set_clock_ahead(DAY_MS - 60_000);
    submit(&journal, said(1, 1, &["paid"])).1.expect("durable");
    assert_eq!(journal.answer(7).expect("readable"), Some(old));
    faults.set_clock_ahead(DAY_MS + 60_000);
    while count(&journal, keys::ANSWER) > 0 {
        std::thread::yield_now();
    }
    while journal.disk().expect("open").db.contains_key(keys::OLD_ANSWERS_UNTIL).expect("read") {
        std::thread::yield_now();
    }
    assert_eq!(journal.answer(7).expect("readable"), None);
    let flaws = journal.audit(&mut ()).expect("readable");
    assert!(flaws.is_empty(), "{flaws:?}");
}

#[test]
fn a_long_history_is_read_record_by_record_up_to_the_requested_number() {
    let dir = tempfile::tempdir().expect("a folder");
    let journal = open(dir.path());
    let words = vec!["paid"; 100];
    for nth in 0..50 {
        let mut submission = said(1, nth * 100, &words);
        let snapshot = Snapshot { version: nth * 100 + 100, shape: 1, state: vec![1] };
        submission.snapshot = (nth < 49).then_some(snapshot);
        submit(&journal, submission).1.expect("durable");
    }
    let before = journal.records_read();
    assert_eq!(journal.history(order(1)).expect("readable").records.len(), 100);
    assert_eq!(journal.records_read() - before, 100, "the records after the snapshot");
    let mut expected = 0;
    journal
        .each_record(order(1), 0, &mut |record| {
            expected += 1;
            assert_eq!(record.version, expected);
            Ok(())
        })
        .expect("readable");
    assert_eq!(expected, 5_000);
    assert_eq!(journal.last_version(order(1)).expect("readable"), 5_000);
    assert_eq!(journal.last_version(order(2)).expect("readable"), 0);
    assert_eq!(journal.some_records(order(1), 4_990, 3).expect("readable").len(), 3);
}

#[test]
fn the_stored_bytes_of_answers_are_stable() {
    let golden = |outcome: StoredOutcome, bytes: &[u8]| {
        assert_eq!(codec::encode(&outcome), bytes, "{outcome:?}");
    };
    let (reason, number) = (|| "no".to_owned(), 1);
    golden(StoredOutcome::Accepted { version: 3 }, b"\x01\x00\x03");
    let kind = RejectionKind::Unknown;
    golden(StoredOutcome::Rejected { kind, reason: reason() }, b"\x01\x01\x01\x02no");
    golden(reply(1, 9), b"\x01\x02\x00\x01\x01\x09\x08{\"id\":1}\x01\x06cancel");
    let how = FailureKind::Refused;
    golden(StoredOutcome::FailedLater { how, reason: reason(), number }, b"\x01\x03\x01\x02no\x01");
    let (gate, retry_after_ms) = ("g".to_owned(), 9);
    golden(
        StoredOutcome::Unavailable { gate, reason: reason(), number, retry_after_ms },
        b"\x01\x04\x01g\x02no\x01\x09",
    );
    let answer = answered(1, StoredOutcome::Accepted { version: 3 });
    assert_eq!(codec::encode(&answer), b"\x01\x07\x00\x01\x00\x03");
    let kept = KeptAnswer { kept_until: 5, position: 6, answer };
    assert_eq!(codec::encode(&kept), b"\x01\x05\x06\x07\x00\x01\x00\x03");
    assert_eq!(codec::encode([1_u128, 2].as_slice()), b"\x01\x02\x01\x02");
}
