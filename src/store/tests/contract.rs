//! The contract of a journal: tests that every implementation passes.

use super::{answer_line, event, listener, open, order, said, under, word};
use crate::store::{
    journal::{
        Checkpoint, CommitError, Entry, Journal, MemoryJournal, Partitions, ReadLevel, Snapshot,
        Submission, SubmitError,
    },
    types::{
        Cause, KindId, Lease, Origin, Payload, Principal, Principals, StoredAnswer, StoredOutcome,
        StoredReply, StoredSuccess, Stream, UNPLACED,
    },
};
use std::{
    path::Path,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
        mpsc,
    },
    time::Duration,
};

const MINUTE: Duration = Duration::from_secs(60);
const SAGA: KindId = KindId(3);

/// An empty journal of every implementation: on disk, in memory, and a set of either.
fn implementations(dir: &Path) -> [Arc<dyn Journal>; 4] {
    let in_memory = (0..4).map(|_| MemoryJournal::new() as Arc<dyn Journal>).collect();
    let on_disk = ["first", "second"].map(|name| open(&dir.join(name)) as Arc<dyn Journal>);
    [
        open(&dir.join("alone")),
        MemoryJournal::new(),
        Partitions::of(in_memory).expect("empty journals"),
        Partitions::of(on_disk.to_vec()).expect("empty journals"),
    ]
}

/// Runs a test on every implementation.
pub(super) fn on_each(test: impl Fn(&dyn Journal)) {
    let dir = tempfile::tempdir().expect("a folder");
    for journal in implementations(dir.path()) {
        test(&*journal);
        journal.close();
    }
}

/// Submits, and waits until everything submitted so far is durable.
pub(super) fn submit(journal: &dyn Journal, submission: Submission) -> (u64, u64) {
    let placed = journal.submit(submission).expect("is taken");
    assert!(journal.settle(MINUTE));
    (placed.first_position, placed.last_position)
}

fn some_words(journal: &dyn Journal, number: u64, after: u32, max: u32) -> Vec<String> {
    let records = journal.some_records(order(number), after, max).expect("readable");
    records.iter().map(|record| word(&record.payload)).collect()
}

#[test]
fn positions_follow_on_each_other_and_become_durable() {
    on_each(|journal| {
        assert_eq!((journal.submitted(), journal.durable(), journal.generation()), (0, 0, 0));
        assert_eq!(submit(journal, said(7, 0, &["requested", "paid"])), (1, 2));
        assert_eq!(submit(journal, said(7, 2, &[])), (3, 2), "a submission without records");
        assert_eq!(submit(journal, said(8, 0, &["requested"])), (3, 3));
        assert_eq!((journal.submitted(), journal.durable()), (3, 3));
        assert!(!journal.is_in_doubt());
    });
}

#[test]
fn a_submission_of_another_generation_is_stale() {
    on_each(|journal| {
        let of_another = Submission { generation: 1, ..said(7, 0, &["requested"]) };
        assert!(matches!(journal.submit(of_another), Err(SubmitError::Stale)));
        let progress = Checkpoint { subscriber: SAGA, generation: 1, ..Checkpoint::default() };
        let refused = journal.checkpoint(progress);
        assert!(matches!(refused, Err((SubmitError::Stale, Checkpoint { generation: 1, .. }))));
        assert_eq!(journal.submitted(), 0);
    });
}

#[test]
fn submissions_under_an_ended_lease_are_refused() {
    on_each(|journal| {
        let (old, new) = (Lease::default(), Lease::default());
        let with = |lease: &Lease, after| Submission {
            leases: [None, Some(lease.clone())],
            ..said(7, after, &["requested"])
        };
        submit(journal, with(&old, 0));
        journal.end(&old);
        assert_eq!(journal.durable(), 1, "the earlier submission is durable");
        assert!(matches!(journal.submit(with(&old, 1)), Err(SubmitError::Replaced)));
        assert_eq!(submit(journal, with(&new, 1)), (2, 2));
    });
}

#[test]
fn records_are_read_in_order_of_position() {
    on_each(|journal| {
        submit(journal, said(7, 0, &["requested", "paid"]));
        submit(journal, said(8, 0, &["requested"]));
        submit(journal, said(7, 2, &["done"]));
        for level in [ReadLevel::Submitted, ReadLevel::Durable] {
            let read = |after, max| journal.read(after, max, level).expect("readable");
            let all: Vec<_> = [read(0, 3), read(3, 3)].concat();
            let seen = all.iter().map(|one| (one.position, one.stream.number, one.version));
            assert!(seen.eq([(1, 7, 1), (2, 7, 2), (3, 8, 1), (4, 7, 3)]));
            assert!(read(4, 3).is_empty() && read(u64::MAX, 3).is_empty());
        }
    });
}

#[test]
fn the_records_of_a_stream_are_read_in_order_of_version() {
    on_each(|journal| {
        submit(journal, said(7, 0, &["requested", "paid"]));
        submit(journal, said(8, 0, &["other"]));
        submit(journal, said(7, 2, &["done"]));
        assert_eq!(some_words(journal, 7, 0, 9), ["requested", "paid", "done"]);
        assert_eq!(some_words(journal, 7, 1, 1), ["paid"]);
        let last = &journal.some_records(order(7), 2, 9).expect("readable")[0];
        assert_eq!((last.position, last.version), (4, 3));
        assert_eq!(some_words(journal, 7, 3, 9), Vec::<String>::new());
        assert_eq!(some_words(journal, 9, 0, 9), Vec::<String>::new());
        let mut passed = Vec::new();
        let walked = journal.each_record(order(7), 1, &mut |record| {
            passed.push((record.position, record.version, word(&record.payload)));
            Ok(())
        });
        walked.expect("readable");
        assert_eq!(passed, [(2, 2, "paid".to_owned()), (4, 3, "done".to_owned())]);
        let version = |number| journal.last_version(order(number)).expect("readable");
        assert_eq!((version(7), version(8), version(9)), (3, 1, 0));
    });
}

#[test]
fn numbers_are_listed_in_both_orders_and_counted() {
    on_each(|journal| {
        let numbers = |skip, take, descending| {
            journal.numbers(order(1).kind, skip, take, descending).expect("readable")
        };
        (1..=3).for_each(|number| _ = submit(journal, said(number, 0, &["requested"])));
        assert_eq!((numbers(0, 9, false), numbers(0, 9, true)), (vec![1, 2, 3], vec![3, 2, 1]));
        submit(journal, said(9, 0, &["requested"]));
        assert_eq!((numbers(1, 2, false), numbers(0, 2, true)), (vec![2, 3], vec![9, 3]));
        assert_eq!((numbers(4, 9, false), numbers(9, 9, true)), (vec![], vec![]));
        assert_eq!((journal.count(order(1).kind), journal.last_number(order(1).kind)), (4, 9));
        assert_eq!((journal.count(SAGA), journal.last_number(SAGA)), (0, 0));
    });
}

#[test]
fn a_record_keeps_its_principals_and_an_owner_has_a_list_of_streams() {
    let principals = |issuer: Option<&str>, owner: Option<&str>| {
        let principal = |subject: &str| Principal { subject: subject.into(), role: "desk".into() };
        let owner = owner.map(Into::into);
        Some(Arc::new(Principals { issuer: issuer.map(principal), owner }))
    };
    on_each(|journal| {
        let (kim, lee) = (principals(None, Some("kim")), principals(Some("lee"), Some("kim")));
        let by = |number, after, principals: &Option<Arc<Principals>>, is_creation| Submission {
            principals: principals.clone(),
            is_creation,
            ..said(number, after, &["requested"])
        };
        submit(journal, by(9, 0, &kim, true));
        submit(journal, by(9, 1, &lee, false));
        submit(journal, by(7, 0, &kim, true));
        submit(journal, by(8, 0, &principals(Some("lee"), None), true));
        submit(journal, by(6, 0, &principals(None, Some("ki")), true));
        submit(journal, by(5, 0, &kim, false));
        submit(journal, said(4, 0, &["requested"]));
        let owned = |owner| journal.owned(order(1).kind, owner).expect("readable");
        assert_eq!((owned("kim"), owned("ki"), owned("lee")), (vec![7, 9], vec![6], vec![]));
        assert_eq!(journal.owned(SAGA, "kim").expect("readable"), [0; 0]);
        let records = journal.some_records(order(9), 0, 9).expect("readable");
        let found: Vec<_> = records.into_iter().map(|record| record.principals).collect();
        assert_eq!(found, [kim, lee]);
        let records = journal.read(0, 100, ReadLevel::Durable).expect("readable");
        let owners: Vec<_> = records.iter().map(|record| record.owner()).collect();
        let kim = Some("kim");
        assert_eq!(owners, [kim, kim, kim, None, Some("ki"), kim, None]);
        let long = "k".repeat(300);
        submit(journal, by(11, 0, &principals(None, Some(&long)), true));
        assert_eq!((owned(&long), owned(&long[..299])), (vec![11], vec![]), "it is not cut");
    });
}

#[test]
fn a_stream_of_refused_commands_alone_is_not_born() {
    on_each(|journal| {
        let kind = order(1).kind;
        submit(journal, said(2, 0, &["requested"]));
        let origin = Origin { by: SAGA, conversation: 1, position: 1, nth: 0 };
        let unchanged = Payload::Unchanged { command: "Pay".to_owned() };
        let refused = Submission {
            entries: vec![Entry { payload: unchanged, typed: None }],
            cause: Cause::Dispatch(origin),
            ..said(5, 0, &[])
        };
        submit(journal, refused);
        assert_eq!(
            (journal.last_number(kind), journal.last_born(kind, u64::MAX).expect("readable")),
            (5, 2)
        );
    });
}

#[test]
fn an_answer_is_kept_under_its_key_with_the_position_of_its_submission() {
    on_each(|journal| {
        let reply = |position| StoredAnswer {
            fingerprint: 7,
            stream: order(7),
            outcome: StoredOutcome::Replied(StoredReply {
                success: StoredSuccess::Done,
                number: 7,
                version: 1,
                position,
                body: b"{}".to_vec(),
                available_commands: Vec::new(),
            }),
        };
        let mut answers = under(3, reply(UNPLACED));
        let position = answers.position_cell();
        submit(journal, said(8, 0, &["requested"]));
        submit(journal, Submission { answer: Some(answers), ..said(7, 0, &["requested", "paid"]) });
        assert_eq!(position.load(Ordering::Acquire), 3);
        assert_eq!(journal.answer(3).expect("readable"), Some(reply(3)));
        assert_eq!(journal.answer(4).expect("readable"), None);
    });
}

#[test]
fn the_last_snapshot_of_a_stream_counts() {
    on_each(|journal| {
        assert_eq!(journal.snapshot(order(7)).expect("readable"), None);
        for version in 1..=2 {
            let snapshot = Snapshot { version, shape: 1, state: vec![7] };
            let with = said(7, version - 1, &["said"]);
            submit(journal, Submission { snapshot: Some(snapshot), ..with });
        }
        let last = Snapshot { version: 2, shape: 1, state: vec![7] };
        assert_eq!(journal.snapshot(order(7)).expect("readable"), Some(last));
    });
}

#[test]
fn a_checkpoint_keeps_the_progress_and_the_open_conversations() {
    on_each(|journal| {
        let progress = |position, conversations| {
            let (subscriber, generation) = (SAGA, journal.generation());
            let checkpoint = Checkpoint { subscriber, generation, position, conversations };
            assert!(journal.checkpoint(checkpoint).is_ok() && journal.settle(MINUTE));
        };
        assert_eq!(journal.cursor_of(SAGA).expect("readable"), 0);
        progress(4, [1, 2, 9].map(|number| (number, Some(vec![1]))).to_vec());
        progress(6, vec![(2, None), (9, Some(vec![2]))]);
        assert_eq!(journal.cursor_of(SAGA).expect("readable"), 6);
        let one = |number| journal.conversation(SAGA, number).expect("readable");
        assert_eq!([one(1), one(2), one(9)], [Some(vec![1]), None, Some(vec![2])]);
        let (mut all, other) = (Vec::new(), KindId(4));
        let mut add = |number, state| {
            all.push((number, state));
            Ok(())
        };
        journal.conversations(SAGA, 0..=8, &mut add).expect("readable");
        journal.conversations(SAGA, 9..=u64::MAX, &mut add).expect("readable");
        journal.conversations(other, 0..=u64::MAX, &mut add).expect("readable");
        assert_eq!(all, [(1, vec![1]), (9, vec![2])]);
        let last = |kind, below| journal.last_conversation(kind, below).expect("readable");
        assert_eq!((last(SAGA, u64::MAX), last(SAGA, 9), last(SAGA, 1)), (9, 1, 0));
        assert_eq!(last(other, u64::MAX), 0);
    });
}

#[test]
fn a_subscriber_is_woken_for_the_records_of_its_kinds() {
    on_each(|journal| {
        let of_orders = [ReadLevel::Submitted, ReadLevel::Durable].map(|level| {
            let (subscriber, wakes) = listener(&[order(1).kind]);
            journal.subscribe(level, subscriber);
            wakes
        });
        let (subscriber, of_sagas) = listener(&[SAGA]);
        journal.subscribe(ReadLevel::Durable, subscriber);
        submit(journal, said(7, 0, &["requested", "paid"]));
        for wakes in of_orders {
            assert_eq!(wakes.recv_timeout(MINUTE), Ok(2));
        }
        assert!(of_sagas.try_recv().is_err());
    });
}

#[test]
fn a_subscriber_is_called_for_a_record_before_later_positions_are_passed() {
    // At this position all subscribers are notified: some are called, the others are passed.
    const NOTIFIED_AT: u32 = 4_096;
    let dir = tempfile::tempdir().expect("a folder");
    for journal in implementations(dir.path()) {
        let (mut subscriber, calls) = listener(&[SAGA]);
        let (sender, passes) = mpsc::channel();
        let newest_call = Arc::new(AtomicU64::new(0));
        let (wake, seen) = (subscriber.wake, Arc::clone(&newest_call));
        subscriber.wake = Arc::new(move |position| {
            newest_call.fetch_max(position, Ordering::AcqRel);
            wake(position);
        });
        subscriber.pass = Arc::new(move |position| {
            let _ = sender.send((position, seen.load(Ordering::Acquire)));
        });
        journal.subscribe(ReadLevel::Durable, subscriber);
        submit(&*journal, said(1, 0, &vec!["said"; NOTIFIED_AT as usize - 2]));
        let next = Arc::downgrade(&journal);
        let last = Submission {
            stream: Stream { kind: SAGA, number: 1 },
            done: Some(Box::new(move |_| {
                let journal = next.upgrade().expect("open");
                drop(journal.submit(said(2, 0, &["said"])));
            })),
            ..said(1, 0, &["last"])
        };
        journal.submit(last).expect("is taken");
        let at = u64::from(NOTIFIED_AT);
        assert_eq!(calls.recv_timeout(MINUTE), Ok(at - 1));
        // When the next record is in the same commit, the subscriber is called and not passed.
        assert!(journal.settle(MINUTE));
        for (position, called) in passes.try_iter() {
            assert!(position < at - 1 || called >= at - 1, "{position} passed, {called} called");
        }
        journal.close();
    }
}

#[test]
fn each_callback_is_called_once() {
    on_each(|journal| {
        let (later, durable) = answer_line();
        journal.when_durable(2, later);
        assert!(durable.try_recv().is_err());
        let (done, own) = answer_line();
        let first = Submission { done: Some(done), ..said(7, 0, &["requested"]) };
        journal.submit(first).expect("is taken");
        assert!(matches!(own.recv_timeout(MINUTE), Ok(Ok(()))));
        assert!(durable.try_recv().is_err(), "position 2 is not submitted");
        submit(journal, said(7, 1, &["paid"]));
        assert!(matches!(durable.recv_timeout(MINUTE), Ok(Ok(()))));
        let (at_once, reached) = answer_line();
        journal.when_durable(1, at_once);
        assert!(matches!(reached.try_recv(), Ok(Ok(()))));
        assert!(own.recv_timeout(MINUTE).is_err() && durable.recv_timeout(MINUTE).is_err());
    });
}

#[test]
fn a_name_keeps_its_kind() {
    on_each(|journal| {
        let kind = |name| journal.kind(name).expect("a kind");
        let (orders, taxis) = (kind("taxi/orders"), kind("taxi/taxis"));
        assert_ne!(orders, taxis);
        assert_eq!((kind("taxi/orders"), kind("taxi/taxis")), (orders, taxis));
        let known = [(orders, "taxi/orders".to_owned()), (taxis, "taxi/taxis".to_owned())];
        assert_eq!(journal.kinds(), known);
    });
}

#[test]
fn a_closed_journal_takes_nothing_and_ends_every_wait() {
    on_each(|journal| {
        let (later, waited) = answer_line();
        journal.when_durable(7, later);
        assert!(journal.check_accepting().is_ok() && journal.is_kept().is_ok());
        journal.close();
        assert!(matches!(waited.recv_timeout(MINUTE), Ok(Err(CommitError::InDoubt(_)))));
        let refused = journal.submit(Submission {
            entries: vec![Entry { payload: event("late"), typed: None }],
            generation: journal.generation(),
            ..said(7, 0, &[])
        });
        assert!(matches!(refused, Err(SubmitError::Closed(_))));
        assert!(journal.check_accepting().is_err() && journal.is_kept().is_err());
        assert!(journal.kind("late").is_err());
        let generation = journal.generation();
        journal.close();
        assert_eq!(journal.generation(), generation, "closed once");
    });
}
