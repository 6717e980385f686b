//! Histories in order of number: what streams with adjacent numbers share on disk is read once.

use super::{
    Tree,
    ascending::Ascending,
    keys,
    merge::{Merge, YoungRecords},
    reading,
    synced::Disk,
};
use crate::store::types::{KindId, Record, StoreError, Stream};
use std::{borrow::Cow, collections::HashMap, sync::Arc};

/// A reader of whole histories. It holds the first and the young records that the last stream of
/// each kind shares with its neighbours: the next number is mostly among them.
pub struct Histories {
    disk: Arc<Disk>,
    kinds: HashMap<KindId, Shared>,
}

/// The records of adjacent streams of one kind.
struct Shared {
    /// The first records, by number.
    first_records: HashMap<u64, Vec<Record>>,
    young_records: YoungRecords,
    blocks: Ascending,
    snapshots: Ascending,
}

impl Histories {
    /// A reader that has read nothing yet.
    pub(in crate::store) fn new(disk: Arc<Disk>) -> Self {
        Self { disk, kinds: HashMap::new() }
    }

    /// Whether a stream has a snapshot.
    ///
    /// # Errors
    /// When the disk fails.
    pub fn has_snapshot(&mut self, stream: Stream) -> Result<bool, StoreError> {
        let shared = self.kinds.entry(stream.kind).or_insert_with(Shared::new);
        Ok(shared.snapshots.contains(&self.disk.db, &keys::snapshot(stream))?)
    }

    /// Passes all records of a stream to `each`, in order. One block is in memory at a time.
    ///
    /// # Errors
    /// When the disk fails or any part of the stream cannot be read: no record is skipped. Also any
    /// error that `each` returns.
    pub fn each_record(
        &mut self,
        stream: Stream,
        each: &mut dyn FnMut(&Record) -> Result<(), StoreError>,
    ) -> Result<(), StoreError> {
        let db = &self.disk.db;
        let shared = self.kinds.entry(stream.kind).or_insert_with(Shared::new);
        shared.read_early(db, stream)?;
        let blocks = reading::ascending_blocks(&mut shared.blocks, db, stream);
        let first_records = shared.first_records.get(&stream.number).into_iter().flatten();
        let early = first_records.chain(shared.young_records.of(stream)).map(Cow::Borrowed);
        let records = Merge::new((stream, 0), early, blocks);
        for (record, expected) in records.zip(1..) {
            let record = record?;
            if record.version != expected {
                let reason = format!("version {expected} is missing");
                return Err(StoreError::Unreadable { stream, reason });
            }
            each(&record)?;
        }
        Ok(())
    }
}

impl Shared {
    fn new() -> Self {
        Self {
            first_records: HashMap::new(),
            young_records: YoungRecords::default(),
            blocks: Ascending::new(keys::BLOCK),
            snapshots: Ascending::new(keys::SNAPSHOT),
        }
    }

    /// Reads the records of a stream that are in no block of its own, with those of its neighbours,
    /// unless they are here.
    fn read_early(&mut self, db: &Tree, stream: Stream) -> Result<(), StoreError> {
        if !self.first_records.contains_key(&stream.number) {
            let first_records = reading::first_records(db, stream, |_| true)?.into_iter();
            let named = |records: Vec<Record>| Some((records.first()?.stream.number, records));
            self.first_records = first_records.filter_map(named).collect();
        }
        self.young_records.load(db, stream, Err)
    }
}
