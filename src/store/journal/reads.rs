//! Reads from the disk that tolerate a journal whose last commit is in doubt.

use super::{
    contract::Journal as _, feed::Selection, sled_journal::SledJournal, submission::ReadLevel,
};
use crate::store::{
    disk::{Disk, keys, reading, walk},
    types::{KeptAnswer, KindId, KindSet, Snapshot, StoreError, StoredAnswer, Stream},
};
use crate::sync;
use std::sync::Arc;

/// Longest history, in records, that is read without a snapshot while it is in doubt whether the
/// snapshot is durable.
const WITHOUT_SNAPSHOT_RECORDS_MAX: u32 = 10_000;

impl SledJournal {
    /// Reads the records after a position, or those of them that concern some kinds: from memory,
    /// or from the disk when the first of them is no longer in memory.
    pub(super) fn select(
        &self,
        kinds: Option<&KindSet>,
        after: u64,
        records_max: usize,
        level: ReadLevel,
    ) -> Result<Selection, StoreError> {
        let durable = {
            let front = sync::lock(&self.shared.front);
            let limit = match level {
                ReadLevel::Submitted => front.head,
                ReadLevel::Durable => front.durable,
            };
            if after >= limit {
                return Ok(Selection::of(kinds, after, Vec::new()));
            }
            if let Some(selection) = front.ring.read(kinds, (after, limit), records_max) {
                return Ok(selection);
            }
            front.durable
        };
        let records = reading::global(&self.disk()?.db, after, durable, records_max)?;
        Ok(Selection::of(kinds, after, records))
    }

    pub(super) fn kept_answer(&self, key: u128) -> Result<Option<StoredAnswer>, StoreError> {
        let (disk, settled) = self.readable_disk()?;
        let what = "the answer to an idempotency key";
        let kept: Option<KeptAnswer> = reading::value(&disk.db, &keys::kept_answer(key), what)?;
        match kept {
            Some(kept) if settled.is_some_and(|durable| kept.position > durable) => {
                let reason = "only the recovery of the journal shows whether it was stored";
                Err(StoreError::Failed(reason.to_owned()))
            }
            Some(kept) => Ok(Some(kept.answer)),
            // An older binary stored it, so it was durable before this process opened the store.
            None => reading::value(&disk.db, &keys::answer(key), what),
        }
    }

    pub(super) fn some_numbers(
        &self,
        kind: KindId,
        skip: u64,
        take: usize,
        descending: bool,
    ) -> Result<Vec<u64>, StoreError> {
        let total = sync::lock(&self.shared.front).durable_totals.of(kind);
        if total.streams != total.last_number {
            return reading::numbers(&self.readable_disk()?.0.db, kind, skip, take, descending);
        }
        let left = total.streams.saturating_sub(skip).min(take as u64);
        if left == 0 {
            return Ok(Vec::new());
        }
        if descending {
            let last = total.streams.saturating_sub(skip);
            return Ok((last - left + 1..=last).rev().collect());
        }
        Ok((skip + 1..=skip + left).collect())
    }

    pub(super) fn owned_numbers(&self, kind: KindId, owner: &str) -> Result<Vec<u64>, StoreError> {
        // Before the disk: what leaves the memory in between is on disk already. Both have durable
        // streams only.
        let mut numbers = self.shared.owner_lists.of(kind, owner)?;
        reading::owned(&self.readable_disk()?.0.db, kind, owner, &mut numbers)?;
        numbers.sort_unstable();
        numbers.dedup();
        Ok(numbers)
    }

    pub(super) fn settled_snapshot(&self, stream: Stream) -> Result<Option<Snapshot>, StoreError> {
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
