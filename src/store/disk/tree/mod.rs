//! The tree of the journal: what sled holds, and the committed writes that it does not hold yet.
//!
//! ```text
//!            ┌──▶ memtable: recent writes ──(write-back)──▶ sled
//! reads ─────┤                                               ▲
//!            └───────────────────────────────────────────────┘
//! ```

mod entries;
mod memtable;
mod stored;

pub(in crate::store) use entries::Entries;
pub(in crate::store::disk) use memtable::Write;
pub(in crate::store) use stored::TreeError;
pub use stored::{ADVICE, is_guarded};

pub(in crate::store::disk) use memtable::Layer;
use memtable::{KeyRange, Memtable};
use sled::IVec;
use std::{
    ops::{Bound, RangeBounds},
    path::Path,
    sync::Arc,
};
use stored::StoredTree;

/// An ordered map of keys to values. Each read prefers a recent write to what sled holds.
pub struct Tree {
    stored: StoredTree,
    recent: Memtable,
}

impl Tree {
    /// Opens the tree that this configuration describes.
    pub(in crate::store) fn open(config: &sled::Config, folder: &Path) -> Result<Self, TreeError> {
        Ok(Self { stored: StoredTree::open(config, folder)?, recent: Memtable::default() })
    }

    /// Prevents that data in memory is written when the tree is dropped.
    pub(in crate::store) fn abandon(&self) {
        self.stored.abandon();
    }

    pub(in crate::store) fn is_abandoned(&self) -> bool {
        self.stored.is_abandoned()
    }

    pub(in crate::store) fn get(&self, key: impl AsRef<[u8]>) -> Result<Option<IVec>, TreeError> {
        // The memtable is read first: what is not there any more is in sled by now.
        match self.recent.get(key.as_ref()) {
            Some((_, written)) => Ok(written),
            None => self.stored.get(key),
        }
    }

    /// Returns the entry with the greatest key below this one.
    pub(in crate::store) fn get_lt(
        &self,
        key: impl AsRef<[u8]>,
    ) -> Result<Option<(IVec, IVec)>, TreeError> {
        let mut below = IVec::from(key.as_ref());
        loop {
            let recent = self.recent.before(&below);
            let stored = self.stored.get_lt(&below)?;
            match (recent, stored) {
                (Some((recent, _)), Some((key, value))) if key > recent => {
                    return Ok(Some((key, value)));
                }
                (Some((key, Some(value))), _) => return Ok(Some((key, value))),
                (Some((key, None)), _) => below = key,
                (None, stored) => return Ok(stored),
            }
        }
    }

    pub(in crate::store) fn contains_key(&self, key: impl AsRef<[u8]>) -> Result<bool, TreeError> {
        self.get(key).map(|found| found.is_some())
    }

    pub(in crate::store) fn is_empty(&self) -> Result<bool, TreeError> {
        self.entries((Bound::Unbounded, Bound::Unbounded)).next().transpose().map(|it| it.is_none())
    }

    pub(in crate::store) fn range<K: AsRef<[u8]>>(&self, range: impl RangeBounds<K>) -> Entries {
        let bound = |bound: Bound<&K>| bound.map(|key| IVec::from(key.as_ref()));
        self.entries((bound(range.start_bound()), bound(range.end_bound())))
    }

    pub(in crate::store) fn scan_prefix(&self, prefix: impl AsRef<[u8]>) -> Entries {
        let first = IVec::from(prefix.as_ref());
        let behind = behind_prefix(prefix.as_ref());
        self.entries((Bound::Included(first), behind.map_or(Bound::Unbounded, Bound::Excluded)))
    }

    fn entries(&self, range: KeyRange) -> Entries {
        // The memtable is read first: what is not there any more is in sled by now.
        let recent = self.recent.range(&range);
        Entries::new(self.stored.range(range), recent)
    }

    /// Adds writes that are durable in the write-ahead log.
    pub(in crate::store) fn add(&self, writes: impl IntoIterator<Item = Write>) {
        self.recent.add(writes);
    }

    /// Freezes the recent writes, and returns them.
    pub(in crate::store::disk) fn freeze(&self) -> Arc<Layer> {
        self.recent.freeze()
    }

    /// Forgets the frozen writes, which sled holds durably.
    pub(in crate::store::disk) fn forget_frozen(&self) {
        self.recent.forget_frozen();
    }

    /// Writes to sled, whole or not at all. It is durable after [`Self::flush`] and a sync of its
    /// files.
    pub(in crate::store::disk) fn apply(&self, writes: sled::Batch) -> Result<(), TreeError> {
        self.stored.apply_batch(writes)
    }

    /// Moves what sled has in memory into its files.
    pub(in crate::store::disk) fn flush(&self) -> Result<(), TreeError> {
        self.stored.flush()
    }
}

/// Returns the smallest key after all keys with this prefix; `None` when there is none.
fn behind_prefix(prefix: &[u8]) -> Option<IVec> {
    let last = prefix.iter().rposition(|byte| *byte < u8::MAX)?;
    let mut behind = prefix[..=last].to_vec();
    behind[last] += 1;
    Some(behind.into())
}

#[cfg(test)]
impl Tree {
    pub(in crate::store) fn insert(
        &self,
        key: impl AsRef<[u8]>,
        value: impl Into<IVec>,
    ) -> Result<(), TreeError> {
        self.put(IVec::from(key.as_ref()), Some(value.into()))
    }

    pub(in crate::store) fn remove(&self, key: impl AsRef<[u8]>) -> Result<(), TreeError> {
        self.put(IVec::from(key.as_ref()), None)
    }

    /// Writes to sled, and hides an older recent write.
    fn put(&self, key: IVec, value: Option<IVec>) -> Result<(), TreeError> {
        let mut batch = sled::Batch::default();
        match &value {
            Some(value) => batch.insert(&key, value),
            None => batch.remove(&key),
        }
        self.add([(key, value)]);
        self.apply(batch)
    }
}

#[cfg(test)]
mod tests;
