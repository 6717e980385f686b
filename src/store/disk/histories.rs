//! Histories in order of number: what streams with adjacent numbers share on disk is read once.

use super::{
    Tree,
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
#[derive(Default)]
struct Shared {
    /// The first records, by number.
    first_records: HashMap<u64, Vec<Record>>,
    young_records: YoungRecords,
}

impl Histories {
    /// A reader that has read nothing yet.
    pub(in crate::store) fn new(disk: Arc<Disk>) -> Self {
        Self { disk, kinds: HashMap::new() }
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
        let shared = self.kinds.entry(stream.kind).or_default();
        let early = shared.early(db, stream)?.map(Cow::Borrowed);
        let records = Merge::new((stream, 0), early, reading::blocks(db, stream));
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
    /// The records of a stream that are in no block of its own. Reads them with those of its
    /// neighbours, unless they are here.
    fn early(
        &mut self,
        db: &Tree,
        stream: Stream,
    ) -> Result<impl Iterator<Item = &Record>, StoreError> {
        if !self.first_records.contains_key(&stream.number) {
            let first_records = reading::first_records(db, stream)?.into_iter();
            let named = |records: Vec<Record>| Some((records.first()?.stream.number, records));
            self.first_records = first_records.filter_map(named).collect();
        }
        self.young_records.load(db, stream, Err)?;
        let first_records = self.first_records.get(&stream.number).into_iter().flatten();
        Ok(first_records.chain(self.young_records.of(stream)))
    }
}
