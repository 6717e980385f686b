//! The stored state of a stopped server: every aggregate and saga instance as its journal gives it.

use super::{
    findings::{Progressing, each_number},
    replay::{PendingRequests, Replay},
    saga_replay::SagaReplay,
};
use crate::{
    actors::{aggregate::rebuild, dispatch::Registry, support::catch_panic},
    domain::kernel::{Aggregate, Awaits, Books, Business, Saga},
    store::{Stream, journal::Journal},
};
use std::cell::RefCell;

/// The name of a business and the function that checks its invariants.
pub type Invariants = (&'static str, fn(&StoredState<'_>) -> Result<(), String>);

/// Returns the invariants of a business.
pub(in crate::actors) fn invariants<B: Business>() -> Invariants {
    (B::NAME, |books| B::adds_up(books))
}

/// The stored state in which invariants are checked. Aggregates are rebuilt one by one, so that the
/// memory does not grow with their number.
pub(in crate::actors) struct StoredState<'a> {
    pub(in crate::actors) journal: &'a Journal,
    pub(in crate::actors) rooms: &'a Registry,
    pub(in crate::actors) replays: &'a [Box<dyn Replay>],
    pub(in crate::actors) progressing: RefCell<Progressing<'a>>,
    /// The reason why the state cannot be read to the end, if so.
    pub(in crate::actors) unreadable: RefCell<Option<String>>,
}

impl StoredState<'_> {
    fn read<A: Aggregate>(&self, number: u64) -> Result<A, String> {
        let Some(kind) = self.rooms.kind(A::NAME) else { return Ok(A::default()) };
        let rebuilt = rebuild::<A>(self.journal, Stream { kind, number });
        rebuilt.map(|rebuilt| rebuilt.state).map_err(|error| error.to_string())
    }
}

impl Books for StoredState<'_> {
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
            let aggregate = catch_panic(|| self.read::<A>(number)).and_then(|read| read)?;
            let checked = catch_panic(|| check(number, &aggregate)).and_then(|checked| checked);
            checked.map_err(|because| failed.insert(because).clone())
        });
        match (read, failed) {
            (Ok(()), _) => Ok(()),
            (Err(_), Some(because)) => Err(because),
            (Err(because), None) => Err(unreadable(because)),
        }
    }

    /// An unreadable aggregate is reported as a flaw elsewhere, and counts as empty here.
    fn get<A: Aggregate>(&self, number: u64) -> A {
        self.read(number).unwrap_or_default()
    }

    fn awaits<S: Saga>(&self, number: u64) -> Awaits {
        let replayed = self.replays.iter().find(|replay| replay.as_any().is::<SagaReplay<S>>());
        let business = S::NAME.split('/').next();
        let others = self.replays.iter().filter(|replay| {
            replay.as_any().is::<PendingRequests>() && replay.name().split('/').next() == business
        });
        // A pending answer may change what the saga does not know of yet.
        let asked =
            others.map(|other| other.awaits(number)).find(|awaits| *awaits != Awaits::Nobody);
        asked.unwrap_or_else(|| replayed.map_or(Awaits::Nobody, |saga| saga.awaits(number)))
    }
}
