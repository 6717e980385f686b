//! Tests that a journal on a full or read-only disk refuses submissions, serves reads, and recovers
//! without help.

use super::{answer_line, faults, open, order, read_all, said, submit, under, words};
use crate::store::{
    disk::Refusal,
    faults::{Faults, SimulatedDiskState},
    journal::{
        Availability, CommitError, Journal, ReadLevel, SledJournal, Submission, SubmitError,
    },
    types::{JournalOptions, Snapshot, StoredAnswer, StoredOutcome},
};
use std::{
    path::Path,
    sync::{Arc, Mutex, mpsc},
    time::Duration,
};

/// Timeout longer than any step here takes; only so that a failing test ends.
const HANG: Duration = Duration::from_secs(20);

/// A journal whose changes of availability are received.
fn watched(dir: &Path, faults: Faults) -> (Arc<SledJournal>, mpsc::Receiver<Availability>) {
    let options = JournalOptions { faults, ..JournalOptions::default() };
    let journal = SledJournal::open(dir, options).expect("opens");
    let (sender, availability) = mpsc::channel();
    journal.on_availability(Arc::new(move |change| sender.send(change).unwrap_or_default()));
    (journal, availability)
}

#[track_caller]
fn assert_unavailable(availability: &mpsc::Receiver<Availability>, reason: &str) {
    match availability.recv_timeout(HANG).expect("the availability changes") {
        Availability::Unavailable { reason: found } => assert!(found.contains(reason), "{found}"),
        change @ Availability::Recovered { .. } => panic!("{change:?}"),
    }
}

#[track_caller]
fn assert_recovered(availability: &mpsc::Receiver<Availability>) {
    let change = availability.recv_timeout(HANG).expect("the availability changes");
    assert!(matches!(change, Availability::Recovered { .. }), "{change:?}");
}

/// Faults with an fsync that blocks until a message arrives. Each begin of an fsync is reported.
fn holding_back() -> (Faults, mpsc::Sender<()>, mpsc::Receiver<()>) {
    let ((leave, asked), (tell, begun)) = (mpsc::channel(), mpsc::channel());
    let asked = Mutex::new(asked);
    leave.send(()).expect("the first commit writes the format version");
    let faults = Faults::before_each_sync(move || {
        let _ = tell.send(());
        let _ = asked.lock().expect("not poisoned").recv();
        Ok(())
    });
    (faults, leave, begun)
}

#[test]
fn a_journal_on_a_full_disk_refuses_submissions_serves_reads_and_recovers() {
    let dir = tempfile::tempdir().expect("a folder");
    let (journal, availability) = watched(dir.path(), Faults::default());
    submit(&journal, said(1, 0, &["requested"])).1.expect("durable");
    faults(&journal).pretend(SimulatedDiskState::NoSpace, None);
    assert_unavailable(&availability, "no space left");

    let refused = journal.submit(said(1, 1, &["paid"])).expect_err("refused");
    assert!(matches!(refused, SubmitError::Refused(Refusal::NoSpace { .. })), "{refused}");
    assert!(matches!(
        journal.check_accepting(),
        Err(SubmitError::Refused(Refusal::NoSpace { .. }))
    ));
    let history = journal.history(order(1)).expect("readable");
    assert_eq!(words(&history.records), ["requested"]);
    assert_eq!(journal.generation(), 0, "nothing was lost");

    faults(&journal).stop_pretending();
    assert_recovered(&availability);
    journal.check_accepting().expect("open again");
    submit(&journal, said(1, 1, &["paid"])).1.expect("durable");
    journal.close();
    assert_eq!(read_all(&open(dir.path()), ReadLevel::Durable).len(), 2);
}

#[test]
fn submissions_from_before_the_disk_was_full_are_still_written() {
    let dir = tempfile::tempdir().expect("a folder");
    let (holding_back, leave, begun) = holding_back();
    let (journal, availability) = watched(dir.path(), holding_back);
    begun.recv().expect("the first commit writes the format version");
    journal.submit(said(1, 0, &["requested"])).expect("is taken");
    begun.recv().expect("is under way");
    let (done, outcome) = answer_line();
    let queued = Submission { done: Some(done), ..said(2, 0, &["asked"]) };
    journal.submit(queued).expect("is taken");
    faults(&journal).pretend(SimulatedDiskState::NoSpace, None);
    drop(leave);
    assert_unavailable(&availability, "no space left");
    outcome.recv().expect("answered").expect("durable");
    assert_eq!((journal.durable(), journal.generation()), (2, 0));
}

#[test]
fn queued_submissions_are_refused_when_the_disk_becomes_read_only() {
    let dir = tempfile::tempdir().expect("a folder");
    let (holding_back, leave, begun) = holding_back();
    let (journal, availability) = watched(dir.path(), holding_back);
    begun.recv().expect("the first commit writes the format version");
    journal.submit(said(1, 0, &["requested"])).expect("is taken");
    begun.recv().expect("is under way");
    let (done, outcome) = answer_line();
    let queued = Submission { done: Some(done), ..said(1, 1, &["paid"]) };
    journal.submit(queued).expect("is taken");
    faults(&journal).pretend(SimulatedDiskState::ReadOnly, None);
    drop(leave);
    assert_unavailable(&availability, "only be read");
    let lost = outcome.recv().expect("answered").expect_err("refused");
    assert!(matches!(lost, CommitError::Refused(Refusal::ReadOnly)), "{lost}");
    assert_eq!((journal.durable(), journal.submitted()), (1, 1));

    // A caller that waits for a discarded position is notified at once.
    let (done, outcome) = answer_line();
    journal.when_durable(2, done);
    outcome.recv().expect("answered").expect_err("that position is not assigned now");
    faults(&journal).stop_pretending();
    assert_recovered(&availability);
    let mut other = said(1, 1, &["cancelled"]);
    other.generation = journal.generation();
    submit(&journal, other).1.expect("durable");
    journal.close();
    let history = open(dir.path()).history(order(1)).expect("readable");
    assert_eq!(words(&history.records), ["requested", "cancelled"]);
}

#[test]
fn only_acknowledged_records_are_read_while_the_disk_fails() {
    let dir = tempfile::tempdir().expect("a folder");
    let (journal, availability) = watched(dir.path(), Faults::default());
    submit(&journal, said(1, 0, &["requested"])).1.expect("durable");
    faults(&journal).pretend(SimulatedDiskState::Failing, None);
    let outcome = StoredOutcome::Accepted { version: 2 };
    let answer = StoredAnswer { fingerprint: 1, stream: order(1), outcome };
    let doubtful = Submission {
        answer: Some(under(7, answer)),
        snapshot: Some(Snapshot { version: 2, shape: 0, state: vec![] }),
        ..said(1, 1, &["paid"])
    };
    let (_, outcome) = submit(&journal, doubtful);
    assert!(matches!(outcome.expect_err("lost"), CommitError::InDoubt(_)));
    assert_unavailable(&availability, "on purpose");

    assert!(matches!(journal.check_accepting(), Err(SubmitError::Closed(_))));
    let history = journal.history(order(1)).expect("readable");
    assert_eq!((words(&history.records), history.snapshot), (vec!["requested".to_owned()], None));
    assert_eq!(journal.some_records(order(1), 0, 9).expect("readable").len(), 1);
    journal.answer(7).expect_err("the answer is in doubt");

    faults(&journal).stop_pretending();
    assert_recovered(&availability);
    let history = journal.some_records(order(1), 0, 9).expect("readable");
    assert_eq!(words(&history), ["requested", "paid"], "it was on disk after all");
    assert!(journal.answer(7).expect("readable").is_some());
}
