//! The cache of representations: what clients see of aggregates, so that a read needs no message to
//! an instance.
//!
//! ```text
//! read ──▶ lookup ──▶ hit: the reply
//!             ├─────▶ active, with a stamp ──▶ instance ──▶ durable ──▶ insert, if the stamp is valid
//!             └─────▶ passive, with a stamp ──▶ journal ──────────────▶ insert, if the stamp is valid
//! shard ────▶ activate ──▶ start the instance
//! instance ─▶ invalidate ──▶ submit
//! ```
//! An instance invalidates its entry before each submission. A stamp that was taken before that is
//! void, so an older state is never inserted afterwards. Only durable states are inserted. A client
//! that was told of its command therefore never reads an older state.
//!
//! While no instance of an aggregate is in memory, all its records are durable, so its state can be
//! read from the journal. An activation voids stamps as well. What was read under a valid stamp is
//! thus the last state, whatever happened during the read.

use crate::{
    actors::api::Reply,
    store::{Stream, Subject},
    sync,
};
use quick_cache::{Weighter, unsync::Cache};
use std::{
    collections::HashSet,
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

/// The answer of a lookup that found no representation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Miss {
    /// An instance may be in memory, and knows the state. The stamp is for
    /// [`Representations::insert`]; there is none without a cache.
    Active(Option<Stamp>),
    /// No instance is in memory. The state in the journal is the last one if the stamp is still
    /// valid after it was read.
    Passive(Stamp),
}

struct Part {
    entries: Cache<Stream, Arc<Shown>, Bytes>,
    /// The aggregates with an instance in memory. Those of a shard that was replaced stay, until
    /// its successor has activated and passivated them.
    active: HashSet<Stream>,
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
            Mutex::new(Part { entries, active: HashSet::new(), invalidated: [0; COUNTERS] })
        };
        Self { parts: (0..parts).map(part).collect() }
    }

    /// Finds the representation of an aggregate.
    ///
    /// # Errors
    /// When the cache has none: where its state can be read.
    pub fn lookup(&self, stream: Stream) -> Result<Arc<Shown>, Miss> {
        let (part, counter) = self.part_of(stream).ok_or(Miss::Active(None))?;
        let part = sync::lock(part);
        let stamp = Stamp(part.invalidated[counter]);
        part.entries.get(&stream).cloned().ok_or_else(|| {
            let is_active = part.active.contains(&stream);
            if is_active { Miss::Active(Some(stamp)) } else { Miss::Passive(stamp) }
        })
    }

    /// Inserts a representation that was made after the stamp was taken. When the aggregate may
    /// have changed meanwhile, it is dropped, and false is returned.
    pub fn insert(&self, stream: Stream, stamp: Stamp, shown: Arc<Shown>) -> bool {
        let Some((part, counter)) = self.part_of(stream) else { return false };
        let mut part = sync::lock(part);
        let is_valid = part.invalidated[counter] == stamp.0;
        if is_valid {
            part.entries.insert(stream, shown);
        }
        is_valid
    }

    /// Removes the representation of an aggregate that is about to change, and voids all stamps.
    pub fn invalidate(&self, stream: Stream) {
        let Some((part, counter)) = self.part_of(stream) else { return };
        let mut part = sync::lock(part);
        part.void(counter);
        part.entries.remove(&stream);
    }

    /// Notes that an instance of an aggregate starts, and voids all stamps.
    pub fn activate(&self, stream: Stream) {
        let Some((part, counter)) = self.part_of(stream) else { return };
        let mut part = sync::lock(part);
        part.void(counter);
        part.active.insert(stream);
    }

    /// Notes that the instance of an aggregate has ended. All its records must be durable.
    pub fn passivate(&self, stream: Stream) {
        let Some((part, _)) = self.part_of(stream) else { return };
        sync::lock(part).active.remove(&stream);
    }

    /// The part of an aggregate and its counter there.
    #[allow(clippy::cast_possible_truncation)] // the lower bits are enough to spread
    fn part_of(&self, Stream { kind, number }: Stream) -> Option<(&Mutex<Part>, usize)> {
        // Kinds are shifted against each other: numbers of one conversation are often the same.
        let mixed = number.wrapping_add(u64::from(kind.0).wrapping_mul(7)) as usize;
        Some((self.parts.get(mixed % PARTS)?, mixed / PARTS % COUNTERS))
    }
}

impl Part {
    /// Voids the stamps of a counter.
    const fn void(&mut self, counter: usize) {
        self.invalidated[counter] = self.invalidated[counter].wrapping_add(1);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{actors::api::Outcome, store::KindId};

    const TAXI: Stream = Stream { kind: KindId(3), number: 7 };

    fn shown(version: u32, bytes: usize) -> Arc<Shown> {
        let (outcome, position, body) = (Outcome::Done, 0, vec![b' '; bytes]);
        let available_commands = (&[] as &'static [&'static str]).into();
        let reply = Reply { outcome, number: 7, version, position, body, available_commands };
        Arc::new(Shown { reply, owner: None })
    }

    fn stamp(cache: &Representations, stream: Stream) -> Stamp {
        match cache.lookup(stream).err() {
            Some(Miss::Active(Some(stamp)) | Miss::Passive(stamp)) => stamp,
            _ => panic!("no miss with a stamp"),
        }
    }

    fn version(cache: &Representations) -> Option<u32> {
        cache.lookup(TAXI).ok().map(|shown| shown.reply.version)
    }

    #[test]
    fn what_was_inserted_is_found_until_the_aggregate_changes() {
        let cache = Representations::new(1 << 20);
        cache.insert(TAXI, stamp(&cache, TAXI), shown(1, 100));
        assert_eq!(version(&cache), Some(1));
        cache.invalidate(TAXI);
        assert_eq!(version(&cache), None);
    }

    #[test]
    fn a_state_from_before_a_change_is_not_inserted_after_it() {
        let cache = Representations::new(1 << 20);
        let before = stamp(&cache, TAXI);
        cache.invalidate(TAXI);
        let after = stamp(&cache, TAXI);
        cache.insert(TAXI, before, shown(1, 100));
        assert_eq!(version(&cache), None);
        cache.insert(TAXI, after, shown(2, 100));
        assert_eq!(version(&cache), Some(2));
    }

    #[test]
    fn what_was_read_from_the_journal_is_not_shown_when_an_instance_started_meanwhile() {
        let cache = Representations::new(1 << 20);
        let Some(Miss::Passive(read_under)) = cache.lookup(TAXI).err() else { panic!("active") };
        cache.activate(TAXI);
        assert!(matches!(cache.lookup(TAXI).err(), Some(Miss::Active(Some(_)))));
        cache.passivate(TAXI);
        assert!(!cache.insert(TAXI, read_under, shown(1, 100)), "it may have changed meanwhile");
        let Some(Miss::Passive(read_under)) = cache.lookup(TAXI).err() else { panic!("active") };
        assert!(cache.insert(TAXI, read_under, shown(2, 100)));
        assert_eq!(version(&cache), Some(2));
    }

    #[test]
    fn the_cache_holds_no_more_bytes_than_it_may_and_nothing_with_zero() {
        let cache = Representations::new(1 << 20);
        for number in 0..10_000 {
            let stream = Stream { number, ..TAXI };
            cache.insert(stream, stamp(&cache, stream), shown(1, 1_000));
        }
        let weight: u64 = cache.parts.iter().map(|part| sync::lock(part).entries.weight()).sum();
        assert!((1 << 19..=1 << 20).contains(&weight), "{weight} bytes");
        let off = Representations::new(0);
        assert_eq!(off.lookup(TAXI).err(), Some(Miss::Active(None)));
        off.invalidate(TAXI);
    }
}
