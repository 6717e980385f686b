//! Type-erased aggregates and sagas of the installed businesses.

use super::{
    Record,
    planting::{Decide, IssuerOf, OnTimer, React},
    reached::{Answer, Reachable, Reached},
    settings_of, shrink,
    variants::{Traced, traced},
};
use crate::domain::kernel::simulation::{Cause, Payload};
use crate::domain::kernel::{
    Aggregate, Business, Dispatch, EventSet, Id, Issuer, NextState, RejectedCommand, Saga, Step,
    TimerChange, Timestamp, Unchanged, WaitsFor, command_name,
};
use std::{
    any::Any,
    collections::{BTreeMap, BTreeSet},
    rc::Rc,
};

/// The result of a command.
pub(super) enum Verdict {
    /// The events, possibly none.
    Events(Vec<Rc<dyn Any>>),
    /// A rejection.
    Refused(Rc<dyn Fn() -> RejectedCommand>),
}

/// A type-erased aggregate kind.
pub(super) trait DynAggregate {
    fn execute(
        &mut self,
        dispatch: &Dispatch,
        now: Timestamp,
        settings: &dyn Any,
        reached: &mut Reached,
    ) -> Verdict;
    /// The role that may submit this command; `None` when it is for another aggregate kind.
    fn issuer(&self, dispatch: &Dispatch) -> Option<Issuer>;
    fn fold(&mut self, number: u64, event: &dyn Any);
    /// The bare name of an event.
    fn event_name(&self, event: &dyn Any) -> String;
    /// The same command with one value that is simpler, in each way that there is.
    fn simpler(&self, dispatch: &Dispatch) -> Vec<Dispatch>;
    /// Adds all commands and states that there are.
    fn reachable(&self, all: &mut Reachable);
    fn clear(&mut self);
    fn as_any(&self) -> &dyn Any;
}

/// All aggregates of one kind, and the functions of the business that they use.
pub(super) struct Live<A: Aggregate> {
    pub(super) all: BTreeMap<u64, A>,
    pub(super) decide: Box<Decide<A>>,
    pub(super) issuer: Box<IssuerOf<A>>,
}

impl<A: Aggregate> Default for Live<A> {
    fn default() -> Self {
        Self { all: BTreeMap::new(), decide: Box::new(A::decide), issuer: Box::new(A::issuer) }
    }
}

impl<A: Aggregate> DynAggregate for Live<A> {
    fn execute(
        &mut self,
        dispatch: &Dispatch,
        now: Timestamp,
        settings: &dyn Any,
        reached: &mut Reached,
    ) -> Verdict {
        let (Some(command), Some(settings)) = (dispatch.command::<A>(), settings_of::<A>(settings))
        else {
            return Verdict::Events(vec![]);
        };
        let blank = A::default();
        let state = self.all.get(&dispatch.number()).unwrap_or(&blank);
        match (self.decide)(state, command.clone(), now, settings) {
            Ok(events) => {
                if events.is_empty() {
                    reached.command(A::NAME, command, Answer::Unchanged);
                } else {
                    let state = self.all.remove(&dispatch.number()).unwrap_or_default();
                    let state = events.iter().cloned().fold(state, A::evolve);
                    reached.command(A::NAME, command, Answer::Accepted);
                    reached.state(A::NAME, &state);
                    self.all.insert(dispatch.number(), state);
                }
                let events = events.into_iter().map(|event| Rc::new(event) as Rc<dyn Any>);
                Verdict::Events(events.collect())
            }
            Err(rejection) => {
                reached.command(A::NAME, command, Answer::Refused);
                let (command, id) = (command.clone(), Id::<A>::new(dispatch.number()));
                Verdict::Refused(Rc::new(move || {
                    RejectedCommand::new(id, &command, rejection.clone())
                }))
            }
        }
    }

    fn issuer(&self, dispatch: &Dispatch) -> Option<Issuer> {
        let issuer = dispatch.command::<A>().map(&self.issuer);
        // Staff whose role is not declared would not see the aggregates that it works on.
        if let Some(Issuer::Staff(roles)) = issuer {
            let (business, staff) = (A::Business::NAME, A::Business::STAFF);
            let missing = roles.iter().find(|role| !staff.contains(role));
            assert_eq!(missing, None, "a staff role is not in `Business::STAFF` of {business}");
        }
        issuer
    }

    fn fold(&mut self, number: u64, event: &dyn Any) {
        if let Some(event) = event.downcast_ref::<A::Event>() {
            let state = self.all.remove(&number).unwrap_or_default();
            self.all.insert(number, state.evolve(event.clone()));
        }
    }

    fn event_name(&self, event: &dyn Any) -> String {
        event.downcast_ref::<A::Event>().map(command_name).unwrap_or_default()
    }

    fn simpler(&self, dispatch: &Dispatch) -> Vec<Dispatch> {
        let number = Id::<A>::new(dispatch.number());
        let command = dispatch.command::<A>();
        let simpler = command.map(shrink::simpler::<A::Command>).unwrap_or_default();
        simpler.into_iter().map(|command| Dispatch::new(number, command)).collect()
    }

    fn reachable(&self, all: &mut Reachable) {
        let commands = traced::<A::Command>().paths;
        all.aggregate(A::NAME, commands, traced::<A>().paths, &A::default());
    }

    fn clear(&mut self) {
        self.all.clear();
    }

    fn as_any(&self) -> &dyn Any {
        self
    }
}

/// A type-erased saga.
pub(super) trait DynSaga {
    fn name(&self) -> &'static str;
    fn handle(&mut self, record: &Record, reached: &mut Reached) -> Option<(u64, Vec<Dispatch>)>;
    fn due(&self, now: Timestamp) -> Vec<u64>;
    /// The time at which the next timer fires.
    fn next_alarm(&self) -> Option<Timestamp>;
    /// A saga instance that is not over, is not stuck, and does not wait for a person, as text.
    fn unsettled(&self) -> Option<String>;
    /// Adds all states that there are, and the timer, when there is one.
    fn reachable(&self, all: &mut Reachable);
    fn clear(&mut self);
    fn as_any(&self) -> &dyn Any;
}

/// All instances of one saga, and the functions of the business that they use.
pub(super) struct SagaInstances<S: Saga> {
    pub(super) states: BTreeMap<u64, S>,
    pub(super) alarms: BTreeMap<u64, Timestamp>,
    /// The instances that are parked until a person acts.
    pub(super) stuck: BTreeSet<u64>,
    pub(super) react: Box<React<S>>,
    pub(super) on_timer: Box<OnTimer<S>>,
}

impl<S: Saga> Default for SagaInstances<S> {
    fn default() -> Self {
        Self {
            states: BTreeMap::new(),
            alarms: BTreeMap::new(),
            stuck: BTreeSet::new(),
            react: Box::new(S::react),
            on_timer: Box::new(S::on_timer),
        }
    }
}

impl<S: Saga> SagaInstances<S> {
    fn take(&mut self, number: u64) -> S {
        self.states.remove(&number).unwrap_or_default()
    }

    fn step(&mut self, record: &Record) -> Option<(u64, Step<S>)> {
        let mine = |origin: &super::Origin| origin.by == S::NAME;
        match (&record.payload, record.cause) {
            (Payload::Event(_), _) => {
                let event = S::Events::from_event(record)?;
                let number = S::route(&event)?;
                let state = self.take(number);
                Some((number, (self.react)(state, Id::new(number), event, &record.meta())))
            }
            (Payload::Refused(refused), Cause::Dispatch(origin)) if mine(&origin) => {
                let number = origin.conversation;
                Some((number, self.take(number).on_rejected(Id::new(number), &refused())))
            }
            (Payload::Unchanged { command }, Cause::Dispatch(origin)) if mine(&origin) => {
                let number = origin.conversation;
                let unchanged = Unchanged {
                    aggregate: record.kind.into(),
                    number: record.number,
                    command: command.clone(),
                };
                Some((number, self.take(number).on_no_op(Id::new(number), &unchanged)))
            }
            (Payload::TimerFired, _) if record.kind == S::NAME => {
                self.alarms.remove(&record.number);
                let state = self.take(record.number);
                let me = Id::new(record.number);
                Some((record.number, (self.on_timer)(state, me, record.time)))
            }
            _ => None,
        }
    }
}

impl<S: Saga> DynSaga for SagaInstances<S> {
    fn name(&self) -> &'static str {
        S::NAME
    }

    fn handle(&mut self, record: &Record, reached: &mut Reached) -> Option<(u64, Vec<Dispatch>)> {
        let (number, step) = self.step(record)?;
        if matches!(record.payload, Payload::TimerFired) {
            reached.timer_fired(S::NAME);
        }
        match step.timer {
            TimerChange::Keep => {}
            TimerChange::Set(time) => {
                reached.timer_set(S::NAME);
                self.alarms.insert(number, time);
            }
            TimerChange::Clear => _ = self.alarms.remove(&number),
        }
        self.stuck.remove(&number);
        if matches!(step.next, NextState::Stuck(..)) {
            self.stuck.insert(number);
        }
        match step.next {
            NextState::Wait(state) if state == S::default() => {}
            NextState::Wait(state) | NextState::Stuck(state, _) => {
                reached.state(S::NAME, &state);
                self.states.insert(number, state);
            }
            NextState::Done => _ = self.alarms.remove(&number),
        }
        Some((number, step.dispatches))
    }

    fn due(&self, now: Timestamp) -> Vec<u64> {
        self.alarms.iter().filter(|(_, time)| **time <= now).map(|(number, _)| *number).collect()
    }

    fn next_alarm(&self) -> Option<Timestamp> {
        self.alarms.values().min().copied()
    }

    fn unsettled(&self) -> Option<String> {
        let mut states = self.states.iter().filter(|(number, _)| !self.stuck.contains(number));
        let hangs = states.find(|(_, state)| !matches!(state.waits_for(), WaitsFor::Person(_)));
        hangs.map(|(number, state)| format!("{number}: {state:?}"))
    }

    fn reachable(&self, all: &mut Reachable) {
        let Traced { paths, samples } = traced::<S>();
        let reacts = |state: S| {
            let step = S::on_timer(state.clone(), Id::new(1), Timestamp(1));
            step != Step::wait(state)
        };
        all.saga(S::NAME, paths, &S::default(), samples.into_iter().any(reacts));
    }

    fn clear(&mut self) {
        self.states.clear();
        self.alarms.clear();
        self.stuck.clear();
    }

    fn as_any(&self) -> &dyn Any {
        self
    }
}
