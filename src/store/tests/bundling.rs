//! Tests that records stored together with records of their stream group are found: in a history,
//! in the global order, and by an audit.

use super::{event, open, order, said, submit, word, words};
use crate::{
    domain::kernel::Timestamp,
    store::{
        codec::Frame,
        disk::{Batch, Totals, keys, reading, walk},
        journal::{Journal, SledJournal, commit_batch},
        types::{Cause, Record, StoreError, Stream},
    },
};
use proptest::{collection::vec, prelude::*};
use std::{collections::BTreeMap, sync::Arc};

/// The journal under test, with its expected content.
struct Case {
    journal: Arc<SledJournal>,
    versions: BTreeMap<Stream, u32>,
    records: Vec<Arc<Record>>,
    totals: Totals,
    _dir: tempfile::TempDir,
}

impl Case {
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
                    principals: None,
                    trace: None,
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
        let summaries = |records: &[Arc<Record>]| -> Vec<_> {
            let summary = |record: &Arc<Record>| {
                (record.position, record.stream, record.version, word(&record.payload))
            };
            records.iter().map(summary).collect()
        };
        let head = self.records.len() as u64;
        let global = reading::global(&disk.db, 0, head, usize::MAX).expect("readable");
        assert_eq!(summaries(&global), summaries(&self.records));
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
fn records_of_one_stream_group_in_one_commit_share_one_key() {
    let mut case = Case::new();
    let each = |records| (1..=20).map(move |number| (number, records, 10)).collect::<Vec<_>>();
    case.commit(&each(1));
    case.commit(&each(2));
    assert_eq!((case.keys(keys::YOUNG_RECORDS), case.keys(keys::BLOCK)), (1, 0));
    case.is_whole();
}

#[test]
fn old_single_and_long_streams_have_keys_of_their_own() {
    let mut case = Case::new();
    case.commit(&[(1, 1, 10), (2, 1, 10), (3, 1, 10), (64, 1, 10)]);
    case.commit(&[(3, 1, 10), (64, 1, 10)]);
    assert_eq!(
        (case.keys(keys::YOUNG_RECORDS), case.keys(keys::BLOCK)),
        (0, 2),
        "one stream per group"
    );
    case.commit(&[(1, 1, 9_000), (2, 1, 10), (3, 1, 10)]);
    assert_eq!(
        (case.keys(keys::YOUNG_RECORDS), case.keys(keys::BLOCK)),
        (2, 2),
        "more than one part"
    );
    case.commit(&[(1, 14, 10), (2, 15, 10), (3, 2, 10)]);
    assert_eq!(
        (case.keys(keys::YOUNG_RECORDS), case.keys(keys::BLOCK)),
        (3, 3),
        "the second is too old"
    );
    case.is_whole();
}

#[test]
fn streams_of_a_group_share_a_key_despite_an_old_stream_between_them() {
    let mut case = Case::new();
    case.commit(&[(1, 1, 10), (2, 1, 10), (3, 16, 10), (5, 1, 10), (6, 1, 10)]);
    case.commit(&[(1, 1, 10), (2, 1, 10), (3, 1, 10), (4, 1, 10), (5, 1, 10), (6, 1, 10)]);
    assert_eq!((case.keys(keys::YOUNG_RECORDS), case.keys(keys::BLOCK)), (1, 1));
    case.is_whole();
}

#[test]
fn a_torn_value_of_a_stream_group_is_an_error_for_its_streams_only() {
    let mut case = Case::new();
    case.commit(&[(1, 1, 10), (2, 1, 10), (40, 1, 10), (41, 1, 10)]);
    case.commit(&[(1, 1, 10), (2, 1, 10), (40, 1, 10), (41, 1, 10)]);
    let disk = case.journal.disk().expect("open");
    let (key, value) =
        disk.db.scan_prefix([keys::YOUNG_RECORDS]).next().expect("there").expect("read");
    let mut torn = value.to_vec();
    torn[3] ^= 1;
    disk.db.insert(key, torn).expect("written");
    for number in [1, 2] {
        let error = case.history(number, 0).expect_err("is unreadable");
        assert!(
            matches!(&error, StoreError::Unreadable { stream, .. } if *stream == order(number))
        );
        assert!(error.to_string().contains("the checksum does not match"), "{error}");
    }
    assert_eq!(case.history(40, 1).expect("readable").len(), 1);
    assert!(reading::global(&disk.db, 0, 8, usize::MAX).is_err());
}

#[test]
fn an_audit_reads_young_records_and_finds_torn_and_missing_ones() {
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
    let flaws = || journal.audit(&mut ()).expect("is readable");
    assert_eq!(flaws(), []);
    let disk = journal.disk().expect("open");
    let (key, value) =
        disk.db.scan_prefix([keys::YOUNG_RECORDS]).next().expect("there").expect("read");
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
    fn every_committed_record_is_found(
        commits in vec(vec((1..70_u64, 1..5_u32, prop_oneof![Just(5_usize), 0..6_000_usize]), 1..40), 1..8)
    ) {
        let mut case = Case::new();
        for commit in &commits {
            case.commit(commit);
        }
        case.is_whole();
    }
}
