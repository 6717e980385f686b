//! Tests that each record is found however it is kept with those of neighbours: in its history, in
//! the global order, and by an audit.

use super::{event, open, order, said, submit, word, words};
use crate::{
    domain::kernel::Timestamp,
    store::{
        codec::Frame,
        disk::{Batch, Totals, keys, reading, walk},
        journal::{Journal, commit_batch},
        types::{Cause, Record, StoreError, Stream},
    },
};
use proptest::{collection::vec, prelude::*};
use std::{collections::BTreeMap, sync::Arc};

/// The journal under test, with its expected content.
struct Book {
    journal: Arc<Journal>,
    versions: BTreeMap<Stream, u32>,
    records: Vec<Arc<Record>>,
    totals: Totals,
    _dir: tempfile::TempDir,
}

impl Book {
    fn new() -> Self {
        let dir = tempfile::tempdir().expect("a folder");
        Self {
            journal: open(dir.path()),
            versions: BTreeMap::new(),
            records: Vec::new(),
            totals: Totals::default(),
            _dir: dir,
        }
    }

    /// Submits one commit: for each number, this many records of this length.
    fn commit(&mut self, added: &[(u64, u32, usize)]) {
        let first = self.records.len();
        for &(number, records, length) in added {
            for _ in 0..records {
                let stream = order(number);
                let version = self.versions.entry(stream).or_default();
                *version += 1;
                let word = format!("{number}.{version}{}", " ".repeat(length));
                self.records.push(Arc::new(Record {
                    position: self.records.len() as u64 + 1,
                    stream,
                    version: *version,
                    time: Timestamp(1_700_000_000_000),
                    correlation: number,
                    cause: Cause::Request(None),
                    payload: event(&word),
                    typed: None,
                }));
            }
        }
        let mut batch = Batch::default();
        let new = &self.records[first..];
        commit_batch::write_records(
            &mut batch,
            &mut Frame::default(),
            new,
            &mut self.totals,
            &mut None,
        );
        self.journal.disk().expect("open").commit(batch).expect("written");
    }

    fn history(&self, number: u64, after: u32) -> Result<Vec<String>, StoreError> {
        let disk = self.journal.disk()?;
        walk::records_after(&disk.db, order(number), after, u32::MAX).map(|of| words(&of))
    }

    /// Checks that every record is found.
    fn is_whole(&self) {
        let disk = self.journal.disk().expect("open");
        let told = |records: &[Arc<Record>]| -> Vec<_> {
            let told = |record: &Arc<Record>| {
                (record.position, record.stream, record.version, word(&record.payload))
            };
            records.iter().map(told).collect()
        };
        let head = self.records.len() as u64;
        let global = reading::global(&disk.db, 0, head, usize::MAX).expect("readable");
        assert_eq!(told(&global), told(&self.records));
        for (stream, last) in &self.versions {
            let of_stream = self.records.iter().filter(|record| record.stream == *stream);
            let known: Vec<_> = of_stream.map(|record| word(&record.payload)).collect();
            for after in 0..=*last {
                let history = self.history(stream.number, after).expect("readable");
                assert_eq!(history, known[after as usize..], "{stream:?} after {after}");
            }
        }
    }

    /// Counts the keys that begin with this letter.
    fn keys(&self, letter: u8) -> usize {
        self.journal.disk().expect("open").db.scan_prefix([letter]).count()
    }
}

#[test]
fn what_neighbours_get_in_one_commit_costs_one_key() {
    let mut book = Book::new();
    let each = |records| (1..=20).map(move |number| (number, records, 10)).collect::<Vec<_>>();
    book.commit(&each(1));
    book.commit(&each(2));
    assert_eq!((book.keys(keys::TAILS), book.keys(keys::BLOCK)), (1, 0));
    book.is_whole();
}

#[test]
fn whoever_is_old_alone_or_at_length_has_keys_of_its_own() {
    let mut book = Book::new();
    book.commit(&[(1, 1, 10), (2, 1, 10), (3, 1, 10), (64, 1, 10)]);
    book.commit(&[(3, 1, 10), (64, 1, 10)]);
    assert_eq!((book.keys(keys::TAILS), book.keys(keys::BLOCK)), (0, 2), "no neighbours");
    book.commit(&[(1, 1, 9_000), (2, 1, 10), (3, 1, 10)]);
    assert_eq!((book.keys(keys::TAILS), book.keys(keys::BLOCK)), (2, 2), "more than one part");
    book.commit(&[(1, 14, 10), (2, 15, 10), (3, 2, 10)]);
    assert_eq!((book.keys(keys::TAILS), book.keys(keys::BLOCK)), (3, 3), "the second is too old");
    book.is_whole();
}

#[test]
fn neighbours_are_kept_together_whoever_comes_between_them() {
    let mut book = Book::new();
    book.commit(&[(1, 1, 10), (2, 1, 10), (3, 16, 10), (5, 1, 10), (6, 1, 10)]);
    book.commit(&[(1, 1, 10), (2, 1, 10), (3, 1, 10), (4, 1, 10), (5, 1, 10), (6, 1, 10)]);
    assert_eq!((book.keys(keys::TAILS), book.keys(keys::BLOCK)), (1, 1));
    book.is_whole();
}

#[test]
fn a_torn_value_of_neighbours_is_told_to_all_of_them_and_to_nobody_else() {
    let mut book = Book::new();
    book.commit(&[(1, 1, 10), (2, 1, 10), (40, 1, 10), (41, 1, 10)]);
    book.commit(&[(1, 1, 10), (2, 1, 10), (40, 1, 10), (41, 1, 10)]);
    let disk = book.journal.disk().expect("open");
    let (key, value) = disk.db.scan_prefix([keys::TAILS]).next().expect("there").expect("read");
    let mut torn = value.to_vec();
    torn[3] ^= 1;
    disk.db.insert(key, torn).expect("written");
    for number in [1, 2] {
        let told = book.history(number, 0).expect_err("is told");
        assert!(matches!(&told, StoreError::Unreadable { stream, .. } if *stream == order(number)));
        assert!(told.to_string().contains("the checksum does not match"), "{told}");
    }
    assert_eq!(book.history(40, 1).expect("readable").len(), 1);
    assert!(reading::global(&disk.db, 0, 8, usize::MAX).is_err());
}

#[test]
fn an_audit_reads_what_is_kept_with_neighbours_and_finds_what_is_torn_or_missing() {
    let dir = tempfile::tempdir().expect("a folder");
    {
        let journal = open(dir.path());
        for number in 1..=9 {
            submit(&journal, said(number, 0, &["called"])).1.expect("durable");
        }
        // The queue at closing becomes one commit, or a few.
        for number in 1..=9 {
            journal.submit(said(number, 1, &["paid", "thanked"])).expect("is taken");
        }
        journal.close();
    }
    let journal = open(dir.path());
    let flaws = || journal.audit(&mut |_, _| {}, &mut |_| {}).expect("is readable");
    assert_eq!(flaws(), []);
    let disk = journal.disk().expect("open");
    let (key, value) = disk.db.scan_prefix([keys::TAILS]).next().expect("there").expect("read");
    let mut torn = value.to_vec();
    torn[3] ^= 1;
    disk.db.insert(&key, torn).expect("written");
    assert!(flaws().iter().any(|flaw| flaw.0.contains("the later records of")), "{:?}", flaws());
    disk.db.remove(&key).expect("removed");
    assert!(flaws().iter().any(|flaw| flaw.0.contains("version 2 is missing")), "{:?}", flaws());
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 60, ..ProptestConfig::default() })]

    #[test]
    fn whatever_is_committed_is_found(
        commits in vec(vec((1..70_u64, 1..5_u32, prop_oneof![Just(5_usize), 0..6_000_usize]), 1..40), 1..8)
    ) {
        let mut book = Book::new();
        for commit in &commits {
            book.commit(commit);
        }
        book.is_whole();
    }
}
