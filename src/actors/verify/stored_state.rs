//! The stored state of a stopped server: every aggregate and saga instance as its journal gives it.

use super::{
    findings::each_number,
    parallel::{Reports, report},
    replay::{PendingRequests, Replay},
    saga_replay::SagaReplay,
    stored::{HistoryReader, Stored},
};
use crate::{
    actors::{
        aggregate::{apply, rebuild},
        dispatch::Registry,
        support::catch_panic,
    },
    domain::kernel::{Aggregate, Business, Saga, StateReader, WaitsFor},
    store::{Stream, journal::StoreError},
};
use std::{any::Any, cell::RefCell, collections::HashMap, mem, rc::Rc};

/// Largest number of aggregates with a snapshot that are kept in memory.
const KEPT_MAX: usize = 16;

/// The name of a business and the function that checks its invariants.
pub type Invariants = (&'static str, fn(&StoredState<'_>) -> Result<(), String>);

/// Returns the invariants of a business.
pub(in crate::actors) fn invariants<B: Business>() -> Invariants {
    (B::NAME, |state| B::check_invariants(state))
}

/// The stored state in which the invariants of one business are checked. Aggregates are rebuilt one
/// by one, so that the memory does not grow with their number.
pub(in crate::actors) struct StoredState<'a> {
    stored: &'a Stored,
    registry: &'a Registry,
    replays: &'a [Box<dyn Replay>],
    reports: &'a Reports,
    histories: RefCell<HistoryReader<'a>>,
    /// Aggregates with long histories, to which many others may refer.
    kept: RefCell<HashMap<Stream, Rc<dyn Any>>>,
    /// The reason why the state cannot be read completely, if so.
    unreadable: RefCell<Option<String>>,
}

impl<'a> StoredState<'a> {
    /// # Errors
    /// When the journal is closed.
    fn new(
        (stored, registry): (&'a Stored, &'a Registry),
        replays: &'a [Box<dyn Replay>],
        reports: &'a Reports,
    ) -> Result<Self, StoreError> {
        Ok(Self {
            stored,
            registry,
            replays,
            reports,
            histories: RefCell::new(stored.histories()?),
            kept: RefCell::default(),
            unreadable: RefCell::default(),
        })
    }

    fn read<A: Aggregate>(&self, number: u64) -> Result<Rc<A>, String> {
        let Some(kind) = self.registry.kind(A::NAME) else { return Ok(Rc::default()) };
        self.rebuilt(Stream { kind, number }).map_err(|error| error.to_string())
    }

    /// The aggregate of a stream. A long history is not read again for each reference to it: it has
    /// a snapshot, and its state is kept.
    fn rebuilt<A: Aggregate>(&self, stream: Stream) -> Result<Rc<A>, StoreError> {
        let kept = self.kept.borrow().get(&stream).cloned();
        if let Some(kept) = kept.and_then(|kept| kept.downcast().ok()) {
            return Ok(kept);
        }
        let mut histories = self.histories.borrow_mut();
        if histories.snapshot(stream)?.is_some() {
            let state = Rc::new(rebuild::<A>(&*self.stored.journal, stream, false)?.state);
            let mut kept = self.kept.borrow_mut();
            if kept.len() >= KEPT_MAX {
                kept.clear();
            }
            kept.insert(stream, Rc::clone(&state) as Rc<dyn Any>);
            return Ok(state);
        }
        let mut state = A::default();
        histories.each_record(stream, &mut |record| {
            let applied = apply::<A>(mem::take(&mut state), record);
            state = applied.map_err(|reason| StoreError::Unreadable { stream, reason })?;
            Ok(())
        })?;
        Ok(Rc::new(state))
    }
}

/// Checks the invariants of one business: returns a sentence for each that does not hold.
///
/// # Errors
/// When the state cannot be read completely.
pub(super) fn check_books(
    (stored, registry): (&Stored, &Registry),
    replays: &[Box<dyn Replay>],
    (business, check_invariants): Invariants,
    reports: &Reports,
) -> Result<Vec<String>, String> {
    let state = StoredState::new((stored, registry), replays, reports);
    let state = state.map_err(|error| error.to_string())?;
    let checked = catch_panic(|| check_invariants(&state)).and_then(|checked| checked);
    match (checked, state.unreadable.take()) {
        (_, Some(reason)) => Err(reason),
        (Ok(()), None) => Ok(Vec::new()),
        (Err(reason), None) => Ok(vec![format!("{business} does not add up: {reason}")]),
    }
}

impl StateReader for StoredState<'_> {
    fn each<A: Aggregate>(
        &self,
        mut check: impl FnMut(u64, &A) -> Result<(), String>,
    ) -> Result<(), String> {
        let Some(kind) = self.registry.kind(A::NAME) else { return Ok(()) };
        let mut tell = |done, total| report(self.reports, A::NAME, done, total);
        let unreadable = |reason: String| {
            let reason = format!("{}: {reason}", A::NAME);
            *self.unreadable.borrow_mut() = Some(reason.clone());
            reason
        };
        let mut failed = None;
        let read = each_number(&*self.stored.journal, kind, &mut tell, &mut |number| {
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
    fn get<A: Aggregate>(&self, number: u64) -> Rc<A> {
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
