//! The cache of representations: what clients see of aggregates, so that a read needs no message to
//! an instance.
//!
//! ```text
//! read ──▶ lookup ──▶ hit: the reply
//!             └─────▶ miss, with a stamp ──▶ instance ──▶ durable ──▶ insert, if the stamp is valid
//! instance ──▶ invalidate ──▶ submit
//! ```
//! An instance invalidates its entry before each submission. A stamp that was taken before that is
//! void, so an older state is never inserted afterwards. Only durable states are inserted. A client
//! that was told of its command therefore never reads an older state.

use crate::{
    actors::api::Reply,
    store::{Stream, Subject},
    sync,
};
use quick_cache::{Weighter, unsync::Cache};
use std::{
    mem::size_of,
    sync::{Arc, Mutex},
};

/// The number of parts, each with a lock of its own.
const PARTS: usize = 32;

/// The number of invalidation counters of a part. Aggregates that share one void each other's
/// stamps.
const COUNTERS: usize = 256;

/// The expected size of an entry in bytes, from which the size of tables is estimated.
const ENTRY_BYTES: usize = 512;

/// What the tables of the cache need for an entry, in bytes.
const TABLE_BYTES: usize = 64;

/// The cache of representations, of all aggregate kinds.
pub struct Representations {
    parts: Vec<Mutex<Part>>,
}

/// The representation of an aggregate as of its last record, which is durable.
pub struct Shown {
    /// The reply to a read. Its position is not kept.
    pub reply: Reply,
    /// The customer to whom the aggregate belongs.
    pub owner: Option<Subject>,
}

/// The state of the cache at a miss.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Stamp(u32);

struct Part {
    entries: Cache<Stream, Arc<Shown>, Bytes>,
    /// How often entries were invalidated, by number.
    invalidated: [u32; COUNTERS],
}

#[derive(Clone)]
struct Bytes;

impl Weighter<Stream, Arc<Shown>> for Bytes {
    fn weight(&self, _: &Stream, shown: &Arc<Shown>) -> u64 {
        let owner = shown.owner.as_ref().map_or(0, |owner| owner.len());
        (size_of::<Shown>() + TABLE_BYTES + shown.reply.body.len() + owner) as u64
    }
}

impl Representations {
    /// A cache of at most this many bytes, approximately; with 0, every lookup is a miss.
    pub fn new(bytes_max: usize) -> Self {
        let parts = if bytes_max == 0 { 0 } else { PARTS };
        let part = |_| {
            let bytes_max = (bytes_max / PARTS).max(1);
            let entries = Cache::with_weighter(bytes_max / ENTRY_BYTES, bytes_max as u64, Bytes);
            Mutex::new(Part { entries, invalidated: [0; COUNTERS] })
        };
        Self { parts: (0..parts).map(part).collect() }
    }

    /// Finds the representation of an aggregate.
    ///
    /// # Errors
    /// When the cache has none: the stamp for [`Self::insert`]. `None` without a cache.
    pub fn lookup(&self, stream: Stream) -> Result<Arc<Shown>, Option<Stamp>> {
        let (part, counter) = self.part_of(stream).ok_or(None)?;
        let part = sync::lock(part);
        let stamp = Stamp(part.invalidated[counter]);
        part.entries.get(&stream).cloned().ok_or(Some(stamp))
    }

    /// Inserts a representation that was made after the stamp was taken. It is dropped when the
    /// aggregate may have changed meanwhile.
    pub fn insert(&self, stream: Stream, stamp: Stamp, shown: Shown) {
        let Some((part, counter)) = self.part_of(stream) else { return };
        let mut part = sync::lock(part);
        if part.invalidated[counter] == stamp.0 {
            part.entries.insert(stream, Arc::new(shown));
        }
    }

    /// Removes the representation of an aggregate that is about to change, and voids all stamps.
    pub fn invalidate(&self, stream: Stream) {
        let Some((part, counter)) = self.part_of(stream) else { return };
        let mut part = sync::lock(part);
        part.invalidated[counter] = part.invalidated[counter].wrapping_add(1);
        part.entries.remove(&stream);
    }

    /// The part of an aggregate and its counter there.
    #[allow(clippy::cast_possible_truncation)] // the lower bits are enough to spread
    fn part_of(&self, Stream { kind, number }: Stream) -> Option<(&Mutex<Part>, usize)> {
        // Kinds are shifted against each other: numbers of one conversation are often the same.
        let mixed = number.wrapping_add(u64::from(kind.0).wrapping_mul(7)) as usize;
        Some((self.parts.get(mixed % PARTS)?, mixed / PARTS % COUNTERS))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{actors::api::Outcome, store::KindId};

    const TAXI: Stream = Stream { kind: KindId(3), number: 7 };

    fn shown(version: u32, bytes: usize) -> Shown {
        let (outcome, position, body) = (Outcome::Done, 0, vec![b' '; bytes]);
        let available_commands = (&[] as &'static [&'static str]).into();
        let reply = Reply { outcome, number: 7, version, position, body, available_commands };
        Shown { reply, owner: None }
    }

    fn stamp(cache: &Representations) -> Stamp {
        cache.lookup(TAXI).err().flatten().expect("a miss")
    }

    fn version(cache: &Representations) -> Option<u32> {
        cache.lookup(TAXI).ok().map(|shown| shown.reply.version)
    }

    #[test]
    fn what_was_inserted_is_found_until_the_aggregate_changes() {
        let cache = Representations::new(1 << 20);
        cache.insert(TAXI, stamp(&cache), shown(1, 100));
        assert_eq!(version(&cache), Some(1));
        cache.invalidate(TAXI);
        assert_eq!(version(&cache), None);
    }

    #[test]
    fn a_state_from_before_a_change_is_not_inserted_after_it() {
        let cache = Representations::new(1 << 20);
        let before = stamp(&cache);
        cache.invalidate(TAXI);
        let after = stamp(&cache);
        cache.insert(TAXI, before, shown(1, 100));
        assert_eq!(version(&cache), None);
        cache.insert(TAXI, after, shown(2, 100));
        assert_eq!(version(&cache), Some(2));
    }

    #[test]
    fn the_cache_holds_no_more_bytes_than_it_may_and_nothing_with_zero() {
        let cache = Representations::new(1 << 20);
        for number in 0..10_000 {
            let stream = Stream { number, ..TAXI };
            let stamp = cache.lookup(stream).err().flatten().expect("a miss");
            cache.insert(stream, stamp, shown(1, 1_000));
        }
        let weight: u64 = cache.parts.iter().map(|part| sync::lock(part).entries.weight()).sum();
        assert!((1 << 19..=1 << 20).contains(&weight), "{weight} bytes");
        let off = Representations::new(0);
        assert!(off.lookup(TAXI).is_err_and(|stamp| stamp.is_none()));
        off.invalidate(TAXI);
    }
}
