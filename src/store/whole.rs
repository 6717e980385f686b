//! Reading more of the journal than bringing a stream to life needs.

use super::{
    KindId, Record, Stream, codec,
    disk::Disk,
    front::Door,
    journal::{Journal, StoreError, SubmitError, Witness},
    keys, reading,
    sync::lock,
};
use std::{
    ops::RangeInclusive,
    sync::{Arc, atomic::Ordering},
    time::Duration,
};

impl Journal {
    /// The whole history of a stream, as if there were no snapshot. Reads from disk.
    ///
    /// # Errors
    /// When the disk fails, or anything of the stream cannot be read.
    pub fn records(&self, stream: Stream) -> Result<Vec<Record>, StoreError> {
        self.some_records(stream, 0, u32::MAX)
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
        let (disk, settled) = self.looking()?;
        let mut records = reading::records_after(&disk.db, stream, after, records_max)?;
        if let Some(durable) = settled {
            records.retain(|record| record.position <= durable);
        }
        Ok(records)
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

    /// Whether it takes submissions now, but for those that are stale or too many. Costs next to
    /// nothing as long as it does.
    ///
    /// # Errors
    /// Why not.
    pub fn takes(&self) -> Result<(), SubmitError> {
        if self.shared.is_open() {
            return Ok(());
        }
        lock(&self.shared.front).door.pass()
    }

    /// Whether what was lost may be on disk after all, which shows when it has healed.
    #[must_use]
    pub fn is_in_doubt(&self) -> bool {
        self.shared.is_in_doubt.load(Ordering::Acquire)
    }

    /// Whether it is to be open again, if it is not now.
    ///
    /// # Errors
    /// When it is closed for good.
    pub fn is_kept(&self) -> Result<(), SubmitError> {
        let door = &lock(&self.shared.front).door;
        if matches!(door, Door::Closing | Door::Closed) { door.pass() } else { Ok(()) }
    }

    /// For how long the commit that is under way has been, if there is one.
    #[must_use]
    pub fn committing(&self) -> Option<Duration> {
        self.shared.watch.elapsed()
    }

    /// Has this told whenever it stops taking submissions because of the disk, and takes them
    /// again.
    pub fn when_turned(&self, witness: Witness) {
        self.shared.turns.add(witness);
    }

    /// The store, for those who can take no harm from reading what is broken; and the watermark,
    /// above which they are not to read, when it may hold what was lost.
    pub(super) fn looking(&self) -> Result<(Arc<Disk>, Option<u64>), StoreError> {
        let settled = self.is_in_doubt().then(|| self.durable());
        match self.shared.kept_disk() {
            Some(disk) => Ok((disk, settled)),
            None => self.disk().map(|disk| (disk, settled)),
        }
    }
}
