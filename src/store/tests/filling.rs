//! Tests that with a full or read-only disk no submission is taken, every read works, and the
//! journal continues by itself.

use super::{answer_line, open, order, read_all, said, submit, under, words};
use crate::store::{
    disk::Refusal,
    faults::{Faults, Pretence},
    journal::{Availability, CommitError, Journal, ReadLevel, Submission, SubmitError},
    types::{JournalOptions, Snapshot, StoredAnswer, StoredOutcome},
};
use std::{
    path::Path,
    sync::{Arc, Mutex, mpsc},
    time::Duration,
};

/// Timeout longer than any step here takes; only so that a failing test ends.
const HANG: Duration = Duration::from_secs(20);

/// A journal that reports when it stopped and when it recovered.
fn watched(dir: &Path, faults: Faults) -> (Arc<Journal>, mpsc::Receiver<Availability>) {
    let options = JournalOptions { faults, ..JournalOptions::default() };
    let journal = Journal::open(dir, options).expect("opens");
    let (sender, turns) = mpsc::channel();
    journal.when_turned(Arc::new(move |turn| sender.send(turn).unwrap_or_default()));
    (journal, turns)
}

#[track_caller]
fn assert_broke(turns: &mpsc::Receiver<Availability>, because: &str) {
    match turns.recv_timeout(HANG).expect("the journal turns") {
        Availability::Broke { because: told } => assert!(told.contains(because), "{told}"),
        turn @ Availability::Healed { .. } => panic!("{turn:?}"),
    }
}

#[track_caller]
fn assert_healed(turns: &mpsc::Receiver<Availability>) {
    let turn = turns.recv_timeout(HANG).expect("the journal turns");
    assert!(matches!(turn, Availability::Healed { .. }), "{turn:?}");
}

/// An fsync that blocks until it is released, once it is asked to.
fn holding_back() -> (Faults, mpsc::Sender<()>, mpsc::Receiver<()>) {
    let ((leave, asked), (tell, begun)) = (mpsc::channel(), mpsc::channel());
    let asked = Mutex::new(asked);
    leave.send(()).expect("for the format version");
    let faults = Faults::before_each_sync(move || {
        let _ = tell.send(());
        let _ = asked.lock().expect("whole").recv();
        Ok(())
    });
    (faults, leave, begun)
}

#[test]
fn a_full_disk_refuses_what_is_new_and_is_read_on_and_goes_on_once_there_is_space() {
    let dir = tempfile::tempdir().expect("a folder");
    let (journal, turns) = watched(dir.path(), Faults::default());
    submit(&journal, said(1, 0, &["requested"])).1.expect("durable");
    journal.faults().pretend(Pretence::NoSpace, None);
    assert_broke(&turns, "no space left");

    let refused = journal.submit(said(1, 1, &["paid"])).expect_err("refused");
    assert!(matches!(refused, SubmitError::Refused(Refusal::NoSpace { .. })), "{refused}");
    assert!(matches!(journal.takes(), Err(SubmitError::Refused(Refusal::NoSpace { .. }))));
    let history = journal.history(order(1)).expect("readable");
    assert_eq!(words(&history.records), ["requested"]);
    assert_eq!(journal.generation(), 0, "nothing was lost");

    journal.faults().stop_pretending();
    assert_healed(&turns);
    journal.takes().expect("open again");
    submit(&journal, said(1, 1, &["paid"])).1.expect("durable");
    journal.close();
    assert_eq!(read_all(&open(dir.path()), ReadLevel::Durable).len(), 2);
}

#[test]
fn what_was_taken_before_the_disk_was_full_is_still_written() {
    let dir = tempfile::tempdir().expect("a folder");
    let (faults, leave, begun) = holding_back();
    let (journal, turns) = watched(dir.path(), faults);
    begun.recv().expect("for the format version");
    journal.submit(said(1, 0, &["requested"])).expect("is taken");
    begun.recv().expect("is under way");
    let (done, outcome) = answer_line();
    let queued = Submission { done: Some(done), ..said(2, 0, &["asked"]) };
    journal.submit(queued).expect("is taken");
    journal.faults().pretend(Pretence::NoSpace, None);
    drop(leave);
    assert_broke(&turns, "no space left");
    outcome.recv().expect("answered").expect("durable");
    assert_eq!((journal.durable(), journal.generation()), (2, 0));
}

#[test]
fn what_waits_when_the_disk_can_only_be_read_was_never_written() {
    let dir = tempfile::tempdir().expect("a folder");
    let (faults, leave, begun) = holding_back();
    let (journal, turns) = watched(dir.path(), faults);
    begun.recv().expect("for the format version");
    journal.submit(said(1, 0, &["requested"])).expect("is taken");
    begun.recv().expect("is under way");
    let (done, outcome) = answer_line();
    let queued = Submission { done: Some(done), ..said(1, 1, &["paid"]) };
    journal.submit(queued).expect("is taken");
    journal.faults().pretend(Pretence::ReadOnly, None);
    drop(leave);
    assert_broke(&turns, "only be read");
    let lost = outcome.recv().expect("answered").expect_err("refused");
    assert!(matches!(lost, CommitError::Refused(Refusal::ReadOnly)), "{lost}");
    assert_eq!((journal.durable(), journal.submitted()), (1, 1));

    // A caller that waits for a discarded position is notified at once.
    let (done, outcome) = answer_line();
    journal.when_durable(2, done);
    outcome.recv().expect("answered").expect_err("nobody gives that position away now");
    journal.faults().stop_pretending();
    assert_healed(&turns);
    let mut other = said(1, 1, &["cancelled"]);
    other.generation = journal.generation();
    submit(&journal, other).1.expect("durable");
    journal.close();
    let history = open(dir.path()).history(order(1)).expect("readable");
    assert_eq!(words(&history.records), ["requested", "cancelled"]);
}

#[test]
fn while_the_disk_fails_what_was_acknowledged_is_read_and_nothing_else() {
    let dir = tempfile::tempdir().expect("a folder");
    let (journal, turns) = watched(dir.path(), Faults::default());
    submit(&journal, said(1, 0, &["requested"])).1.expect("durable");
    journal.faults().pretend(Pretence::Failing, None);
    let outcome = StoredOutcome::Accepted { version: 2 };
    let answer = StoredAnswer { fingerprint: 1, stream: order(1), outcome };
    let doubtful = Submission {
        answer: Some(under(7, answer)),
        snapshot: Some(Snapshot { version: 2, shape: 0, state: vec![] }),
        ..said(1, 1, &["paid"])
    };
    let (_, outcome) = submit(&journal, doubtful);
    assert!(matches!(outcome.expect_err("lost"), CommitError::InDoubt(_)));
    assert_broke(&turns, "on purpose");

    assert!(matches!(journal.takes(), Err(SubmitError::Closed(_))));
    let history = journal.history(order(1)).expect("readable");
    assert_eq!((words(&history.records), history.snapshot), (vec!["requested".to_owned()], None));
    assert_eq!(journal.some_records(order(1), 0, 9).expect("readable").len(), 1);
    journal.answer(7).expect_err("nobody knows yet");

    journal.faults().stop_pretending();
    assert_healed(&turns);
    let history = journal.some_records(order(1), 0, 9).expect("readable");
    assert_eq!(words(&history), ["requested", "paid"], "it was on disk after all");
    assert!(journal.answer(7).expect("readable").is_some());
}
