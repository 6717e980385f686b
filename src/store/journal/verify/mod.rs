//! The audit of the journal for `madang verify`: it reads all data and reports every flaw.

mod beside;
mod owners;

use super::{Journal as _, SledJournal};
use crate::store::{
    codec::{self, CodecError},
    disk::{Batch, Commit, Histories, Merge, Totals, Tree, YoungRecords, keys, reading},
    types::{Cause, Origin, Record, Snapshot, StoreError, Stream},
};
use owners::Listed;
use std::{
    borrow::Cow,
    collections::{HashMap, HashSet},
    fmt,
    hash::{BuildHasher, BuildHasherDefault, DefaultHasher},
    mem,
    panic::{AssertUnwindSafe, catch_unwind},
    sync::Arc,
};

/// The records of one history between two reports of progress.
const PROGRESS_RECORDS: u64 = 512;

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
    /// Each record is read twice: in global order, and in its stream's history. The visitor
    /// receives every readable record in global order.
    ///
    /// A part that cannot be read to its end is a flaw as well, and the next part is checked.
    ///
    /// # Errors
    /// When the journal is closed. Unreadable data is not an error but a flaw, and ends the part of
    /// the audit that reads it.
    pub fn audit(&self, visitor: &mut dyn AuditVisitor) -> Result<Vec<Flaw>, StoreError> {
        let disk = self.disk()?;
        let head = self.durable();
        let mut audit = Audit { db: &disk.db, head, visitor, flaws: Vec::new(), done: 0 };
        let of_commits = audit.part("the commits", Audit::commits);
        let listed =
            audit.part("the lists of owners", |audit| audit.owner_lists(&self.shared.owner_lists));
        let listed = listed.unwrap_or_default();
        let of_streams = audit.part("the histories", |audit| audit.streams(listed));
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
    visitor: &'a mut dyn AuditVisitor,
    flaws: Vec<Flaw>,
    done: u64,
}

/// Results from the commits.
#[derive(Default)]
struct OfCommits {
    records: u64,
    totals: Totals,
}

/// Results from the streams.
#[derive(Default)]
struct OfStreams {
    records: u64,
    totals: Totals,
    /// The last versions of streams with a snapshot. Those of all streams would fill the memory.
    last_versions: HashMap<Stream, u32>,
    /// The lists of owners, compared with the records.
    listed: Listed,
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

    fn report_progress(&mut self, records: u64) {
        self.done += records;
        self.visitor.progress(self.done.min(self.head * 2), self.head * 2);
    }

    /// Checks the global order, commit by commit.
    fn commits(&mut self) -> Result<OfCommits, StoreError> {
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
                        self.visitor.record(record);
                    }
                    found.records += records.len() as u64;
                    self.report_progress(records.len() as u64);
                }
                Err(error) => self.flaw(error.to_string()),
            }
        }
        if expected != self.head + 1 {
            self.flaw(format!("the last position is {}, not {}", expected - 1, self.head));
        }
        Ok(found)
    }

    /// Checks the histories, stream by stream.
    fn streams(&mut self, listed: Listed) -> Result<OfStreams, StoreError> {
        let mut found = OfStreams { listed, ..OfStreams::default() };
        let mut dispatches = Dispatches::default();
        let mut young_records = YoungRecords::default();
        for entry in self.db.scan_prefix([keys::FIRST_RECORDS]) {
            let (key, value) = entry?;
            let Some((first, streams)) = keys::read_first_records(&key) else {
                self.flaw(format!("the key {key:?} cannot be read"));
                continue;
            };
            let first_records =
                reading::read_first_records(first, &value).unwrap_or_else(|error| {
                    self.flaw(format!("the first records from {first:?} on: {error}"));
                    Vec::new()
                });
            if first_records.len() != usize::from(streams) {
                self.flaw(format!(
                    "{} of {streams} streams from {first:?} on",
                    first_records.len()
                ));
            }
            for mut early in first_records {
                let stream = early[0].stream;
                let flaws = &mut self.flaws;
                young_records.load(self.db, stream, |error| {
                    flaws.push(Flaw(error.to_string()));
                    Ok(())
                })?;
                early.extend(young_records.take(stream));
                self.history(stream, early, &mut found, &mut dispatches)?;
            }
        }
        Ok(found)
    }

    /// Checks the history of a stream: its first and young records, and its blocks. One block is in
    /// memory at a time.
    fn history(
        &mut self,
        stream: Stream,
        early: Vec<Record>,
        found: &mut OfStreams,
        dispatches: &mut Dispatches,
    ) -> Result<(), StoreError> {
        let (mut before, mut unreported) = (None, 0);
        let early = early.into_iter().map(Cow::Owned);
        for record in Merge::new((stream, 0), early, reading::blocks(self.db, stream)) {
            match record {
                Ok(record) if record.position <= self.head => {
                    let record = record.into_owned();
                    self.record(found, dispatches, before.as_ref(), &record)?;
                    before = Some(record);
                    unreported += 1;
                }
                // It is left to the next audit.
                Ok(_) => {}
                Err(error @ StoreError::Unreadable { .. }) => self.flaw(error.to_string()),
                Err(error) => return Err(error),
            }
            if unreported == PROGRESS_RECORDS {
                self.report_progress(mem::take(&mut unreported));
            }
        }
        self.report_progress(unreported);
        Ok(())
    }

    /// Checks the next record of a stream against the record before it.
    fn record(
        &mut self,
        found: &mut OfStreams,
        dispatches: &mut Dispatches,
        before: Option<&Record>,
        record: &Record,
    ) -> Result<(), StoreError> {
        self.follows(before, record);
        if let Some(flaw) = dispatches.check(before, record) {
            self.flaw(flaw);
        }
        self.remember(found, record)?;
        self.is_owned(&mut found.listed, before, record);
        Ok(())
    }

    fn follows(&mut self, before: Option<&Record>, record: &Record) {
        let Record { stream, version, position, .. } = record;
        let expected = before.map_or(1, |before| before.version.saturating_add(1));
        if *version != expected {
            self.flaw(format!("{stream:?} goes on at version {version} instead of {expected}"));
        }
        if before.is_some_and(|before| before.position >= *position) {
            self.flaw(format!("{stream:?} goes back in position at version {version}"));
        }
    }

    fn remember(&mut self, found: &mut OfStreams, record: &Record) -> Result<(), StoreError> {
        found.records += 1;
        found.totals.add(record.stream, record.version);
        let is_known = found.last_versions.contains_key(&record.stream);
        let is_first = record.version == 1;
        if is_known || is_first && self.db.contains_key(keys::snapshot(record.stream))? {
            found.last_versions.insert(record.stream, record.version);
        }
        Ok(())
    }
}

/// Hashes of the dispatches that led to records so far. They have 64 bits. With a hundred million
/// dispatches, about one in four thousand audits has a collision.
#[derive(Default)]
struct Dispatches(HashSet<u64>);

impl Dispatches {
    /// Returns a flaw when the records of one dispatch are not adjacent in a single stream.
    fn check(&mut self, previous: Option<&Record>, record: &Record) -> Option<String> {
        let Cause::Dispatch(origin) = record.cause else {
            return None;
        };
        let is_continued = previous.is_some_and(|previous| {
            previous.cause == record.cause && previous.position + 1 == record.position
        });
        if is_continued || self.0.insert(hash(&origin)) {
            return None;
        }
        Some(format!(
            "{:?} version {} repeats what {origin:?} led to already",
            record.stream, record.version
        ))
    }
}

fn hash(origin: &Origin) -> u64 {
    BuildHasherDefault::<DefaultHasher>::default().hash_one(origin)
}
