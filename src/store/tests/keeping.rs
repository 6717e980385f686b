//! Tests that submitted records are kept in order, and are found after a reopening.

use super::{
    ORDERS, answer_line, event, listener, open, order, read_all, said, submit, under, word, words,
};
use crate::store::{
    disk::keys,
    faults::Faults,
    journal::{Checkpoint, Journal, ReadLevel, SledJournal, SubmitError},
    types::{
        Cause, JournalOptions, KindId, Origin, Payload, Snapshot, StoreError, StoredAnswer,
        StoredOutcome,
    },
};
use std::sync::{Arc, Mutex, atomic::Ordering, mpsc};

#[test]
fn acknowledged_records_are_kept_after_reopening() {
    let dir = tempfile::tempdir().expect("a folder");
    let journal = open(dir.path());
    submit(&journal, said(1, 0, &["requested"])).1.expect("durable");
    submit(&journal, said(2, 0, &["requested", "paid"])).1.expect("durable");
    submit(&journal, said(1, 1, &["cancelled"])).1.expect("durable");
    journal.close();

    let journal = open(dir.path());
    assert_eq!(journal.durable(), 4);
    assert_eq!(journal.submitted(), 4);
    assert_eq!(journal.count(super::ORDERS), 2);
    assert_eq!(journal.last_number(super::ORDERS), 2);
    let history = journal.history(order(1)).expect("readable");
    assert_eq!(words(&history.records), ["requested", "cancelled"]);
    let positions: Vec<u64> = history.records.iter().map(|record| record.position).collect();
    assert_eq!(positions, [1, 4]);
}

#[test]
fn queued_submissions_are_committed_together_in_order() {
    let dir = tempfile::tempdir().expect("a folder");
    let (faults, gate) = held_back();
    let options = JournalOptions { faults, ..JournalOptions::default() };
    let journal = SledJournal::open(dir.path(), options);
    // The format version is the first commit; the gate was open for it.
    let journal = journal.expect("opens");
    gate.send(()).expect("the journal is open");
    journal.submit(said(1, 0, &["first"])).expect("is taken");
    let order_of_answers = Arc::new(Mutex::new(Vec::new()));
    let (last_done, all_done) = mpsc::channel();
    for number in 2..=40 {
        let mut submission = said(number, 0, &["requested", "paid"]);
        let (answers, last_done) = (Arc::clone(&order_of_answers), last_done.clone());
        submission.done = Some(Box::new(move |outcome| {
            outcome.expect("durable");
            answers.lock().expect("not poisoned").push(number);
            if number == 40 {
                last_done.send(()).expect("the test waits for it");
            }
        }));
        journal.submit(submission).expect("is taken");
    }
    // There are at most three commits: the first order, the orders that were queued meanwhile, and
    // late ones.
    for _ in 0..3 {
        gate.send(()).expect("the journal is open");
    }
    all_done.recv().expect("answered");
    assert_eq!(*order_of_answers.lock().expect("not poisoned"), (2..=40).collect::<Vec<u64>>());
    let records = read_all(&journal, ReadLevel::Durable);
    let positions: Vec<u64> = records.iter().map(|record| record.position).collect();
    assert_eq!(positions, (1..=79).collect::<Vec<u64>>());
    drop(gate);
}

/// Faults with which every fsync waits for a message, until the sender is dropped.
fn held_back() -> (Faults, mpsc::Sender<()>) {
    let (leave, asked) = mpsc::channel::<()>();
    leave.send(()).expect("the receiver exists");
    let asked = Mutex::new(asked);
    let wait = move || {
        let _ = asked.lock().expect("not poisoned").recv();
        Ok(())
    };
    (Faults::before_each_sync(wait), leave)
}

#[test]
fn sagas_read_submitted_records_at_once_and_other_subscribers_only_durable_ones() {
    let dir = tempfile::tempdir().expect("a folder");
    let (faults, gate) = held_back();
    let options = JournalOptions { faults, ..JournalOptions::default() };
    let journal = SledJournal::open(dir.path(), options).expect("opens");
    let (listener, wakes) = listener(&[ORDERS]);
    journal.subscribe(ReadLevel::Submitted, listener);
    let placed = journal.submit(said(1, 0, &["requested"])).expect("is taken");
    wakes.recv().expect("is woken");
    assert_eq!(placed.last_position, 1);
    assert_eq!(journal.read(0, 10, ReadLevel::Submitted).expect("readable").len(), 1);
    assert!(journal.read(0, 10, ReadLevel::Durable).expect("readable").is_empty());
    assert_eq!(journal.durable(), 0);
    let (done, durable) = answer_line();
    journal.when_durable(1, done);
    gate.send(()).expect("the journal is open");
    durable.recv().expect("answered").expect("durable");
    assert_eq!(journal.read(0, 10, ReadLevel::Durable).expect("readable").len(), 1);
    drop(gate);
}

#[test]
fn a_commit_wakes_only_interested_subscribers_and_the_others_are_notified_at_intervals() {
    let dir = tempfile::tempdir().expect("a folder");
    let journal = open(dir.path());
    let (concerned, wakes) = listener(&[ORDERS]);
    let (mut other, others_wakes) = listener(&[KindId(7)]);
    let (pass, passes) = mpsc::channel();
    other.pass = Arc::new(move |position| pass.send(position).unwrap_or_default());
    let is_waited_for = Arc::clone(&other.is_waited_for);
    // The order matters: after a wake of the second subscriber the first has been considered as
    // well.
    journal.subscribe(ReadLevel::Durable, other);
    journal.subscribe(ReadLevel::Durable, concerned);
    submit(&journal, said(1, 0, &["requested"])).1.expect("durable");
    assert_eq!(wakes.recv().expect("is woken"), 1);
    assert!(others_wakes.try_recv().is_err(), "no record concerns it");

    is_waited_for.store(1, Ordering::SeqCst);
    submit(&journal, said(1, 1, &["paid"])).1.expect("durable");
    assert_eq!(others_wakes.recv().expect("it is woken while it is waited for"), 2);
    is_waited_for.store(0, Ordering::SeqCst);

    for number in 2..=9 {
        submit(&journal, said(number, 0, &["requested"; 512])).1.expect("durable");
    }
    assert_eq!(passes.recv().expect("it is notified of the watermark"), 2 + 8 * 512);
    assert!(passes.try_recv().is_err(), "it is notified once");
    assert!(others_wakes.try_recv().is_err(), "it is not woken");
}

#[test]
fn the_outcome_of_a_command_wakes_the_saga_that_dispatched_it() {
    let dir = tempfile::tempdir().expect("a folder");
    let journal = open(dir.path());
    let booking = KindId(9);
    let (saga, wakes) = listener(&[booking]);
    journal.subscribe(ReadLevel::Submitted, saga);
    let origin = Origin { by: booking, conversation: 1, position: 1, nth: 0 };
    let unchanged = Payload::Unchanged { command: "Pay".into() };
    let mut submission = said(1, 0, &["requested"]);
    submission.cause = Cause::Dispatch(origin);
    submit(&journal, submission).1.expect("durable");
    assert!(wakes.try_recv().is_err(), "an event concerns subscribers of orders");
    let mut submission = said(1, 1, &["ignored"]);
    submission.cause = Cause::Dispatch(Origin { nth: 1, ..origin });
    submission.entries[0].payload = unchanged;
    submit(&journal, submission).1.expect("durable");
    assert_eq!(wakes.recv().expect("is woken"), 2);
}

#[test]
fn a_refused_checkpoint_is_returned_unchanged() {
    let dir = tempfile::tempdir().expect("a folder");
    let options = JournalOptions { queue_records_max: 0, ..JournalOptions::default() };
    let journal = SledJournal::open(dir.path(), options).expect("opens");
    let conversations = vec![(7, Some(vec![1]))];
    let checkpoint = Checkpoint { conversations: conversations.clone(), ..Checkpoint::default() };
    let (error, checkpoint) = journal.checkpoint(checkpoint).expect_err("full");
    assert!(matches!(error, SubmitError::Full));
    assert_eq!(checkpoint.conversations, conversations);
}

#[test]
fn records_no_longer_in_memory_are_read_from_disk_without_a_gap() {
    let dir = tempfile::tempdir().expect("a folder");
    let options = JournalOptions { feed_records_max: 5, ..JournalOptions::default() };
    let journal = SledJournal::open(dir.path(), options).expect("opens");
    let mut versions = [0_u32; 4];
    for round in 0..60_u64 {
        let (number, many) = (round * round % 4, 1 + round % 3);
        let version = &mut versions[usize::try_from(number).expect("small")];
        let all = vec!["happened"; usize::try_from(many).expect("small")];
        submit(&journal, said(number + 1, *version, &all)).1.expect("durable");
        *version += u32::try_from(many).expect("small");
    }
    let records = read_all(&journal, ReadLevel::Durable);
    let positions: Vec<u64> = records.iter().map(|record| record.position).collect();
    assert_eq!(positions, (1..=120).collect::<Vec<u64>>());
    drop(journal);
    let after_reopening = read_all(&open(dir.path()), ReadLevel::Submitted);
    let positions: Vec<u64> = after_reopening.iter().map(|record| record.position).collect();
    assert_eq!(positions, (1..=120).collect::<Vec<u64>>());
}

#[test]
fn a_long_history_is_kept_in_several_blocks() {
    let dir = tempfile::tempdir().expect("a folder");
    let journal = open(dir.path());
    let long = "x".repeat(3_000);
    let all: Vec<&str> = vec![&long; 30];
    submit(&journal, said(1, 0, &all)).1.expect("durable");
    journal.close();
    let journal = open(dir.path());
    let history = journal.history(order(1)).expect("readable");
    assert_eq!(history.records.len(), 30);
    assert_eq!(history.records[29].version, 30);
    assert_eq!(read_all(&journal, ReadLevel::Durable).len(), 30);
    assert!(word(&history.records[17].payload) == long);
}

#[test]
fn a_retry_after_a_restart_gets_the_first_answer() {
    let dir = tempfile::tempdir().expect("a folder");
    let journal = open(dir.path());
    let outcome = StoredOutcome::Accepted { version: 1 };
    let answer = StoredAnswer { fingerprint: 7, stream: order(1), outcome };
    let mut accepted = said(1, 0, &["requested"]);
    accepted.answer = Some(under(u128::MAX, answer.clone()));
    submit(&journal, accepted).1.expect("durable");
    let mut unchanged = said(1, 1, &[]);
    unchanged.answer = Some(under(8, answer.clone()));
    let (placed, outcome) = submit(&journal, unchanged);
    outcome.expect("durable");
    assert_eq!(placed.last_position, 1);
    journal.close();

    let journal = open(dir.path());
    assert_eq!(journal.answer(u128::MAX).expect("readable"), Some(answer.clone()));
    assert_eq!(journal.answer(8).expect("readable"), Some(answer));
    assert_eq!(journal.answer(9).expect("readable"), None);
}

#[test]
fn a_history_is_read_from_its_latest_snapshot() {
    let dir = tempfile::tempdir().expect("a folder");
    let journal = open(dir.path());
    let mut submission = said(1, 0, &["requested", "paid"]);
    let snapshot = Snapshot { version: 2, shape: 1, state: vec![1, 2, 3] };
    submission.snapshot = Some(snapshot.clone());
    submit(&journal, submission).1.expect("durable");
    submit(&journal, said(1, 2, &["confirmed"])).1.expect("durable");
    let history = journal.history(order(1)).expect("readable");
    assert_eq!(history.snapshot, Some(snapshot));
    assert_eq!(words(&history.records), ["confirmed"]);
    assert_eq!(history.records[0].version, 3);
    assert_eq!(history.records[0].payload, event("confirmed"));
}

#[test]
fn a_subscriber_reads_its_cursor_and_its_conversations_after_reopening() {
    let dir = tempfile::tempdir().expect("a folder");
    let journal = open(dir.path());
    let booking = journal.kind("taxi/booking").expect("named");
    let conversations = vec![(7, Some(vec![1, 2])), (8, Some(vec![3]))];
    let checkpoint = Checkpoint { subscriber: booking, position: 5, conversations, generation: 0 };
    assert!(journal.checkpoint(checkpoint).is_ok(), "taken");
    let conversations = vec![(8, None)];
    let checkpoint = Checkpoint { subscriber: booking, position: 6, conversations, generation: 0 };
    assert!(journal.checkpoint(checkpoint).is_ok(), "taken");
    journal.close();
    let journal = open(dir.path());
    assert_eq!(journal.kind("taxi/booking").expect("named"), booking);
    assert_eq!(journal.cursor_of(booking).expect("readable"), 6);
    assert_eq!(journal.conversation(booking, 7).expect("readable"), Some(vec![1, 2]));
    assert_eq!(journal.conversation(booking, 8).expect("readable"), None);
}

#[test]
fn kinds_keep_their_numbers() {
    let dir = tempfile::tempdir().expect("a folder");
    let journal = open(dir.path());
    let orders = journal.kind("taxi/orders").expect("named");
    let payments = journal.kind("taxi/payments").expect("named");
    assert_ne!(orders, payments);
    journal.close();
    let journal = open(dir.path());
    assert_eq!(journal.kind("taxi/payments").expect("named"), payments);
    assert_eq!(journal.kind("taxi/orders").expect("named"), orders);
    let all = [(orders, "taxi/orders".to_owned()), (payments, "taxi/payments".to_owned())];
    assert_eq!(journal.kinds(), all);
}

#[test]
fn streams_are_listed_in_order_with_and_without_holes() {
    let dir = tempfile::tempdir().expect("a folder");
    let journal = open(dir.path());
    let listed = |skip, take, descending| {
        journal.numbers(super::ORDERS, skip, take, descending).expect("readable")
    };
    assert_eq!(listed(0, 5, false), Vec::<u64>::new());
    for number in 1..=5 {
        submit(&journal, said(number, 0, &["requested", "paid"])).1.expect("durable");
    }
    assert_eq!(listed(1, 2, false), [2, 3]);
    assert_eq!(listed(1, 2, true), [4, 3]);
    assert_eq!(listed(9, 2, true), Vec::<u64>::new());
    let mut of_another_kind = said(3, 0, &["requested"]);
    of_another_kind.stream.kind = KindId(1);
    submit(&journal, of_another_kind).1.expect("durable");
    submit(&journal, said(9, 0, &["requested"])).1.expect("durable");
    assert_eq!(listed(4, 9, false), [5, 9]);
    assert_eq!(listed(0, 3, true), [9, 5, 4]);
    assert_eq!(listed(2, 2, true), [4, 3]);
    assert_eq!(listed(6, 1, false), Vec::<u64>::new());
}

#[test]
fn a_torn_value_is_an_error_and_never_skipped() {
    let dir = tempfile::tempdir().expect("a folder");
    let journal = open(dir.path());
    submit(&journal, said(1, 0, &["requested"])).1.expect("durable");
    submit(&journal, said(1, 1, &["paid"])).1.expect("durable");
    submit(&journal, said(2, 0, &["requested"])).1.expect("durable");
    let key = keys::block(order(1), 2);
    {
        let disk = journal.disk().expect("open");
        let mut value = disk.db.get(key).expect("readable").expect("there").to_vec();
        value[3] ^= 1;
        disk.db.insert(key, value).expect("written");
    }
    let error = journal.history(order(1)).expect_err("is unreadable");
    assert!(matches!(&error, StoreError::Unreadable { stream, .. } if *stream == order(1)));
    assert!(error.to_string().contains("the checksum does not match"), "{error}");
    journal.history(order(2)).expect("other streams are readable");
}

#[test]
fn streams_created_in_one_commit_are_read_one_by_one() {
    let dir = tempfile::tempdir().expect("a folder");
    let (faults, gate) = held_back();
    let options = JournalOptions { faults, ..JournalOptions::default() };
    let journal = SledJournal::open(dir.path(), options).expect("opens");
    let long = "x".repeat(1_000);
    for number in [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 15, 16, 40] {
        journal.submit(said(number, 0, &["requested", &long])).expect("is taken");
        let mut other_kind = said(number + 100, 0, &["asked"]);
        other_kind.stream.kind = KindId(1);
        journal.submit(other_kind).expect("is taken");
    }
    drop(gate);
    journal.close();
    let journal = open(dir.path());
    for number in [1, 7, 12, 13, 15, 16, 40] {
        let history = journal.history(order(number)).expect("readable");
        assert_eq!(words(&history.records), ["requested", long.as_str()], "{number}");
    }
    for number in [0, 14, 17, 41, 101] {
        assert!(journal.history(order(number)).expect("readable").records.is_empty(), "{number}");
    }
    assert_eq!(journal.numbers(super::ORDERS, 12, 3, false).expect("readable"), [13, 15, 16]);
    assert_eq!(journal.numbers(super::ORDERS, 1, 3, true).expect("readable"), [16, 15, 13]);
    assert_eq!(read_all(&journal, ReadLevel::Durable).len(), 48);
    assert!(journal.audit(&mut ()).expect("readable").is_empty());
}

#[test]
fn streams_with_only_refused_commands_do_not_count_as_created() {
    let dir = tempfile::tempdir().expect("a folder");
    let journal = open(dir.path());
    let without_effect = |number| {
        let mut submission = said(number, 0, &["rent"]);
        submission.entries[0].payload = Payload::Unchanged { command: "Rent".to_owned() };
        submission
    };
    submit(&journal, without_effect(7)).1.expect("durable");
    assert_eq!(journal.last_born(super::ORDERS, u64::MAX).expect("readable"), 0);
    submit(&journal, said(2, 0, &["registered"])).1.expect("durable");
    submit(&journal, without_effect(1_000_000_000_000_000)).1.expect("durable");
    assert_eq!(journal.last_born(super::ORDERS, u64::MAX).expect("readable"), 2);
    submit(&journal, said(7, 1, &["registered at last"])).1.expect("durable");
    assert_eq!(journal.last_born(super::ORDERS, u64::MAX).expect("readable"), 7);
}
