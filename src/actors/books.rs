//! The books of a stopped server: what its journal says of every aggregate and conversation.

use super::{
    audit::{Progressing, each_number},
    crash::caught,
    room::rebuild,
    rooms::Rooms,
    saga::Replayed,
};
use crate::{
    domain::kernel::{Aggregate, Awaits, Books, Business, Hears, Lookup, Meta, Port, Saga},
    store::{Cause, KindId, Record, Stream, journal::Journal},
};
use std::{
    any::Any,
    cell::RefCell,
    collections::{BTreeMap, BTreeSet, HashMap},
};

/// The invariants of a business, with its name.
pub(super) type Invariants = (&'static str, fn(&StoredBooks<'_>) -> Result<(), String>);

/// The invariants of a business.
pub(super) fn invariants<B: Business>() -> Invariants {
    (B::NAME, |books| B::adds_up(books))
}

/// A saga, a port or a lookup that is told the whole journal again.
pub(super) trait Replay {
    fn name(&self) -> &'static str;
    /// Takes one record into account.
    fn hear(&mut self, rooms: &Rooms, record: &Record) -> Result<(), String>;
    /// Whom the conversation of this number waits for.
    fn awaits(&self, number: u64) -> Awaits;
    /// The numbers of the conversations that are not over.
    fn open(&self) -> Vec<u64>;
    /// The saga's own type, when it is one.
    fn as_any(&self) -> &dyn Any;
}

/// Questions of a port or a lookup that are not answered yet.
struct Asked {
    name: &'static str,
    me: KindId,
    asks: fn(&Rooms, &Record) -> Result<bool, String>,
    /// The positions of the records that led to them, by conversation.
    waiting: HashMap<u64, BTreeSet<u64>>,
}

/// What has been asked of an outside service.
pub(super) fn asked_outside<P: Port>(me: KindId) -> Box<dyn Replay> {
    let asks = |rooms: &Rooms, record: &Record| {
        asks::<P::Hears>(rooms, record, |heard, meta| P::ask(heard, meta).is_some())
    };
    Box::new(Asked { name: P::NAME, me, asks, waiting: HashMap::new() })
}

/// What has been asked of a view.
pub(super) fn asked_inside<L: Lookup>(me: KindId) -> Box<dyn Replay> {
    let asks = |rooms: &Rooms, record: &Record| {
        asks::<L::Hears>(rooms, record, |heard, meta| L::question(heard, meta).is_some())
    };
    Box::new(Asked { name: L::NAME, me, asks, waiting: HashMap::new() })
}

fn asks<H: Hears>(
    rooms: &Rooms,
    record: &Record,
    is_asked: fn(&H, &Meta) -> bool,
) -> Result<bool, String> {
    let Some(heard) = rooms.hear::<H>(record)? else { return Ok(false) };
    caught(|| is_asked(&heard, &record.meta()))
}

impl Replay for Asked {
    fn name(&self) -> &'static str {
        self.name
    }

    fn hear(&mut self, rooms: &Rooms, record: &Record) -> Result<(), String> {
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
pub(super) fn open(replays: &[Box<dyn Replay>]) -> Vec<String> {
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

/// The journal as the books in which invariants are checked. Aggregates are read one by one, so
/// that many of them need no memory.
pub(super) struct StoredBooks<'a> {
    pub(super) journal: &'a Journal,
    pub(super) rooms: &'a Rooms,
    pub(super) replays: &'a [Box<dyn Replay>],
    pub(super) progressing: RefCell<Progressing<'a>>,
    /// Why the books cannot be read to the end, if so.
    pub(super) unreadable: RefCell<Option<String>>,
}

impl StoredBooks<'_> {
    fn read<A: Aggregate>(&self, number: u64) -> Result<A, String> {
        let Some(kind) = self.rooms.kind(A::NAME) else { return Ok(A::default()) };
        let rebuilt = rebuild::<A>(self.journal, Stream { kind, number });
        rebuilt.map(|rebuilt| rebuilt.state).map_err(|error| error.to_string())
    }
}

impl Books for StoredBooks<'_> {
    fn each<A: Aggregate>(
        &self,
        mut check: impl FnMut(u64, &A) -> Result<(), String>,
    ) -> Result<(), String> {
        let Some(kind) = self.rooms.kind(A::NAME) else { return Ok(()) };
        let what = format!("books of {}", A::NAME);
        let mut tell = |done, total| (self.progressing.borrow_mut())(&what, done, total);
        let unreadable = |because: String| {
            let because = format!("{}: {because}", A::NAME);
            *self.unreadable.borrow_mut() = Some(because.clone());
            because
        };
        let mut failed = None;
        let read = each_number(self.journal, kind, &mut tell, &mut |number| {
            let aggregate = caught(|| self.read::<A>(number)).and_then(|read| read)?;
            let checked = caught(|| check(number, &aggregate)).and_then(|checked| checked);
            checked.map_err(|because| failed.insert(because).clone())
        });
        match (read, failed) {
            (Ok(()), _) => Ok(()),
            (Err(_), Some(because)) => Err(because),
            (Err(because), None) => Err(unreadable(because)),
        }
    }

    /// What cannot be read is a flaw already, and counts as nothing here.
    fn get<A: Aggregate>(&self, number: u64) -> A {
        self.read(number).unwrap_or_default()
    }

    fn awaits<S: Saga>(&self, number: u64) -> Awaits {
        let replayed = self.replays.iter().find(|replay| replay.as_any().is::<Replayed<S>>());
        let business = S::NAME.split('/').next();
        let others = self.replays.iter().filter(|replay| {
            replay.as_any().is::<Asked>() && replay.name().split('/').next() == business
        });
        // An answer on its way may move what the saga does not know of yet.
        let asked =
            others.map(|other| other.awaits(number)).find(|awaits| *awaits != Awaits::Nobody);
        asked.unwrap_or_else(|| replayed.map_or(Awaits::Nobody, |saga| saga.awaits(number)))
    }
}
