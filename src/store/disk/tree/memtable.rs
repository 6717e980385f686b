//! The committed writes that sled does not hold yet, in order of key. Reads prefer them.
//!
//! ```text
//! commit ──▶ young ──(freeze)──▶ frozen ──(written to sled, durable)──▶ forgotten
//! ```

use crate::sync;
use sled::IVec;
use std::{
    collections::BTreeMap,
    ops::Bound,
    sync::{Arc, RwLock},
};

/// A write: the new value, or `None` for a removal.
pub(in crate::store) type Write = (IVec, Option<IVec>);

/// Writes by key.
pub(in crate::store::disk) type Layer = BTreeMap<IVec, Option<IVec>>;

/// The bounds of a range of keys.
pub(super) type KeyRange = (Bound<IVec>, Bound<IVec>);

/// The writes that sled does not hold yet.
#[derive(Default)]
pub(super) struct Memtable {
    layers: RwLock<Layers>,
}

#[derive(Default)]
struct Layers {
    young: Layer,
    frozen: Option<Arc<Layer>>,
}

impl Layers {
    /// The layers, newest first.
    fn newest_first(&self) -> impl Iterator<Item = &Layer> {
        [Some(&self.young), self.frozen.as_deref()].into_iter().flatten()
    }
}

impl Memtable {
    /// Adds the writes of a commit.
    pub(super) fn add(&self, writes: impl IntoIterator<Item = Write>) {
        sync::write(&self.layers).young.extend(writes);
    }

    /// Returns the write of this key, if there is one.
    pub(super) fn get(&self, key: &[u8]) -> Option<Write> {
        let layers = sync::read(&self.layers);
        let write = layers.newest_first().find_map(|layer| layer.get_key_value(key));
        write.map(|(key, value)| (key.clone(), value.clone()))
    }

    /// Returns the write with the greatest key below this one.
    pub(super) fn before(&self, key: &[u8]) -> Option<Write> {
        let layers = sync::read(&self.layers);
        let below = (Bound::Unbounded, Bound::Excluded(key));
        let of_layers =
            layers.newest_first().map(|layer| layer.range::<[u8], _>(below).next_back());
        // Of two writes of one key the first one, which is newer, is returned.
        let last = of_layers
            .flatten()
            .reduce(|newer, older| if older.0 > newer.0 { older } else { newer });
        last.map(|(key, value)| (key.clone(), value.clone()))
    }

    /// Returns the writes in this range, in order of key.
    pub(super) fn range(&self, range: &KeyRange) -> Vec<Write> {
        let bounds = (range.0.as_ref().map(AsRef::as_ref), range.1.as_ref().map(AsRef::as_ref));
        if is_reversed(bounds) {
            return Vec::new();
        }
        let layers = sync::read(&self.layers);
        let of = |layer: &Layer| -> Vec<Write> {
            let writes = layer.range::<[u8], _>(bounds);
            writes.map(|(key, value)| (key.clone(), value.clone())).collect()
        };
        let young = of(&layers.young);
        match layers.frozen.as_deref().map(of) {
            Some(frozen) if young.is_empty() => frozen,
            Some(frozen) if !frozen.is_empty() => {
                let merged: Layer = frozen.into_iter().chain(young).collect();
                merged.into_iter().collect()
            }
            _ => young,
        }
    }

    /// Moves the young writes into the frozen layer, and returns that. The one before it must have
    /// been forgotten.
    pub(in crate::store::disk) fn freeze(&self) -> Arc<Layer> {
        let mut layers = sync::write(&self.layers);
        let frozen = Arc::new(std::mem::take(&mut layers.young));
        layers.frozen = Some(Arc::clone(&frozen));
        frozen
    }

    /// Forgets the frozen layer, which sled holds now.
    pub(in crate::store::disk) fn forget_frozen(&self) {
        sync::write(&self.layers).frozen = None;
    }
}

/// Whether the range ends before it begins. Ranges of a map must not.
fn is_reversed(bounds: (Bound<&[u8]>, Bound<&[u8]>)) -> bool {
    match bounds {
        (Bound::Excluded(first), Bound::Excluded(last)) => first >= last,
        (
            Bound::Included(first) | Bound::Excluded(first),
            Bound::Included(last) | Bound::Excluded(last),
        ) => first > last,
        _ => false,
    }
}
