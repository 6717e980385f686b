//! The history of one stream, record by record: one block of it is in memory at a time.
//!
//! ```text
//! births ──┐
//! tails  ──┴─▶ early (bounded by their layout) ──┐
//! blocks ──▶ block ──────────────────────────────┴─▶ the record of the next version
//! ```

use super::{
    Record, Stream,
    journal::StoreError,
    keys,
    layout::TAIL_VERSIONS_MAX,
    reading::{birth, blocks_from, read_block, tail},
    tree::{Entries, Tree},
};
use std::{iter::Peekable, vec};

/// Walks through the records of a stream after a version, gapless.
pub(super) struct Walk {
    stream: Stream,
    after: u32,
    /// The version that comes next.
    expected: u32,
    blocks: Entries,
    block: Peekable<vec::IntoIter<Record>>,
    early: Peekable<vec::IntoIter<Record>>,
    is_over: bool,
}

impl Walk {
    pub(super) fn after(db: &Tree, stream: Stream, after: u32) -> Result<Self, StoreError> {
        let expected = after.saturating_add(1);
        let blocks = db.range(blocks_from(db, stream, expected)?);
        let early = if after < TAIL_VERSIONS_MAX { tail(db, stream)? } else { Vec::new() };
        let mut walk = Self {
            stream,
            after,
            expected,
            blocks,
            block: Vec::new().into_iter().peekable(),
            early: sorted(early, after),
            is_over: false,
        };
        walk.load_block()?;
        let first = walk.early.peek().map(|record| record.version);
        let first = first.into_iter().chain(walk.block.peek().map(|record| record.version)).min();
        if first.is_none_or(|first| first > expected) {
            let mut early = birth(db, stream)?;
            early.extend(walk.early);
            walk.early = sorted(early, after);
        }
        Ok(walk)
    }

    /// Reads the next block with a record that is asked for, if there is one.
    fn load_block(&mut self) -> Result<(), StoreError> {
        while self.block.peek().is_none() {
            let Some(entry) = self.blocks.next() else { break };
            let (key, value) = entry?;
            let mut block = read_block(&key, &value).map_err(|error| {
                let because = format!("the records after version {}: {error}", self.expected - 1);
                StoreError::Unreadable { stream: self.stream, because }
            })?;
            block.retain(|record| record.version > self.after);
            self.block = block.into_iter().peekable();
        }
        Ok(())
    }

    fn take(&mut self) -> Result<Option<Record>, StoreError> {
        self.load_block()?;
        let (early, later) = (self.early.peek(), self.block.peek());
        let is_early = match (early, later) {
            (Some(early), Some(later)) => early.version <= later.version,
            (early, _) => early.is_some(),
        };
        let record = if is_early { self.early.next() } else { self.block.next() };
        let Some(record) = record else { return Ok(None) };
        if record.version != self.expected {
            let because = format!("version {} is missing", self.expected);
            return Err(StoreError::Unreadable { stream: self.stream, because });
        }
        self.expected = self.expected.saturating_add(1);
        Ok(Some(record))
    }
}

impl Iterator for Walk {
    type Item = Result<Record, StoreError>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.is_over {
            return None;
        }
        let taken = self.take().transpose();
        self.is_over = !matches!(taken, Some(Ok(_)));
        taken
    }
}

/// The last record of a stream; of what neighbours keep together and of the last block, no more is
/// read.
pub(super) fn last(db: &Tree, stream: Stream) -> Result<Option<Record>, StoreError> {
    let all = keys::block(stream, 0)..=keys::block(stream, u32::MAX);
    let last = db.range(all).next_back().transpose()?;
    let last = last.map(|(key, value)| {
        read_block(&key, &value).map_err(|error| StoreError::Unreadable {
            stream,
            because: format!("its last records: {error}"),
        })
    });
    let of_block = last.transpose()?.and_then(|block| block.into_iter().next_back());
    if of_block.as_ref().is_some_and(|record| record.version >= TAIL_VERSIONS_MAX) {
        return Ok(of_block);
    }
    let mut others = tail(db, stream)?;
    if others.is_empty() && of_block.is_none() {
        others = birth(db, stream)?;
    }
    Ok(others.into_iter().chain(of_block).max_by_key(|record| record.version))
}

fn sorted(mut records: Vec<Record>, after: u32) -> Peekable<vec::IntoIter<Record>> {
    records.retain(|record| record.version > after);
    records.sort_unstable_by_key(|record| record.version);
    records.into_iter().peekable()
}
