//! Replays the journal for ports and lookups: what they are asked and have not answered.

use crate::{
    actors::{dispatch::Registry, support::catch_panic},
    domain::kernel::{Awaits, Hears, Lookup, Meta, Port},
    store::{Cause, KindId, Record},
};
use std::{
    any::Any,
    collections::{BTreeMap, BTreeSet, HashMap},
};

/// A saga, a port or a lookup that is told the whole journal again.
pub trait Replay {
    fn name(&self) -> &'static str;
    /// Takes one record into account.
    fn hear(&mut self, rooms: &Registry, record: &Record) -> Result<(), String>;
    /// Whom the conversation of this number waits for.
    fn awaits(&self, number: u64) -> Awaits;
    /// The numbers of the conversations that are not over.
    fn open(&self) -> Vec<u64>;
    /// The saga's own type, when it is one.
    fn as_any(&self) -> &dyn Any;
}

/// Questions of a port or a lookup that are not answered yet.
pub(super) struct PendingRequests {
    name: &'static str,
    me: KindId,
    asks: fn(&Registry, &Record) -> Result<bool, String>,
    /// The positions of the records that led to them, by conversation.
    waiting: HashMap<u64, BTreeSet<u64>>,
}

/// What has been asked of an outside service.
pub(in crate::actors) fn asked_outside<P: Port>(me: KindId) -> Box<dyn Replay> {
    let asks = |rooms: &Registry, record: &Record| {
        asks::<P::Hears>(rooms, record, |heard, meta| P::ask(heard, meta).is_some())
    };
    Box::new(PendingRequests { name: P::NAME, me, asks, waiting: HashMap::new() })
}

/// What has been asked of a view.
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

/// What is open, and whom it waits for: one sentence for each saga, port and lookup.
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
