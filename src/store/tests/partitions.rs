//! Tests of a set of journals: where it keeps a stream, and what its watermark promises.

use super::{answer_line, listener, order, said};
use crate::store::{
    faults::Faults,
    journal::{
        CommitError, Journal, MemoryJournal, Partitions, ReadLevel, SledJournal, SubmitError,
    },
    types::JournalOptions,
};
use std::{
    io,
    path::Path,
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, Ordering},
        mpsc::TryRecvError,
    },
};

/// A journal on a disk that calls `before_sync` before each fsync.
fn on_disk(
    dir: &Path,
    before_sync: impl Fn() -> io::Result<()> + Send + Sync + 'static,
) -> Arc<dyn Journal> {
    let faults = Faults::before_each_sync(before_sync);
    SledJournal::open(dir, JournalOptions { faults, ..JournalOptions::default() }).expect("opens")
}

#[test]
fn a_stream_is_kept_in_the_partition_of_its_number() {
    let journals: Vec<Arc<dyn Journal>> =
        (0..4).map(|_| MemoryJournal::new() as Arc<dyn Journal>).collect();
    let set = Partitions::of(journals.clone()).expect("empty journals");
    for number in [4, 7, 3, 1, 9, 12] {
        set.submit(said(number, 0, &["requested", "paid"])).expect("is taken");
    }
    for (partition, numbers) in [(0, vec![4, 12]), (1, vec![1, 9]), (2, vec![]), (3, vec![3, 7])] {
        let kept = journals[partition].numbers(order(1).kind, 0, 9, false).expect("readable");
        assert_eq!(kept, numbers);
    }
    let records = set.read(2, 5, ReadLevel::Durable).expect("readable");
    let seen = records.iter().map(|one| (one.position, one.stream.number, one.version));
    assert!(seen.eq([(3, 7, 1), (4, 7, 2), (5, 3, 1), (6, 3, 2), (7, 1, 1)]));
}

#[test]
fn the_watermark_waits_for_every_earlier_record_of_the_other_partitions() {
    let dir = tempfile::tempdir().expect("a folder");
    let gate = Arc::new(Mutex::new(()));
    let passes = Arc::clone(&gate);
    let slow = on_disk(&dir.path().join("slow"), move || {
        drop(passes.lock());
        Ok(())
    });
    let fast = on_disk(&dir.path().join("fast"), || Ok(()));
    let set = Partitions::of(vec![slow, Arc::clone(&fast)]).expect("empty journals");
    let (subscriber, wakes) = listener(&[order(1).kind]);
    set.subscribe(ReadLevel::Durable, subscriber);

    let closed = gate.lock().expect("no panic");
    let (done, durable) = answer_line();
    set.submit(said(2, 0, &["requested"])).expect("is taken");
    let mut second = said(3, 0, &["requested"]);
    second.done = Some(done);
    set.submit(second).expect("is taken");
    // The set asked first, so it was told when this is told.
    let (own, is_on_disk) = answer_line();
    fast.when_durable(1, own);
    assert!(matches!(is_on_disk.recv(), Ok(Ok(()))));
    assert_eq!((set.submitted(), set.durable()), (2, 0));
    assert!(matches!(durable.try_recv(), Err(TryRecvError::Empty)));
    assert!(set.read(0, 9, ReadLevel::Durable).expect("readable").is_empty());
    assert_eq!(set.read(0, 9, ReadLevel::Submitted).expect("readable").len(), 2);
    assert!(matches!(wakes.try_recv(), Err(TryRecvError::Empty)));

    drop(closed);
    assert!(matches!(durable.recv(), Ok(Ok(()))));
    assert_eq!((set.durable(), wakes.recv()), (2, Ok(2)));
}

#[test]
fn the_set_stops_when_a_partition_may_have_lost_a_record() {
    let dir = tempfile::tempdir().expect("a folder");
    let is_broken = Arc::new(AtomicBool::new(false));
    let asked = Arc::clone(&is_broken);
    let breakable = on_disk(&dir.path().join("breakable"), move || {
        let is_broken = asked.load(Ordering::SeqCst);
        if is_broken { Err(io::Error::other("the disk is gone")) } else { Ok(()) }
    });
    let set = Partitions::of(vec![breakable, MemoryJournal::new()]).expect("empty journals");
    set.submit(said(1, 0, &["requested"])).expect("is taken");
    is_broken.store(true, Ordering::SeqCst);
    let (done, outcome) = answer_line();
    let mut lost = said(2, 0, &["requested"]);
    lost.done = Some(done);
    set.submit(lost).expect("is taken");
    let error = outcome.recv().expect("is answered").expect_err("lost");
    assert!(matches!(&error, CommitError::InDoubt(why) if why.contains("the disk is gone")));

    let refused = set.submit(said(1, 1, &["paid"]));
    assert!(matches!(refused, Err(SubmitError::Closed(_))), "the partition in memory stops too");
    assert_eq!((set.generation(), set.submitted(), set.durable()), (1, 1, 1));
    assert!(set.check_accepting().is_err() && set.is_kept().is_err());
    is_broken.store(false, Ordering::SeqCst);
}

#[test]
fn a_set_has_a_partition_and_begins_without_records() {
    assert!(Partitions::of(Vec::new()).is_err());
    let used = MemoryJournal::new();
    used.submit(said(1, 0, &["requested"])).expect("is taken");
    assert!(Partitions::of(vec![MemoryJournal::new(), used]).is_err());
}
