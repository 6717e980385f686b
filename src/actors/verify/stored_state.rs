//! The stored state of a stopped server: every aggregate and saga instance as its journal gives it.

use super::{
    findings::{Progressing, each_number},
    replay::{PendingRequests, Replay},
    saga_replay::SagaReplay,
};
use crate::{
    actors::{aggregate::rebuild, dispatch::Registry, support::catch_panic},
    domain::kernel::{Aggregate, Business, Saga, StateReader, WaitsFor},
    store::{Stream, journal::Journal},
};
use std::cell::RefCell;

/// The name of a business and the function that checks its invariants.
pub type Invariants = (&'static str, fn(&StoredState<'_>) -> Result<(), String>);

/// Returns the invariants of a business.
pub(in crate::actors) fn invariants<B: Business>() -> Invariants {
    (B::NAME, |state| B::check_invariants(state))
}

/// The stored state in which invariants are checked. Aggregates are rebuilt one by one, so that the
/// memory does not grow with their number.
pub(in crate::actors) struct StoredState<'a> {
    pub(in crate::actors) journal: &'a dyn Journal,
    pub(in crate::actors) registry: &'a Registry,
    pub(in crate::actors) replays: &'a [Box<dyn Replay>],
    pub(in crate::actors) progressing: RefCell<Progressing<'a>>,
    /// The reason why the state cannot be read completely, if so.
    pub(in crate::actors) unreadable: RefCell<Option<String>>,
}

impl StoredState<'_> {
    fn read<A: Aggregate>(&self, number: u64) -> Result<A, String> {
        let Some(kind) = self.registry.kind(A::NAME) else { return Ok(A::default()) };
        let rebuilt = rebuild::<A>(self.journal, Stream { kind, number }, false);
        rebuilt.map(|rebuilt| rebuilt.state).map_err(|error| error.to_string())
    }
}

impl StateReader for StoredState<'_> {
    fn each<A: Aggregate>(
        &self,
        mut check: impl FnMut(u64, &A) -> Result<(), String>,
    ) -> Result<(), String> {
        let Some(kind) = self.registry.kind(A::NAME) else { return Ok(()) };
        let what = format!("books of {}", A::NAME);
        let mut tell = |done, total| (self.progressing.borrow_mut())(&what, done, total);
        let unreadable = |reason: String| {
            let reason = format!("{}: {reason}", A::NAME);
            *self.unreadable.borrow_mut() = Some(reason.clone());
            reason
        };
        let mut failed = None;
        let read = each_number(self.journal, kind, &mut tell, &mut |number| {
            let aggregate = catch_panic(|| self.read::<A>(number)).and_then(|read| read)?;
            let checked = catch_panic(|| check(number, &aggregate)).and_then(|checked| checked);
            checked.map_err(|reason| failed.insert(reason).clone())
        });
        match (read, failed) {
            (Ok(()), _) => Ok(()),
            (Err(_), Some(reason)) => Err(reason),
            (Err(reason), None) => Err(unreadable(reason)),
        }
    }

    /// An unreadable aggregate is reported as a flaw elsewhere, and counts as empty here.
    fn get<A: Aggregate>(&self, number: u64) -> A {
        self.read(number).unwrap_or_default()
    }

    fn waits_for<S: Saga>(&self, number: u64) -> WaitsFor {
        let replayed = self.replays.iter().find(|replay| replay.as_any().is::<SagaReplay<S>>());
        let business = S::NAME.split('/').next();
        let others = self.replays.iter().filter(|replay| {
            replay.as_any().is::<PendingRequests>() && replay.name().split('/').next() == business
        });
        // A pending reply may change a state that the saga does not know of yet.
        let asked = others
            .map(|other| other.waits_for(number))
            .find(|waits_for| *waits_for != WaitsFor::Nothing);
        asked.unwrap_or_else(|| replayed.map_or(WaitsFor::Nothing, |saga| saga.waits_for(number)))
    }
}
