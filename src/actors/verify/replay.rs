//! Replays of the journal: for ports and lookups, the requests that are not answered.

use crate::{
    actors::{dispatch::Registry, support::catch_panic},
    domain::kernel::{Awaits, Hears, Lookup, Meta, Port},
    store::{Cause, KindId, Record},
};
use std::{
    any::Any,
    collections::{BTreeMap, BTreeSet, HashMap},
};

/// A saga, port or lookup to which the whole journal is replayed.
pub trait Replay {
    fn name(&self) -> &'static str;
    /// Processes one record.
    fn hear(&mut self, rooms: &Registry, record: &Record) -> Result<(), String>;
    /// Returns what the instance of this number waits for.
    fn awaits(&self, number: u64) -> Awaits;
    /// Returns the numbers of the instances that are not over.
    fn open(&self) -> Vec<u64>;
    /// Returns the replay for a downcast to its own type.
    fn as_any(&self) -> &dyn Any;
}

/// The requests of a port or lookup that are not answered.
pub(super) struct PendingRequests {
    name: &'static str,
    me: KindId,
    asks: fn(&Registry, &Record) -> Result<bool, String>,
    /// The positions of the records that caused them, by instance.
    waiting: HashMap<u64, BTreeSet<u64>>,
}

/// Returns the replay of a port.
pub(in crate::actors) fn asked_outside<P: Port>(me: KindId) -> Box<dyn Replay> {
    let asks = |rooms: &Registry, record: &Record| {
        asks::<P::Hears>(rooms, record, |heard, meta| P::ask(heard, meta).is_some())
    };
    Box::new(PendingRequests { name: P::NAME, me, asks, waiting: HashMap::new() })
}

/// Returns the replay of a lookup.
pub(in crate::actors) fn asked_inside<L: Lookup>(me: KindId) -> Box<dyn Replay> {
    let asks = |rooms: &Registry, record: &Record| {
        asks::<L::Hears>(rooms, record, |heard, meta| L::question(heard, meta).is_some())
    };
    Box::new(PendingRequests { name: L::NAME, me, asks, waiting: HashMap::new() })
}

fn asks<H: Hears>(
    rooms: &Registry,
    record: &Record,
    is_asked: fn(&H, &Meta) -> bool,
) -> Result<bool, String> {
    let Some(heard) = rooms.hear::<H>(record)? else { return Ok(false) };
    catch_panic(|| is_asked(&heard, &record.meta()))
}

impl Replay for PendingRequests {
    fn name(&self) -> &'static str {
        self.name
    }

    fn hear(&mut self, rooms: &Registry, record: &Record) -> Result<(), String> {
        if let Cause::Dispatch(origin) = record.cause
            && origin.by == self.me
            && let Some(waiting) = self.waiting.get_mut(&origin.conversation)
        {
            waiting.remove(&origin.position);
            if waiting.is_empty() {
                self.waiting.remove(&origin.conversation);
            }
        }
        if (self.asks)(rooms, record)? {
            self.waiting.entry(record.correlation).or_default().insert(record.position);
        }
        Ok(())
    }

    fn awaits(&self, number: u64) -> Awaits {
        if self.waiting.contains_key(&number) { Awaits::Part(self.name) } else { Awaits::Nobody }
    }

    fn open(&self) -> Vec<u64> {
        self.waiting.keys().copied().collect()
    }

    fn as_any(&self) -> &dyn Any {
        self
    }
}

/// Returns what is open and what it waits for: one sentence for each saga, port and lookup.
pub(in crate::actors) fn open(replays: &[Box<dyn Replay>]) -> Vec<String> {
    let sentence = |replay: &dyn Replay| {
        let mut awaited: BTreeMap<&str, usize> = BTreeMap::new();
        for number in replay.open() {
            let whom = match replay.awaits(number) {
                Awaits::Nobody => "nobody",
                Awaits::Person(whom) | Awaits::Part(whom) => whom,
            };
            *awaited.entry(whom).or_default() += 1;
        }
        let waits = |(whom, count): (&&str, &usize)| format!("{count} for {whom}");
        let waits = awaited.iter().map(waits).collect::<Vec<_>>().join(", ");
        (!waits.is_empty()).then(|| format!("{}: conversations wait, {waits}", replay.name()))
    };
    replays.iter().filter_map(|replay| sentence(&**replay)).collect()
}
