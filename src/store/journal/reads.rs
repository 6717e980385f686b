//! Reads of streams, snapshots and the states of subscribers, and the state of the journal itself.

use super::{
    Journal, availability::AvailabilityObserver, commit_queue::Intake, submission::SubmitError,
};
use crate::store::{
    codec,
    disk::{Disk, Walk, keys, reading, walk},
    types::{KindId, Record, Snapshot, StoreError, Stream},
};
use crate::sync;
use std::{
    ops::RangeInclusive,
    sync::{Arc, atomic::Ordering},
    time::Duration,
};

/// Longest history, in records, that is read without a snapshot while it is in doubt whether the
/// snapshot is durable.
const WITHOUT_SNAPSHOT_RECORDS_MAX: u32 = 10_000;

impl Journal {
    /// Passes the durable records of a stream after a version to `each`, in order. Reads from disk;
    /// one block is in memory at a time.
    ///
    /// # Errors
    /// When the disk fails or any part of the stream cannot be read: no record is skipped. Also any
    /// error that `each` returns.
    pub fn each_record(
        &self,
        stream: Stream,
        after: u32,
        mut each: impl FnMut(Record) -> Result<(), StoreError>,
    ) -> Result<(), StoreError> {
        let (disk, settled) = self.readable_disk()?;
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

    /// Returns up to `records_max` records of a stream after a version. Reads from disk.
    ///
    /// # Errors
    /// When the disk fails, or a record cannot be read.
    pub fn some_records(
        &self,
        stream: Stream,
        after: u32,
        records_max: u32,
    ) -> Result<Vec<Record>, StoreError> {
        let (disk, settled) = self.readable_disk()?;
        let mut records = walk::records_after(&disk.db, stream, after, records_max)?;
        if let Some(durable) = settled {
            records.retain(|record| record.position <= durable);
        }
        self.records_read.fetch_add(records.len() as u64, Ordering::Relaxed);
        Ok(records)
    }

    /// Returns the latest durable snapshot of a stream, if there is one.
    ///
    /// # Errors
    /// When the disk fails or the snapshot cannot be read. Also when it is in doubt whether the
    /// snapshot is durable, and too many records would have to be read instead.
    pub fn snapshot(&self, stream: Stream) -> Result<Option<Snapshot>, StoreError> {
        let (disk, settled) = self.readable_disk()?;
        let snapshot = reading::snapshot(&disk.db, stream)?;
        let (Some(found), Some(durable)) = (&snapshot, settled) else { return Ok(snapshot) };
        let last = walk::records_after(&disk.db, stream, found.version.saturating_sub(1), 1)?;
        if last.first().is_some_and(|last| last.position <= durable) {
            return Ok(snapshot);
        }
        if found.version > WITHOUT_SNAPSHOT_RECORDS_MAX {
            let reason = "only the recovery of the journal shows the state of the stream";
            return Err(StoreError::Failed(reason.to_owned()));
        }
        Ok(None)
    }

    /// Returns the version of the last durable record of a stream; 0 without any.
    ///
    /// # Errors
    /// When the disk fails, the record cannot be read, or it is in doubt which record is the last.
    pub fn last_version(&self, stream: Stream) -> Result<u32, StoreError> {
        let last = walk::last(&self.disk()?.db, stream)?;
        Ok(last.map_or(0, |record| record.version))
    }

    /// Number of records of single streams read from disk since the opening.
    #[must_use]
    pub fn records_read(&self) -> u64 {
        self.records_read.load(Ordering::Relaxed)
    }

    /// Passes the states of a subscriber's conversations with these numbers to `each`, in order.
    ///
    /// # Errors
    /// When the disk fails, a state cannot be read, or `each` returns an error.
    pub fn conversations(
        &self,
        subscriber: KindId,
        numbers: RangeInclusive<u64>,
        mut each: impl FnMut(u64, Vec<u8>) -> Result<(), StoreError>,
    ) -> Result<(), StoreError> {
        let key = |number| keys::conversation(Stream { kind: subscriber, number });
        let disk = self.disk()?;
        for entry in disk.db.range(key(*numbers.start())..=key(*numbers.end())) {
            let (key, value) = entry?;
            let Some(stream) = keys::read_address(&key, keys::CONVERSATION) else { continue };
            let state = codec::unframe(&value)
                .map_err(|error| StoreError::Unreadable { stream, reason: error.to_string() })?;
            each(stream.number, state)?;
        }
        Ok(())
    }

    /// Returns the greatest conversation number below `below` that is stored for a subscriber; 0
    /// for none.
    ///
    /// # Errors
    /// When the disk fails.
    pub fn last_conversation(&self, subscriber: KindId, below: u64) -> Result<u64, StoreError> {
        let key = |number| keys::conversation(Stream { kind: subscriber, number });
        let last = self.disk()?.db.range(key(0)..key(below)).next_back().transpose()?;
        let stream = last.and_then(|(key, _)| keys::read_address(&key, keys::CONVERSATION));
        Ok(stream.map_or(0, |stream| stream.number))
    }

    /// Checks whether the journal accepts submissions now. A submission may still be stale or find
    /// the queue full. While the journal is open this costs one atomic read.
    ///
    /// # Errors
    /// The reason why the journal accepts none.
    pub fn check_accepting(&self) -> Result<(), SubmitError> {
        if self.shared.is_open() {
            return Ok(());
        }
        sync::lock(&self.shared.front).door.pass()
    }

    /// Whether discarded records may be on disk after all. The reopening of the journal decides
    /// that.
    #[must_use]
    pub fn is_in_doubt(&self) -> bool {
        self.shared.is_in_doubt.load(Ordering::Acquire)
    }

    /// Checks whether the journal is open or will be open again.
    ///
    /// # Errors
    /// When the journal is closed, closing or stopped for good.
    pub fn is_kept(&self) -> Result<(), SubmitError> {
        let door = &sync::lock(&self.shared.front).door;
        let is_over = matches!(door, Intake::Stopped(_) | Intake::Closing | Intake::Closed);
        if is_over { door.pass() } else { Ok(()) }
    }

    /// Returns how long the current commit has been running; `None` without one.
    #[must_use]
    pub fn committing(&self) -> Option<Duration> {
        self.shared.watch.elapsed()
    }

    /// Registers an observer that is notified when the journal stops accepting submissions because
    /// of the disk, and when it accepts them again.
    pub fn on_availability(&self, observer: AvailabilityObserver) {
        self.shared.availability.add(observer);
    }

    /// Returns the store for reads that tolerate broken files. When it may hold discarded records,
    /// also returns the watermark, which such reads must not pass.
    pub(in crate::store) fn readable_disk(&self) -> Result<(Arc<Disk>, Option<u64>), StoreError> {
        let settled = self.is_in_doubt().then(|| self.durable());
        match self.shared.kept_disk() {
            Some(disk) => Ok((disk, settled)),
            None => self.disk().map(|disk| (disk, settled)),
        }
    }
}
