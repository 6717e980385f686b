//! Reading more of the journal than bringing a stream to life needs.

use super::{
    Journal, availability::AvailabilityObserver, commit_queue::Intake, submission::SubmitError,
};
use crate::store::{
    codec,
    disk::{Disk, Walk, keys, reading, walk},
    sync::lock,
    types::{KindId, Record, Snapshot, StoreError, Stream},
};
use std::{
    ops::RangeInclusive,
    sync::{Arc, atomic::Ordering},
    time::Duration,
};

/// A stream with a longer history is not read without its snapshot while that is in doubt.
const WITHOUT_SNAPSHOT_RECORDS_MAX: u32 = 10_000;

impl Journal {
    /// Shows the records of a stream after a version, in order, of what is durable. Reads from disk;
    /// one block is in memory at a time.
    ///
    /// # Errors
    /// When the disk fails or anything of the stream cannot be read: nothing is ever skipped. Or
    /// what `each` returns.
    pub fn each_record(
        &self,
        stream: Stream,
        after: u32,
        mut each: impl FnMut(Record) -> Result<(), StoreError>,
    ) -> Result<(), StoreError> {
        let (disk, settled) = self.looking()?;
        for record in Walk::after(&disk.db, stream, after)? {
            let record = record?;
            if settled.is_some_and(|durable| record.position > durable) {
                break;
            }
            self.records_read.fetch_add(1, Ordering::Relaxed);
            each(record)?;
        }
        Ok(())
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
        let mut records = walk::records_after(&disk.db, stream, after, records_max)?;
        if let Some(durable) = settled {
            records.retain(|record| record.position <= durable);
        }
        self.records_read.fetch_add(records.len() as u64, Ordering::Relaxed);
        Ok(records)
    }

    /// The latest snapshot of a stream, of what is durable, if one was ever handed in.
    ///
    /// # Errors
    /// When the disk fails, or the snapshot cannot be read. While it is in doubt whether a snapshot
    /// is durable, also when too much would have to be read instead of it.
    pub fn snapshot(&self, stream: Stream) -> Result<Option<Snapshot>, StoreError> {
        let (disk, settled) = self.looking()?;
        let snapshot = reading::snapshot(&disk.db, stream)?;
        let (Some(found), Some(durable)) = (&snapshot, settled) else { return Ok(snapshot) };
        let last = walk::records_after(&disk.db, stream, found.version.saturating_sub(1), 1)?;
        if last.first().is_some_and(|last| last.position <= durable) {
            return Ok(snapshot);
        }
        if found.version > WITHOUT_SNAPSHOT_RECORDS_MAX {
            let because = "how it stands shows when the journal has healed";
            return Err(StoreError::Failed(because.to_owned()));
        }
        Ok(None)
    }

    /// The version of the last durable record of a stream; 0 without any.
    ///
    /// # Errors
    /// When the disk fails, the record cannot be read, or it is in doubt which is the last.
    pub fn last_version(&self, stream: Stream) -> Result<u32, StoreError> {
        let last = walk::last(&self.disk()?.db, stream)?;
        Ok(last.map_or(0, |record| record.version))
    }

    /// How many records of single streams were read from disk since the opening.
    #[must_use]
    pub fn records_read(&self) -> u64 {
        self.records_read.load(Ordering::Relaxed)
    }

    /// Shows the states of a subscriber's conversations with these numbers, in order.
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

    /// The greatest number below this one under which a subscriber has written something; 0 for none.
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
    /// When it is closed or stopped for good.
    pub fn is_kept(&self) -> Result<(), SubmitError> {
        let door = &lock(&self.shared.front).door;
        let is_over = matches!(door, Intake::Stopped(_) | Intake::Closing | Intake::Closed);
        if is_over { door.pass() } else { Ok(()) }
    }

    /// For how long the commit that is under way has been, if there is one.
    #[must_use]
    pub fn committing(&self) -> Option<Duration> {
        self.shared.watch.elapsed()
    }

    /// Has this told whenever it stops taking submissions because of the disk, and takes them
    /// again.
    pub fn when_turned(&self, witness: AvailabilityObserver) {
        self.shared.turns.add(witness);
    }

    /// The store, for those who can take no harm from reading what is broken; and the watermark,
    /// above which they are not to read, when it may hold what was lost.
    pub(in crate::store) fn looking(&self) -> Result<(Arc<Disk>, Option<u64>), StoreError> {
        let settled = self.is_in_doubt().then(|| self.durable());
        match self.shared.kept_disk() {
            Some(disk) => Ok((disk, settled)),
            None => self.disk().map(|disk| (disk, settled)),
        }
    }
}
