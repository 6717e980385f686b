//! Tests that an audit finds every defect, and that a sound journal has none.

use super::{open, order, said, submit};
use crate::store::{
    disk::keys,
    journal::{AuditVisitor, Flaw, Journal as _, SledJournal},
    types::{Cause, KindId, Origin, Record, Snapshot},
};
use std::sync::Arc;

/// A visitor that keeps the positions it receives, and the last progress.
#[derive(Default)]
struct Read {
    positions: Vec<u64>,
    progress: (u64, u64),
}

impl AuditVisitor for Read {
    fn progress(&mut self, done: u64, total: u64) {
        self.progress = (done, total);
    }

    fn record(&mut self, record: &Arc<Record>) {
        self.positions.push(record.position);
    }
}

fn flaws(journal: &SledJournal) -> Vec<String> {
    let flaws = journal.audit(&mut ()).expect("is readable");
    flaws.iter().map(Flaw::to_string).collect()
}

fn dispatched(nth: u16) -> Cause {
    Cause::Dispatch(Origin { by: KindId(9), conversation: 1, position: 1, nth })
}

#[test]
fn an_audit_of_a_sound_store_finds_no_flaw_and_reads_every_record_in_order() {
    let dir = tempfile::tempdir().expect("a folder");
    let journal = open(dir.path());
    for number in 1..=20 {
        submit(&journal, said(number, 0, &["requested"])).1.expect("durable");
        let mut paid = said(number, 1, &["paid", "thanked"]);
        paid.cause = dispatched(u16::try_from(number).expect("small"));
        paid.snapshot = Some(Snapshot { version: 3, shape: 1, state: vec![1] });
        submit(&journal, paid).1.expect("durable");
    }
    let mut read = Read::default();
    assert_eq!(journal.audit(&mut read).expect("is readable"), []);
    assert_eq!(read.positions, (1..=60).collect::<Vec<u64>>());
    assert_eq!(read.progress, (120, 120));
    let mut snapshots = 0;
    journal.snapshots(&mut |_, _| snapshots += 1).expect("is readable");
    assert_eq!(snapshots, 20);
}

#[test]
fn histories_in_order_of_number_are_those_of_their_streams() {
    let dir = tempfile::tempdir().expect("a folder");
    let journal = open(dir.path());
    // Number 3 grows out of the records that it shares with its neighbours, into its own blocks.
    for number in [1, 2, 3, 4, 300] {
        submit(&journal, said(number, 0, &["requested"])).1.expect("durable");
    }
    for version in 1..40 {
        submit(&journal, said(3, version, &["confirmed"])).1.expect("durable");
    }
    submit(&journal, said(2, 1, &["paid", "thanked"])).1.expect("durable");
    let mut histories = journal.histories().expect("open");
    let versions = |read: &[Record]| {
        read.iter().map(|record| (record.version, record.position)).collect::<Vec<_>>()
    };
    for number in [1, 2, 3, 4, 300, 2, 5] {
        let (mut read, stream) = (Vec::new(), order(number));
        let done = histories.each_record(stream, &mut |record| {
            read.push(record.clone());
            Ok(())
        });
        done.expect("is readable");
        let expected = journal.some_records(stream, 0, u32::MAX).expect("is readable");
        assert_eq!(versions(&read), versions(&expected), "{stream:?}");
    }
    journal.disk().expect("open").db.remove(keys::block(order(3), 20)).expect("removed");
    let read = histories.each_record(order(3), &mut |_| Ok(()));
    assert!(read.expect_err("not whole").to_string().contains("is missing"));
}

#[test]
fn a_missing_record_is_found_in_its_commit_and_in_its_stream() {
    let dir = tempfile::tempdir().expect("a folder");
    let journal = open(dir.path());
    for version in 0..3 {
        submit(&journal, said(1, version, &["happened"])).1.expect("durable");
    }
    let disk = journal.disk().expect("open");
    disk.db.remove(keys::block(order(1), 2)).expect("removed");
    let flaws = flaws(&journal);
    assert!(flaws.iter().any(|flaw| flaw.contains("version 2 is missing")), "{flaws:?}");
    assert!(flaws.iter().any(|flaw| flaw.contains("version 3 instead of 2")), "{flaws:?}");
}

#[test]
fn a_dispatch_that_was_executed_twice_is_found() {
    let dir = tempfile::tempdir().expect("a folder");
    let journal = open(dir.path());
    for number in [1, 2] {
        let mut paid = said(number, 0, &["paid"]);
        paid.cause = dispatched(0);
        submit(&journal, paid).1.expect("durable");
    }
    let flaws = flaws(&journal);
    assert_eq!(flaws.len(), 1, "{flaws:?}");
    assert!(flaws[0].contains("repeats what"), "{flaws:?}");
}

#[test]
fn a_torn_commit_and_a_torn_snapshot_are_found() {
    let dir = tempfile::tempdir().expect("a folder");
    let journal = open(dir.path());
    let mut requested = said(1, 0, &["requested"]);
    requested.snapshot = Some(Snapshot { version: 1, shape: 1, state: vec![1] });
    submit(&journal, requested).1.expect("durable");
    let disk = journal.disk().expect("open");
    for key in [keys::commit(1).as_slice(), &keys::snapshot(order(1))] {
        let mut value = disk.db.get(key).expect("readable").expect("there").to_vec();
        value[1] ^= 0x80;
        disk.db.insert(key, value).expect("written");
    }
    let flaws = flaws(&journal);
    assert!(flaws.iter().any(|flaw| flaw.contains("the commit at position 1")), "{flaws:?}");
    assert!(flaws.iter().any(|flaw| flaw.contains("the snapshot of")), "{flaws:?}");
}
