//! Reading more of the journal than bringing a stream to life needs.

use super::{
    KindId, Record, Stream, codec,
    front::Door,
    journal::{Journal, StoreError},
    keys, reading,
    sync::lock,
};
use std::ops::RangeInclusive;

impl Journal {
    /// The whole history of a stream, as if there were no snapshot. Reads from disk.
    ///
    /// # Errors
    /// When the disk fails, or anything of the stream cannot be read.
    pub fn records(&self, stream: Stream) -> Result<Vec<Record>, StoreError> {
        reading::records_after(&self.disk()?.db, stream, 0, u32::MAX)
    }

    /// Up to so many records of a stream after a version. Reads from disk.
    ///
    /// # Errors
    /// When the disk fails, or a record cannot be read.
    pub fn some_records(
        &self,
        stream: Stream,
        after: u32,
        records_max: u32,
    ) -> Result<Vec<Record>, StoreError> {
        reading::records_after(&self.disk()?.db, stream, after, records_max)
    }

    /// Shows the states of a follower's conversations with these numbers, in order.
    ///
    /// # Errors
    /// When the disk fails or a state cannot be read, or what is called fails.
    pub fn conversations(
        &self,
        follower: KindId,
        numbers: RangeInclusive<u64>,
        mut each: impl FnMut(u64, Vec<u8>) -> Result<(), StoreError>,
    ) -> Result<(), StoreError> {
        let key = |number| keys::conversation(Stream { kind: follower, number });
        let disk = self.disk()?;
        for entry in disk.db.range(key(*numbers.start())..=key(*numbers.end())) {
            let (key, value) = entry?;
            let Some(stream) = keys::read_address(&key, keys::CONVERSATION) else { continue };
            let state = codec::unframe(&value)
                .map_err(|error| StoreError::Unreadable { stream, because: error.to_string() })?;
            each(stream.number, state)?;
        }
        Ok(())
    }

    /// The greatest number below this one under which a follower has written something; 0 for none.
    ///
    /// # Errors
    /// When the disk fails.
    pub fn last_conversation(&self, follower: KindId, below: u64) -> Result<u64, StoreError> {
        let key = |number| keys::conversation(Stream { kind: follower, number });
        let last = self.disk()?.db.range(key(0)..key(below)).next_back().transpose()?;
        let stream = last.and_then(|(key, _)| keys::read_address(&key, keys::CONVERSATION));
        Ok(stream.map_or(0, |stream| stream.number))
    }

    /// Whether it takes submissions now.
    #[must_use]
    pub fn is_open(&self) -> bool {
        matches!(lock(&self.shared.front).door, Door::Open)
    }
}
