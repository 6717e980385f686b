//! Replays of the journal: for ports and lookups, the requests that are not answered.

use super::fold::Fold;
use crate::{
    actors::{dispatch::Registry, subscription::origin_of, support::catch_panic},
    domain::kernel::{EventSet, Lookup, Meta, Port, WaitsFor},
    store::{KindId, KindSet, Record},
};
use std::{
    any::Any,
    collections::{BTreeMap, BTreeSet, HashMap},
};

/// A saga, port or lookup to which the whole journal is replayed.
pub trait Replay: Fold {
    /// Returns what the instance of this number waits for.
    fn waits_for(&self, number: u64) -> WaitsFor;
    /// Returns the numbers of the instances that are not over.
    fn open(&self) -> Vec<u64>;
    /// Returns the replay for a downcast to its own type.
    fn as_any(&self) -> &dyn Any;
}

/// The requests of a port or lookup that are not answered.
pub(super) struct PendingRequests {
    name: &'static str,
    me: KindId,
    kinds: fn(&Registry) -> KindSet,
    asks: fn(&Registry, &Record) -> Result<bool, String>,
    /// The positions of the records that caused them, by instance.
    waiting: HashMap<u64, BTreeSet<u64>>,
}

/// Returns the replay of a port.
pub(in crate::actors) fn asked_outside<P: Port>(me: KindId) -> Box<dyn Replay> {
    let asks = |registry: &Registry, record: &Record| {
        asks::<P::Events>(registry, record, |event, meta| P::ask(event, meta).is_some())
    };
    let kinds = Registry::kinds_of::<P::Events>;
    Box::new(PendingRequests { name: P::NAME, me, kinds, asks, waiting: HashMap::new() })
}

/// Returns the replay of a lookup.
pub(in crate::actors) fn asked_inside<L: Lookup>(me: KindId) -> Box<dyn Replay> {
    let asks = |registry: &Registry, record: &Record| {
        asks::<L::Events>(registry, record, |event, meta| L::query(event, meta).is_some())
    };
    let kinds = Registry::kinds_of::<L::Events>;
    Box::new(PendingRequests { name: L::NAME, me, kinds, asks, waiting: HashMap::new() })
}

fn asks<H: EventSet>(
    registry: &Registry,
    record: &Record,
    is_asked: fn(&H, &Meta) -> bool,
) -> Result<bool, String> {
    let Some(event) = registry.decode::<H>(record)? else { return Ok(false) };
    catch_panic(|| is_asked(&event, &record.meta()))
}

impl Fold for PendingRequests {
    fn name(&self) -> &'static str {
        self.name
    }

    fn kinds(&self, registry: &Registry) -> KindSet {
        (self.kinds)(registry)
    }

    fn issuer(&self) -> Option<KindId> {
        Some(self.me)
    }

    fn fold(&mut self, registry: &Registry, record: &Record) -> Result<(), String> {
        if let Some(origin) = origin_of(self.me, record)
            && let Some(waiting) = self.waiting.get_mut(&origin.conversation)
        {
            waiting.remove(&origin.position);
            if waiting.is_empty() {
                self.waiting.remove(&origin.conversation);
            }
        }
        if (self.asks)(registry, record)? {
            self.waiting.entry(record.correlation).or_default().insert(record.position);
        }
        Ok(())
    }
}

impl Replay for PendingRequests {
    fn waits_for(&self, number: u64) -> WaitsFor {
        if self.waiting.contains_key(&number) {
            WaitsFor::Part(self.name)
        } else {
            WaitsFor::Nothing
        }
    }

    fn open(&self) -> Vec<u64> {
        self.waiting.keys().copied().collect()
    }

    fn as_any(&self) -> &dyn Any {
        self
    }
}

/// Returns the open instances and what they wait for: one sentence for each saga, port and lookup.
pub(in crate::actors) fn open(replays: &[Box<dyn Replay>]) -> Vec<String> {
    let sentence = |replay: &dyn Replay| {
        let mut awaited: BTreeMap<&str, usize> = BTreeMap::new();
        for number in replay.open() {
            let whom = match replay.waits_for(number) {
                WaitsFor::Nothing => "nothing",
                WaitsFor::Person(whom) | WaitsFor::Part(whom) => whom,
            };
            *awaited.entry(whom).or_default() += 1;
        }
        let waits = |(whom, count): (&&str, &usize)| format!("{count} for {whom}");
        let waits = awaited.iter().map(waits).collect::<Vec<_>>().join(", ");
        (!waits.is_empty()).then(|| format!("{}: conversations wait, {waits}", replay.name()))
    };
    replays.iter().filter_map(|replay| sentence(&**replay)).collect()
}
