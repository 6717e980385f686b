//! Tests of the store, and the helpers that they share.

mod answering;
mod answers;
mod auditing;
mod backing_up;
mod bundling;
mod contract;
mod damaged_backups;
mod failing;
mod filling;
mod flipping;
mod integrity;
mod keeping;
mod opening;
mod owned_rows;
mod owning;
mod partitions;
mod restoring;
mod selecting;
mod suspecting;
mod tracing;
mod write_ahead;

use crate::{
    domain::kernel::Timestamp,
    store::{
        faults::Faults,
        journal::{
            CommitError, Done, Entry, Journal, Listener, Positions, ReadLevel, SledJournal,
            Submission,
        },
        types::{
            Answer, Answers, JournalOptions, KindId, Payload, Record, Snapshot, StoreError,
            StoredAnswer, Stream,
        },
    },
};
use std::{
    fs,
    path::Path,
    sync::{Arc, mpsc},
};

const ORDERS: KindId = KindId(0);

fn order(number: u64) -> Stream {
    Stream { kind: ORDERS, number }
}

fn open(dir: &Path) -> Arc<SledJournal> {
    SledJournal::open(dir, JournalOptions::default()).expect("opens")
}

/// The faults of the disk under a journal.
fn faults(journal: &SledJournal) -> &Faults {
    journal.faults().expect("a disk")
}

/// A submission with records of an order: one record per word.
fn said(number: u64, after_version: u32, words: &[&str]) -> Submission {
    let entry = |word: &&str| Entry { payload: event(word), typed: None };
    Submission {
        after_version,
        entries: words.iter().map(entry).collect(),
        ..Submission::of(order(number), 0, Timestamp(1_700_000_000_000))
    }
}

fn event(word: &str) -> Payload {
    Payload::Event(word.as_bytes().to_vec())
}

fn words(records: &[Record]) -> Vec<String> {
    records.iter().map(|record| word(&record.payload)).collect()
}

fn word(payload: &Payload) -> String {
    match payload {
        Payload::Event(bytes) => String::from_utf8_lossy(bytes).into_owned(),
        other => format!("{other:?}"),
    }
}

/// Submits, waits, and returns the positions and the outcome.
fn submit(
    journal: &SledJournal,
    mut submission: Submission,
) -> (Positions, Result<(), CommitError>) {
    let (done, outcome) = answer_line();
    submission.done = Some(done);
    let placed = journal.submit(submission).expect("is taken");
    (placed, outcome.recv().expect("is answered"))
}

/// A subscriber that forwards the position of every wake.
fn listener(kinds: &[KindId]) -> (Listener, mpsc::Receiver<u64>) {
    let (sender, wakes) = mpsc::channel();
    let wake = Arc::new(move |position| sender.send(position).unwrap_or_default());
    let kinds = kinds.iter().copied().collect();
    let pass = Arc::new(|_| {});
    (Listener { kinds, is_waited_for: Arc::default(), wake, pass }, wakes)
}

fn answer_line() -> (Done, mpsc::Receiver<Result<(), CommitError>>) {
    let (sender, receiver) = mpsc::channel();
    (Box::new(move |outcome| drop(sender.send(outcome))), receiver)
}

/// Copies a folder with all that it holds.
fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).expect("a folder");
    for entry in fs::read_dir(from).expect("a folder") {
        let entry = entry.expect("an entry");
        let to = to.join(entry.file_name());
        if entry.path().is_dir() {
            copy(&entry.path(), &to);
        } else {
            fs::copy(entry.path(), to).expect("copied");
        }
    }
}

/// Reads all records, in small pages.
fn read_all(journal: &SledJournal, level: ReadLevel) -> Vec<Arc<Record>> {
    let mut records: Vec<Arc<Record>> = Vec::new();
    loop {
        let after = records.last().map_or(0, |record| record.position);
        let page = journal.read(after, 7, level).expect("is readable");
        if page.is_empty() {
            return records;
        }
        records.extend(page);
    }
}

/// The records and the snapshot from which a stream is rebuilt, in memory.
#[derive(Debug)]
struct History {
    snapshot: Option<Snapshot>,
    records: Vec<Record>,
}

impl SledJournal {
    fn history(&self, stream: Stream) -> Result<History, StoreError> {
        let snapshot = self.snapshot(stream)?;
        let after = snapshot.as_ref().map_or(0, |snapshot| snapshot.version);
        let mut records = Vec::new();
        self.each_record(stream, after, &mut |record| {
            records.push(record);
            Ok(())
        })?;
        Ok(History { snapshot, records })
    }
}

/// An answer to be stored under a key for the first time.
fn under(key: u128, answer: StoredAnswer) -> Answers {
    Answers::from(Answer { key, answer, is_first: true })
}
