//! Histories in order of number: what streams with adjacent numbers share on disk is read once.

use super::{
    StreamGroup, Tree, keys, layout,
    reading::{self, read_block},
    synced::Disk,
};
use crate::store::types::{KindId, Record, StoreError, Stream};
use std::{collections::HashMap, sync::Arc};

/// A reader of whole histories. It holds the first and the young records that the last stream of
/// each kind shares with its neighbours: the next number is mostly among them.
pub struct Histories {
    disk: Arc<Disk>,
    kinds: HashMap<KindId, Shared>,
}

/// The records of adjacent streams of one kind, by number.
#[derive(Default)]
struct Shared {
    first_records: HashMap<u64, Vec<Record>>,
    /// The group of the young records.
    group: Option<StreamGroup>,
    young_records: HashMap<u64, Vec<Record>>,
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
        shared.load(db, stream)?;
        let mut expected = 1;
        let mut next = |record: &Record| {
            if record.version != expected {
                let reason = format!("version {expected} is missing");
                return Err(StoreError::Unreadable { stream, reason });
            }
            expected = expected.saturating_add(1);
            each(record)
        };
        let mut early = shared.early(stream).into_iter().peekable();
        for entry in db.range(keys::block(stream, 0)..=keys::block(stream, u32::MAX)) {
            let (key, value) = entry?;
            let block = read_block(&key, &value).map_err(|error| {
                let reason = format!("one of its blocks: {error}");
                StoreError::Unreadable { stream, reason }
            })?;
            for record in &block {
                while let Some(early) = early.next_if(|early| early.version <= record.version) {
                    next(early)?;
                }
                next(record)?;
            }
        }
        early.try_for_each(next)
    }
}

impl Shared {
    /// Reads what this stream shares with its neighbours, unless it is here.
    fn load(&mut self, db: &Tree, stream: Stream) -> Result<(), StoreError> {
        if !self.first_records.contains_key(&stream.number) {
            self.first_records = by_number(reading::first_records(db, stream)?);
        }
        let group = StreamGroup::of(stream);
        if self.group == Some(group) {
            return Ok(());
        }
        self.group = None;
        self.young_records.clear();
        for entry in db.scan_prefix(group.young_records()) {
            let records = layout::young_records_of(group, &entry?.1).map_err(|error| {
                let reason = format!("the later records of its stream group: {error}");
                StoreError::Unreadable { stream, reason }
            })?;
            for (number, records) in by_number(records) {
                self.young_records.entry(number).or_default().extend(records);
            }
        }
        self.group = Some(group);
        Ok(())
    }

    /// The records of a stream that are not in blocks of its own, in order.
    fn early(&self, stream: Stream) -> Vec<&Record> {
        let of_stream = [&self.first_records, &self.young_records].into_iter();
        let of_stream = of_stream.filter_map(|records| records.get(&stream.number));
        let mut early: Vec<_> = of_stream.flatten().collect();
        early.sort_unstable_by_key(|record| record.version);
        early
    }
}

/// The records of each stream, by the number of the stream.
fn by_number(streams: Vec<Vec<Record>>) -> HashMap<u64, Vec<Record>> {
    let named = |records: Vec<Record>| Some((records.first()?.stream.number, records));
    streams.into_iter().filter_map(named).collect()
}
