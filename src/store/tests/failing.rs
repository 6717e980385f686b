//! Tests that no acknowledged record is lost when the disk fails, and that the journal recovers
//! without help.

use super::{ORDERS, answer_line, faults, listener, open, order, read_all, said, submit, words};
use crate::store::{
    faults::{Faults, SimulatedDiskState},
    journal::{Journal, ReadLevel, SledJournal, SubmitError},
    types::{JournalOptions, StoreError},
};
use std::{
    io,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
        mpsc,
    },
    time::{Duration, Instant},
};

/// A disk that fails while a flag is set.
fn breakable() -> (Arc<AtomicBool>, JournalOptions) {
    let broken = Arc::new(AtomicBool::new(false));
    let asked = Arc::clone(&broken);
    let faults = Faults::before_each_sync(move || {
        if asked.load(Ordering::SeqCst) {
            Err(io::Error::other("the disk is gone"))
        } else {
            Ok(())
        }
    });
    (broken, JournalOptions { faults, ..JournalOptions::default() })
}

/// Waits, without a clock, until the journal has failed and opened again. Earlier decisions are
/// then stale, and no longer merely refused.
fn recovered(journal: &SledJournal, then: impl FnOnce()) {
    let (listener, wakes) = listener(&[ORDERS]);
    journal.subscribe(ReadLevel::Durable, listener);
    then();
    loop {
        wakes.recv().expect("the journal is open");
        if let Err(SubmitError::Stale) = journal.submit(said(2, 0, &["requested"])) {
            return;
        }
    }
}

#[test]
fn after_a_failed_fsync_the_journal_recovers_without_loss_of_acknowledged_records() {
    let dir = tempfile::tempdir().expect("a folder");
    let (broken, options) = breakable();
    let journal = SledJournal::open(dir.path(), options).expect("opens");
    submit(&journal, said(1, 0, &["requested"])).1.expect("durable");

    recovered(&journal, || {
        broken.store(true, Ordering::SeqCst);
        let (_, outcome) = submit(&journal, said(1, 1, &["paid"]));
        assert!(outcome.expect_err("lost").to_string().contains("the disk is gone"));
        assert_eq!(journal.generation(), 1);
        let refused = journal.submit(said(2, 0, &["requested"]));
        assert!(matches!(refused, Err(SubmitError::Closed(_) | SubmitError::Stale)));
        broken.store(false, Ordering::SeqCst);
    });
    assert_eq!(journal.generation(), 2, "decisions during the recovery are stale");

    // The record in doubt was on disk after all. It is valid, and the actor reads it there.
    let history = journal.history(order(1)).expect("readable");
    assert_eq!(words(&history.records), ["requested", "paid"]);
    let mut again = said(2, 0, &["requested"]);
    again.generation = 2;
    let (placed, outcome) = submit(&journal, again);
    outcome.expect("durable");
    assert_eq!(placed.first_position, 3);
    journal.close();
    assert_eq!(read_all(&open(dir.path()), ReadLevel::Durable).len(), 3);
}

#[test]
fn all_waiting_callbacks_get_an_error_when_a_commit_fails() {
    let dir = tempfile::tempdir().expect("a folder");
    let (broken, options) = breakable();
    let journal = SledJournal::open(dir.path(), options).expect("opens");
    broken.store(true, Ordering::SeqCst);
    let (done, waits_for_later) = answer_line();
    journal.when_durable(1_000, done);
    let (_, outcome) = submit(&journal, said(1, 0, &["requested"]));
    outcome.expect_err("lost");
    waits_for_later.recv().expect("answered").expect_err("lost");
    assert_eq!(journal.submitted(), journal.durable());
}

#[test]
fn closing_does_not_wait_for_a_disk_that_stays_broken() {
    let dir = tempfile::tempdir().expect("a folder");
    let (broken, options) = breakable();
    let journal = SledJournal::open(dir.path(), options).expect("opens");
    broken.store(true, Ordering::SeqCst);
    let (_, outcome) = submit(&journal, said(1, 0, &["requested"]));
    outcome.expect_err("lost");
    journal.close();
    assert!(matches!(journal.history(order(1)), Err(StoreError::Failed(_))));
    assert!(matches!(journal.submit(said(1, 0, &["requested"])), Err(SubmitError::Closed(_))));
}

#[test]
fn a_full_queue_refuses_submissions() {
    let dir = tempfile::tempdir().expect("a folder");
    let (leave, asked) = mpsc::channel::<()>();
    let asked = std::sync::Mutex::new(asked);
    leave.send(()).expect("the first commit writes the format version");
    let faults = Faults::before_each_sync(move || {
        let _ = asked.lock().expect("not poisoned").recv();
        Ok(())
    });
    let options = JournalOptions {
        queue_records_max: 3,
        commit_records_max: 1,
        faults,
        ..JournalOptions::default()
    };
    let journal = SledJournal::open(dir.path(), options).expect("opens");
    // One submission may be on its way to the disk already, so the fifth is refused at the latest.
    let outcomes: Vec<_> =
        (1..=5).map(|number| journal.submit(said(number, 0, &["requested"]))).collect();
    let taken = outcomes.iter().filter(|outcome| outcome.is_ok()).count();
    assert!((3..=4).contains(&taken), "{taken}");
    assert!(matches!(outcomes[4], Err(SubmitError::Full)));
    assert_eq!(journal.submitted(), taken as u64);
    drop(leave);
    journal.close();
    assert_eq!(journal.durable(), taken as u64);
}

#[test]
fn the_requested_number_of_syncs_fails() {
    let dir = tempfile::tempdir().expect("a folder");
    let journal = open(dir.path());
    submit(&journal, said(1, 0, &["requested"])).1.expect("durable");
    recovered(&journal, || {
        faults(&journal).fail_syncs(1);
        let (_, outcome) = submit(&journal, said(1, 1, &["paid"]));
        assert!(outcome.expect_err("lost").to_string().contains("failed on purpose"));
    });
    let mut again = said(3, 0, &["requested"]);
    again.generation = journal.generation();
    submit(&journal, again).1.expect("durable");
}

#[test]
fn commits_are_slowed_for_the_requested_time() {
    let by = Duration::from_millis(20);
    let dir = tempfile::tempdir().expect("a folder");
    let journal = open(dir.path());
    faults(&journal).slow_commits(by, Duration::from_secs(600));
    let begin = Instant::now();
    submit(&journal, said(1, 0, &["requested"])).1.expect("durable");
    assert!(begin.elapsed() >= by);
    faults(&journal).slow_commits(by, Duration::ZERO);
    faults(&journal).pretend(SimulatedDiskState::NoSpace, Some(Duration::ZERO));
    submit(&journal, said(2, 0, &["requested"])).1.expect("durable");
}
