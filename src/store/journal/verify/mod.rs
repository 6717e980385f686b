//! The audit of the journal for `madang verify`: it reads all data and reports every flaw.

mod beside;
mod histories;
mod owners;

use super::{Journal as _, SledJournal};
use crate::store::{
    codec::{self, CodecError},
    disk::{Batch, Commit, Histories, Totals, Tree, keys, reading},
    types::{Record, Snapshot, StoreError, Stream},
};
use histories::OfStreams;
use std::{
    fmt,
    panic::{AssertUnwindSafe, catch_unwind},
    sync::{
        Arc,
        mpsc::{Receiver, Sender, channel},
    },
    thread,
};

/// One defect and its place, as a sentence.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Flaw(pub String);

impl fmt::Display for Flaw {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl SledJournal {
    /// Reads all durable data and checks it:
    ///
    /// - Checksums and totals are right.
    /// - Positions and versions have no gap and no duplicate.
    /// - Commits and histories agree.
    /// - One dispatch led to one group of adjacent records.
    /// - The lists of owners have the streams whose records name the owner, and no others.
    ///
    /// Each record is read twice, at the same time: in global order on this thread, and in its
    /// stream's history on another one. The visitor receives every readable record in global order.
    ///
    /// A part that cannot be read to its end is a flaw as well, and the next part is checked.
    ///
    /// # Errors
    /// When the journal is closed. Unreadable data is not an error but a flaw, and ends the part of
    /// the audit that reads it.
    pub fn audit(&self, visitor: &mut dyn AuditVisitor) -> Result<Vec<Flaw>, StoreError> {
        let disk = self.disk()?;
        let (mut audit, of_commits, of_streams) = self.read_twice(&disk.db, visitor);
        if let (Some(of_commits), Some(of_streams)) = (&of_commits, &of_streams) {
            if of_commits.records != of_streams.records {
                let (commits, streams) = (of_commits.records, of_streams.records);
                audit.flaw(format!("the commits hold {commits} records, the streams {streams}"));
            }
            if of_commits.totals != of_streams.totals {
                audit.flaw("the totals of streams differ from the streams".to_owned());
            }
        }
        if let Some(of_streams) = &of_streams {
            audit.are_of_owners(&of_streams.listed);
        }
        let last_versions = of_streams.map(|of_streams| of_streams.last_versions);
        audit.beside_records(last_versions.as_ref());
        Ok(audit.flaws)
    }

    /// Reads all records in global order, and in their histories on another thread.
    fn read_twice<'a>(
        &self,
        db: &'a Tree,
        visitor: &mut dyn AuditVisitor,
    ) -> (Audit<'a>, Option<OfCommits>, Option<OfStreams>) {
        let head = self.durable();
        let (tell, told) = channel();
        let audit = |read| Audit { db, head, flaws: Vec::new(), read };
        let mut progress = Progress { visitor, told, done: 0, of: head * 2 };
        thread::scope(|scope| {
            let mut histories = audit(Some(tell));
            let named = thread::Builder::new().name("verify".to_owned());
            let histories = named.spawn_scoped(scope, move || {
                let of_streams = histories.histories(&self.shared.owner_lists);
                (histories.flaws, of_streams)
            });
            let mut audit = audit(None);
            let of_commits = audit.part("the commits", |audit| audit.commits(&mut progress));
            progress.wait();
            let Some((flaws, of_streams)) = histories.ok().and_then(|it| it.join().ok()) else {
                audit.flaw("the histories have no thread to be read on".to_owned());
                return (audit, of_commits, None);
            };
            audit.flaws.extend(flaws);
            (audit, of_commits, of_streams)
        })
    }

    /// A reader of whole histories that is fast when it reads them in order of number.
    ///
    /// # Errors
    /// When the journal is closed.
    pub fn histories(&self) -> Result<Histories, StoreError> {
        self.disk().map(Histories::new)
    }

    /// Passes every snapshot to `each`, one by one.
    ///
    /// # Errors
    /// When the disk fails or a snapshot cannot be read.
    pub fn snapshots(&self, each: &mut dyn FnMut(Stream, Snapshot)) -> Result<(), StoreError> {
        for entry in self.disk()?.db.scan_prefix([keys::SNAPSHOT]) {
            let (key, value) = entry?;
            let stream = keys::read_address(&key, keys::SNAPSHOT).ok_or_else(|| {
                StoreError::Failed("the key of a snapshot cannot be read".to_owned())
            })?;
            let unreadable =
                |error: CodecError| StoreError::Unreadable { stream, reason: error.to_string() };
            each(stream, codec::unframe(&value).map_err(unreadable)?);
        }
        Ok(())
    }
}

impl SledJournal {
    /// Removes the snapshots of these streams, durably. Their aggregates are rebuilt from all their
    /// records.
    ///
    /// # Errors
    /// When the journal is closed or the disk fails.
    pub fn remove_snapshots(&self, streams: &[Stream]) -> Result<(), StoreError> {
        let mut batch = Batch::default();
        for stream in streams {
            batch.remove(keys::snapshot(*stream).as_slice());
        }
        if batch.is_empty() {
            return Ok(());
        }
        let disk = self.disk()?;
        disk.commit(batch).map_err(|failure| StoreError::Failed(failure.to_string()))
    }
}

/// What an audit calls while it reads.
pub trait AuditVisitor {
    /// Receives the number of records read so far, and the number of all.
    fn progress(&mut self, _done: u64, _total: u64) {}

    /// Receives the next readable record in global order.
    fn record(&mut self, _record: &Arc<Record>) {}
}

/// The visitor of an audit for its flaws alone.
impl AuditVisitor for () {}

/// The state of a running audit.
struct Audit<'a> {
    db: &'a Tree,
    /// Last position that is audited; later commits are left to the next audit.
    head: u64,
    flaws: Vec<Flaw>,
    /// Receives the number of records that were read on another thread than the visitor's.
    read: Option<Sender<u64>>,
}

/// The progress of an audit, which its visitor receives.
struct Progress<'a> {
    visitor: &'a mut dyn AuditVisitor,
    /// What the other thread has read.
    told: Receiver<u64>,
    done: u64,
    of: u64,
}

impl Progress<'_> {
    fn advance(&mut self, records: u64) {
        self.done += records + self.told.try_iter().sum::<u64>();
        self.visitor.progress(self.done.min(self.of), self.of);
    }

    /// Reports until the other thread has read everything.
    fn wait(&mut self) {
        while let Ok(records) = self.told.recv() {
            self.advance(records);
        }
    }
}

/// Results from the commits.
#[derive(Default)]
struct OfCommits {
    records: u64,
    totals: Totals,
}

impl Audit<'_> {
    fn flaw(&mut self, sentence: String) {
        self.flaws.push(Flaw(sentence));
    }

    /// Checks one part. An error or panic that ends the check early is a flaw. The next part is
    /// still checked.
    fn part<T>(
        &mut self,
        what: &str,
        check: impl FnOnce(&mut Self) -> Result<T, StoreError>,
    ) -> Option<T> {
        let reason = match catch_unwind(AssertUnwindSafe(|| check(self))) {
            Ok(Ok(found)) => return Some(found),
            Ok(Err(error)) => error.to_string(),
            Err(_) => "the store panicked".to_owned(),
        };
        self.flaw(format!("{what} cannot be read to the end: {reason}"));
        None
    }

    fn report_progress(&self, records: u64) {
        // There is no receiver when the audit was given up.
        let _ = self.read.as_ref().map(|read| read.send(records));
    }

    /// Checks the global order, commit by commit.
    fn commits(&mut self, progress: &mut Progress<'_>) -> Result<OfCommits, StoreError> {
        let mut found = OfCommits::default();
        let mut expected = 1;
        for entry in self.db.scan_prefix([keys::COMMIT]) {
            let (key, value) = entry?;
            let first = keys::read_commit(&key).unwrap_or_default();
            if first > self.head {
                break;
            }
            if first != expected {
                self.flaw(format!("positions {expected} to {first} do not follow on each other"));
            }
            match Commit::read(&value) {
                Ok(commit) => {
                    expected = commit.last_position + 1;
                    found.totals = commit.totals;
                }
                Err(error) => self.flaw(format!("the commit at position {first}: {error}")),
            }
            match reading::commit_records(self.db, &key, &value) {
                Ok(records) => {
                    for record in &records {
                        progress.visitor.record(record);
                    }
                    found.records += records.len() as u64;
                    progress.advance(records.len() as u64);
                }
                Err(error) => self.flaw(error.to_string()),
            }
        }
        if expected != self.head + 1 {
            self.flaw(format!("the last position is {}, not {}", expected - 1, self.head));
        }
        Ok(found)
    }
}
