//! The records of one stream in order: those that are stored together with records of its neighbours,
//! merged with those in its own blocks. One block is in memory at a time.
//!
//! ```text
//! first records ──┐
//! young records ──┴─▶ early (bounded by their layout) ──┐
//! blocks ──▶ block ─────────────────────────────────────┴─▶ the record of the next version
//! ```

use super::{
    keys::StreamGroup,
    reading::{self, read_block},
    tree::{Tree, TreeError},
};
use crate::store::types::{Record, StoreError, Stream};
use sled::IVec;
use std::{borrow::Cow, collections::HashMap, iter::Peekable, vec};

/// Iterator over the records of a stream after a version, in order. It does not check that none is
/// missing. After a damaged block it goes on with the next one.
pub struct Merge<'a, B> {
    stream: Stream,
    after: u32,
    early: Peekable<vec::IntoIter<Cow<'a, Record>>>,
    blocks: B,
    block: Peekable<vec::IntoIter<Record>>,
}

impl<'a, B: Iterator<Item = Result<(IVec, IVec), TreeError>>> Merge<'a, B> {
    /// Merges these records, which are in no block and in any order, with the blocks in these
    /// entries.
    pub(in crate::store) fn new(
        (stream, after): (Stream, u32),
        early: impl Iterator<Item = Cow<'a, Record>>,
        blocks: B,
    ) -> Self {
        let (early, block) = (sorted(early, after), Vec::new().into_iter().peekable());
        Self { stream, after, early, blocks, block }
    }

    /// Adds further records that are in no block, before any record is taken.
    pub(super) fn add_early(&mut self, more: Vec<Record>) {
        let more = more.into_iter().map(Cow::Owned);
        self.early = sorted(self.early.by_ref().chain(more), self.after);
    }

    /// The version of the next record, if there is one.
    pub(super) fn peek(&mut self) -> Result<Option<u32>, StoreError> {
        self.load_block()?;
        let early = self.early.peek().map(|record| record.version);
        Ok(early.into_iter().chain(self.block.peek().map(|record| record.version)).min())
    }

    /// Reads the next block with a record after the version, if there is one.
    fn load_block(&mut self) -> Result<(), StoreError> {
        while self.block.peek().is_none() {
            let Some(entry) = self.blocks.next() else { break };
            let (key, value) = entry?;
            let mut block = read_block(&key, &value).map_err(|error| {
                let reason = format!("its block under {key:?}: {error}");
                StoreError::Unreadable { stream: self.stream, reason }
            })?;
            block.retain(|record| record.version > self.after);
            self.block = block.into_iter().peekable();
        }
        Ok(())
    }
}

impl<'a, B: Iterator<Item = Result<(IVec, IVec), TreeError>>> Iterator for Merge<'a, B> {
    type Item = Result<Cow<'a, Record>, StoreError>;

    fn next(&mut self) -> Option<Self::Item> {
        if let Err(error) = self.load_block() {
            return Some(Err(error));
        }
        let is_early = match (self.early.peek(), self.block.peek()) {
            (Some(early), Some(later)) => early.version <= later.version,
            (early, _) => early.is_some(),
        };
        if is_early {
            return self.early.next().map(Ok);
        }
        self.block.next().map(|record| Ok(Cow::Owned(record)))
    }
}

fn sorted<'a>(
    early: impl Iterator<Item = Cow<'a, Record>>,
    after: u32,
) -> Peekable<vec::IntoIter<Cow<'a, Record>>> {
    let mut early: Vec<_> = early.filter(|record| record.version > after).collect();
    early.sort_unstable_by_key(|record| record.version);
    early.into_iter().peekable()
}

/// The young records of one stream group, read once for all its streams.
#[derive(Default)]
pub struct YoungRecords {
    of: Option<StreamGroup>,
    by_number: HashMap<u64, Vec<Record>>,
}

impl YoungRecords {
    /// Reads the young records of the group of this stream, unless they are here. `damaged` gets the
    /// error of each value that cannot be read, and returns it to end the read.
    pub(in crate::store) fn load(
        &mut self,
        db: &Tree,
        stream: Stream,
        damaged: impl FnMut(StoreError) -> Result<(), StoreError>,
    ) -> Result<(), StoreError> {
        let group = StreamGroup::of(stream);
        if self.of == Some(group) {
            return Ok(());
        }
        self.of = None;
        self.by_number.clear();
        for added in reading::young_records(db, stream, |_| true, damaged)? {
            let Some(first) = added.first() else { continue };
            self.by_number.entry(first.stream.number).or_default().extend(added);
        }
        self.of = Some(group);
        Ok(())
    }

    /// Those of a stream of the group.
    pub(super) fn of(&self, stream: Stream) -> &[Record] {
        self.by_number.get(&stream.number).map_or(&[], Vec::as_slice)
    }

    /// Takes those of a stream of the group out.
    pub(in crate::store) fn take(&mut self, stream: Stream) -> Vec<Record> {
        self.by_number.remove(&stream.number).unwrap_or_default()
    }
}
