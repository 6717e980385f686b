//! The history of one stream, record by record: one block of it is in memory at a time.

use super::{
    keys,
    layout::YOUNG_VERSIONS_MAX,
    merge::Merge,
    reading::{blocks, blocks_from, first_record, read_block, young_record},
    tree::{Entries, Tree},
};
use crate::store::types::{KindId, Payload, Record, StoreError, Stream};
use std::borrow::Cow;

/// Iterator over the records of a stream after a version, gapless.
pub struct Walk {
    stream: Stream,
    /// The version of the next record.
    expected: u32,
    records: Merge<'static, Entries>,
    is_over: bool,
}

impl Walk {
    pub(in crate::store) fn after(
        db: &Tree,
        stream: Stream,
        after: u32,
    ) -> Result<Self, StoreError> {
        let expected = after.saturating_add(1);
        // Before the young records, so that the blocks are not newer than these.
        let blocks = db.range(blocks_from(db, stream, expected)?);
        let early = if after < YOUNG_VERSIONS_MAX { young_record(db, stream)? } else { Vec::new() };
        let early = early.into_iter().map(Cow::Owned);
        let mut records = Merge::new((stream, after), early, blocks);
        if records.peek()?.is_none_or(|first| first > expected) {
            records.add_early(first_record(db, stream)?);
        }
        Ok(Self { stream, expected, records, is_over: false })
    }

    fn take(&mut self) -> Result<Option<Record>, StoreError> {
        let Some(record) = self.records.next().transpose()? else { return Ok(None) };
        if record.version != self.expected {
            let reason = format!("version {} is missing", self.expected);
            return Err(StoreError::Unreadable { stream: self.stream, reason });
        }
        self.expected = self.expected.saturating_add(1);
        Ok(Some(record.into_owned()))
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

/// Returns the last record of a stream. Reads at most its first and young records and its last
/// block.
pub(in crate::store) fn last(db: &Tree, stream: Stream) -> Result<Option<Record>, StoreError> {
    let last = blocks(db, stream).next_back().transpose()?;
    let last = last.map(|(key, value)| {
        read_block(&key, &value).map_err(|error| StoreError::Unreadable {
            stream,
            reason: format!("its last records: {error}"),
        })
    });
    let of_block = last.transpose()?.and_then(|block| block.into_iter().next_back());
    if of_block.as_ref().is_some_and(|record| record.version >= YOUNG_VERSIONS_MAX) {
        return Ok(of_block);
    }
    let mut others = young_record(db, stream)?;
    if others.is_empty() && of_block.is_none() {
        others = first_record(db, stream)?;
    }
    Ok(others.into_iter().chain(of_block).max_by_key(|record| record.version))
}

/// Returns up to `records_max` records of a stream after a version, gapless.
pub(in crate::store) fn records_after(
    db: &Tree,
    stream: Stream,
    after: u32,
    records_max: u32,
) -> Result<Vec<Record>, StoreError> {
    Walk::after(db, stream, after)?.take(records_max as usize).collect()
}

/// Returns the greatest number up to `greatest` of a stream of a kind with an event; 0 when there
/// is none. A stream that cannot be read counts as a stream with an event.
pub(in crate::store) fn last_born(
    db: &Tree,
    kind: KindId,
    greatest: u64,
) -> Result<u64, StoreError> {
    let first = keys::first_records(Stream { kind, number: 0 }, 0).to_vec();
    let last = keys::first_records(Stream { kind, number: greatest }, u16::MAX).to_vec();
    for entry in db.range(first..=last).rev() {
        let (key, _) = entry?;
        let (first, streams) = keys::read_first_records(&key).ok_or_else(|| {
            StoreError::Failed("the key of first records cannot be read".to_owned())
        })?;
        let end = first.number.saturating_add(u64::from(streams.saturating_sub(1))).min(greatest);
        for number in (first.number..=end).rev() {
            match is_born(db, Stream { kind, number }) {
                Ok(false) => {}
                Err(StoreError::Failed(reason)) => return Err(StoreError::Failed(reason)),
                _ => return Ok(number),
            }
        }
    }
    Ok(0)
}

/// Whether a stream has an event. Reads up to its first event at most.
fn is_born(db: &Tree, stream: Stream) -> Result<bool, StoreError> {
    for record in Walk::after(db, stream, 0)? {
        if matches!(record?.payload, Payload::Event(_)) {
            return Ok(true);
        }
    }
    Ok(false)
}
