//! The part of an audit that reads the history of each stream, beside the part that reads commits.

use super::{Audit, Flaw, owners::Listed};
use crate::counted::counted;
use crate::store::{
    disk::{Ascending, Merge, Totals, YoungRecords, keys, reading},
    journal::owner_lists::OwnerLists,
    types::{Cause, Origin, Record, StoreError, Stream},
};
use std::{
    borrow::Cow,
    collections::{HashMap, HashSet},
    hash::{BuildHasher, BuildHasherDefault, DefaultHasher},
    mem,
};

/// The records of one history between two reports of progress.
const PROGRESS_RECORDS: u64 = 512;

/// Results from the streams.
pub(super) struct OfStreams {
    pub(super) records: u64,
    pub(super) totals: Totals,
    /// The last versions of streams with a snapshot. Those of all streams would fill the memory.
    pub(super) last_versions: HashMap<Stream, u32>,
    snapshots: Ascending,
    /// The lists of owners, compared with the records.
    pub(super) listed: Listed,
}

impl OfStreams {
    fn new(listed: Listed) -> Self {
        Self {
            records: 0,
            totals: Totals::default(),
            last_versions: HashMap::new(),
            snapshots: Ascending::new(keys::SNAPSHOT),
            listed,
        }
    }
}

impl Audit<'_> {
    /// Checks the lists of owners and all histories.
    pub(super) fn histories(&mut self, owner_lists: &OwnerLists) -> Option<OfStreams> {
        let listed = self.part("the lists of owners", |audit| audit.owner_lists(owner_lists));
        self.part("the histories", |audit| audit.streams(listed.unwrap_or_default()))
    }

    /// Checks the histories, stream by stream.
    fn streams(&mut self, listed: Listed) -> Result<OfStreams, StoreError> {
        let mut found = OfStreams::new(listed);
        let mut dispatches = Dispatches::default();
        let mut young_records = YoungRecords::default();
        let mut blocks = Ascending::new(keys::BLOCK);
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
                    "{} of {} from {first:?} on",
                    first_records.len(),
                    counted(streams, "stream")
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
                let blocks = reading::ascending_blocks(&mut blocks, self.db, stream);
                let early = early.into_iter().map(Cow::Owned);
                let records = Merge::new((stream, 0), early, blocks);
                self.history(records, &mut found, &mut dispatches)?;
            }
        }
        Ok(found)
    }

    /// Checks the history of a stream: its first and young records, and its blocks. One block is in
    /// memory at a time.
    fn history(
        &mut self,
        records: impl Iterator<Item = Result<Cow<'static, Record>, StoreError>>,
        found: &mut OfStreams,
        dispatches: &mut Dispatches,
    ) -> Result<(), StoreError> {
        let (mut before, mut unreported) = (None, 0);
        for record in records {
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
            self.flaw(format!("{stream} goes on at version {version} instead of {expected}"));
        }
        if before.is_some_and(|before| before.position >= *position) {
            self.flaw(format!("{stream} goes back in position at version {version}"));
        }
    }

    fn remember(&mut self, found: &mut OfStreams, record: &Record) -> Result<(), StoreError> {
        found.records += 1;
        found.totals.add(record.stream, record.version);
        let is_known = found.last_versions.contains_key(&record.stream);
        let is_first = record.version == 1;
        if is_known
            || is_first && found.snapshots.contains(self.db, &keys::snapshot(record.stream))?
        {
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
