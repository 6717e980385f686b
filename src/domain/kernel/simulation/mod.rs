//! The in-memory world that simulates businesses.
//!
//! It has a journal whose tail is not durable yet, simulated crashes, and a manual clock. Sagas
//! receive records before they are durable. Calls to outside services wait until they are durable.

mod delivery;
mod dice;
mod effects;
mod flaw;
mod helpers;
mod host;
mod installed;
mod money;
mod outside;
mod planting;
mod random_worlds;
mod reached;
mod record;
mod shrink;
mod steps;
mod story;
mod variants;

pub use dice::Dice;
pub use flaw::Flaw;
pub use helpers::{crash_at_each_record, fail_each_step, golden, repeat_each_step};
pub use outside::{Luck, Outside};
pub use planting::HostFault;
pub use random_worlds::{RandomWorlds, random_worlds};
pub use reached::Reached;
pub use record::{Cause, Origin, Payload, Record};
pub use steps::Shares;

use super::{
    Aggregate, Business, Dispatch, Host, Id, Issuer, Saga, SettingsOf, StateReader, Timestamp,
    View, representation,
};
use delivery::{Pending, PendingEffect};
use effects::{DynEffect, DynView, PortEffect, Rows};
use installed::{DynAggregate, DynSaga, Live, SagaInstances, Verdict};
use reached::Reachable;
use std::{
    any::Any,
    collections::{BTreeMap, BTreeSet, HashSet, VecDeque},
    fmt::Debug,
    rc::Rc,
};
use steps::Act;
use story::Story;

/// The invariants of one business; see [`Business::check_invariants`].
type Invariants = fn(&World) -> Result<(), String>;

/// The error for a request that submits an internal command.
const ONLY_INSIDE: &str = "only a saga, a port or a lookup may submit this command";

/// The settings of a business, with their type erased.
trait AnySettings: Any + Debug {}

impl<T: Any + Debug> AnySettings for T {}

/// A host in memory: one thread, one clock, no disk.
#[derive(Default)]
pub struct World {
    /// The present time.
    pub now: Timestamp,
    /// The outside services.
    pub outside: Outside,
    settings: BTreeMap<&'static str, Box<dyn AnySettings>>,
    invariants: Vec<Invariants>,
    aggregates: BTreeMap<&'static str, Box<dyn DynAggregate>>,
    sagas: Vec<Box<dyn DynSaga>>,
    effects: Vec<Box<dyn DynEffect>>,
    views: BTreeMap<&'static str, Box<dyn DynView>>,
    journal: Vec<Record>,
    durable: usize,
    causes: HashSet<Origin>,
    versions: BTreeMap<(&'static str, u64), u32>,
    pending_dispatches: VecDeque<Pending>,
    pending_effects: Vec<PendingEffect>,
    suspended: BTreeSet<&'static str>,
    requests: u64,
    answered: Vec<(u64, Option<u64>)>,
    dispatched: Vec<Dispatch>,
    reached: Reached,
    acts: Vec<Act>,
    story: Option<Story>,
    fault: Option<HostFault>,
}

impl World {
    /// A world with this business under these settings.
    #[must_use]
    pub fn of<B: Business>(settings: B::Settings) -> Self {
        let mut world = Self::default();
        world.settings.insert(B::NAME, Box::new(settings));
        world.business::<B>();
        world
    }

    /// Submits a command as a request does. The commands that follow from it wait for delivery.
    ///
    /// # Errors
    /// The rejection, as a sentence; also when the command is internal.
    pub fn submit<A: Aggregate>(&mut self, number: u64, command: A::Command) -> Result<(), String> {
        self.submit_again(&Dispatch::new(Id::<A>::new(number), command))
    }

    /// Submits a dispatch as a request.
    ///
    /// # Errors
    /// The rejection, as a sentence; also when the command is internal.
    pub fn submit_again(&mut self, dispatch: &Dispatch) -> Result<(), String> {
        self.acts.push(Act::Submit(dispatch.clone()));
        if self.issuer_of(dispatch) == Some(Issuer::Internal) {
            return Err(ONLY_INSIDE.into());
        }
        if self.suspended.contains(dispatch.aggregate()) {
            let reason = format!("{} is suspended", dispatch.aggregate());
            self.narrate_refusal(dispatch, &reason);
            return Err(reason);
        }
        self.requests += 1;
        let request = self.requests;
        let position = self.execute(dispatch, Cause::Request(request), dispatch.number())?;
        self.answered.push((request, position));
        Ok(())
    }

    /// All commands that sagas, ports and lookups have dispatched so far, across crashes.
    #[must_use]
    pub fn dispatched(&self) -> &[Dispatch] {
        &self.dispatched
    }

    /// Submits a command, then executes everything that follows from it.
    ///
    /// # Errors
    /// The rejection, as a sentence.
    pub fn tell<A: Aggregate>(&mut self, number: u64, command: A::Command) -> Result<(), String> {
        self.submit::<A>(number, command)?;
        self.settle(&mut Dice::new(1));
        Ok(())
    }

    /// Suspends an aggregate kind. Requests are refused; commands of sagas wait, together with the
    /// later commands of the same saga instances. A crash does not end the suspension.
    pub fn suspend<A: Aggregate>(&mut self) {
        self.act(Act::Suspend(A::NAME));
    }

    /// Resumes an aggregate kind.
    pub fn resume<A: Aggregate>(&mut self) {
        self.act(Act::Resume(A::NAME));
    }

    /// The aggregate of this number; the default when it has no events.
    #[must_use]
    pub fn get<A: Aggregate>(&self, number: u64) -> A {
        Rc::unwrap_or_clone(StateReader::get(self, number))
    }

    /// All aggregates of this kind that have events.
    #[must_use]
    pub fn all<A: Aggregate>(&self) -> Vec<(u64, A)> {
        self.live::<A>()
            .map(|live| live.all.iter().map(|(number, a)| (*number, a.clone())).collect())
            .unwrap_or_default()
    }

    /// The representation of the aggregate of this number for clients.
    #[must_use]
    pub fn shown<A: Aggregate>(&self, number: u64) -> serde_json::Value {
        serde_json::to_value(representation(&self.get::<A>(number), number)).unwrap_or_default()
    }

    /// The rows of a view, as of the last commit.
    #[must_use]
    pub fn rows<V: View>(&self) -> Vec<(u64, V)> {
        let rows = self.views.get(V::NAME).and_then(|view| view.as_any().downcast_ref::<Rows<V>>());
        rows.map(|rows| rows.0.iter().map(|(number, v)| (*number, v.clone())).collect())
            .unwrap_or_default()
    }

    /// The instances of a saga that are not over.
    #[must_use]
    pub fn open<S: Saga>(&self) -> Vec<(u64, S)> {
        self.saga_instances::<S>()
            .map(|saga_instances| {
                saga_instances.states.iter().map(|(n, state)| (*n, state.clone())).collect()
            })
            .unwrap_or_default()
    }

    /// The events of one aggregate kind, in the order of the journal.
    #[must_use]
    pub fn events<A: Aggregate>(&self) -> Vec<(u64, A::Event)> {
        let events = self.journal.iter().filter_map(super::AnyEvent::downcast::<A>);
        events.map(|(id, event)| (id.number(), event)).collect()
    }

    /// The journal, including the tail that is not durable.
    #[must_use]
    pub fn journal(&self) -> &[Record] {
        &self.journal
    }

    /// Whether nothing is in flight: no effect, no record that is not durable, and no command
    /// except those that wait for a suspended aggregate kind.
    #[must_use]
    pub fn is_quiet(&self) -> bool {
        self.ready(0).is_none()
            && self.pending_effects.is_empty()
            && self.durable == self.journal.len()
    }

    /// Checks a world at rest: no answered request is lost, every saga instance that is not over
    /// waits for a person or is stuck until a person acts, and the invariants of the businesses hold.
    ///
    /// # Errors
    /// The violation, as a sentence.
    pub fn check_invariants(&self) -> Result<(), String> {
        let lost = self.lost_answers();
        if !lost.is_empty() {
            return Err(format!("answered requests are lost: {lost:?}"));
        }
        for saga in &self.sagas {
            if let Some(instance) = saga.unsettled() {
                return Err(format!("{} is not settled: {instance}", saga.name()));
            }
        }
        self.invariants.iter().try_for_each(|check| check(self))
    }

    /// The answered requests whose records are lost: there must be none.
    #[must_use]
    pub fn lost_answers(&self) -> Vec<u64> {
        let kept: HashSet<u64> = self.journal.iter().filter_map(Record::request).collect();
        let durable = self.durable as u64;
        let answered = self.answered.iter();
        answered
            .filter_map(|(request, position)| position.map(|position| (*request, position)))
            .filter(|(request, position)| *position <= durable && !kept.contains(request))
            .map(|(request, _)| request)
            .collect()
    }

    /// What this world reached, among everything that there is.
    #[must_use]
    pub fn reached(&self) -> Reached {
        self.reached.clone().among(self.reachable())
    }

    fn reachable(&self) -> Reachable {
        let mut all = Reachable::default();
        self.aggregates.values().for_each(|aggregate_kind| aggregate_kind.reachable(&mut all));
        self.sagas.iter().for_each(|saga| saga.reachable(&mut all));
        all
    }

    fn issuer_of(&self, dispatch: &Dispatch) -> Option<Issuer> {
        self.aggregates.get(dispatch.aggregate())?.issuer(dispatch)
    }

    fn live<A: Aggregate>(&self) -> Option<&Live<A>> {
        self.aggregates
            .get(A::NAME)
            .and_then(|aggregate_kind| aggregate_kind.as_any().downcast_ref())
    }

    fn saga_instances<S: Saga>(&self) -> Option<&SagaInstances<S>> {
        self.sagas.iter().find_map(|saga| saga.as_any().downcast_ref())
    }

    /// Executes a command and returns the position of its last record, if it has one.
    fn execute(
        &mut self,
        dispatch: &Dispatch,
        cause: Cause,
        correlation: u64,
    ) -> Result<Option<u64>, String> {
        if let Cause::Dispatch(origin) = cause
            && self.causes.contains(&origin)
        {
            return Ok(None); // a duplicate: the command was executed before
        }
        if matches!(cause, Cause::Dispatch(_)) {
            self.dispatched.push(dispatch.clone());
        }
        let (kind, number) = (dispatch.aggregate(), dispatch.number());
        let business = kind.split('/').next().unwrap_or_default();
        let (Some(aggregate_kind), Some(settings)) =
            (self.aggregates.get_mut(kind), self.settings.get(business))
        else {
            return Err(format!("{kind} is not installed"));
        };
        let is_request = matches!(cause, Cause::Request(_));
        let (now, settings): (_, &dyn Any) = (self.now, settings.as_ref());
        let verdict = aggregate_kind.execute(dispatch, now, settings, &mut self.reached);
        self.narrate_verdict(dispatch, cause, &verdict);
        let (payloads, refusal) = match verdict {
            Verdict::Events(events) if events.is_empty() && is_request => (vec![], None),
            Verdict::Events(events) if events.is_empty() => {
                (vec![Payload::Unchanged { command: dispatch.command_name() }], None)
            }
            Verdict::Events(events) => (events.into_iter().map(Payload::Event).collect(), None),
            Verdict::Refused(refused) if is_request => (vec![], Some((refused)().reason)),
            Verdict::Refused(refused) => (vec![Payload::Refused(refused)], None),
        };
        let is_recorded = !payloads.is_empty();
        for payload in payloads {
            self.append(kind, number, correlation, cause, payload);
        }
        match refusal {
            Some(reason) => Err(reason),
            None => Ok(is_recorded.then_some(self.journal.len() as u64)),
        }
    }

    fn append(
        &mut self,
        kind: &'static str,
        number: u64,
        correlation: u64,
        cause: Cause,
        payload: Payload,
    ) {
        let version = self.versions.entry((kind, number)).or_default();
        *version += 1;
        let record = Record {
            position: self.journal.len() as u64 + 1,
            kind,
            number,
            version: *version,
            time: self.now,
            correlation,
            cause,
            payload,
        };
        if let Cause::Dispatch(origin) = cause {
            self.causes.insert(origin);
        }
        self.pass_to_sagas(&record);
        self.journal.push(record);
    }
}

/// The settings that an aggregate kind decides with.
fn settings_of<A: Aggregate>(settings: &dyn Any) -> Option<&SettingsOf<A>> {
    settings.downcast_ref()
}
