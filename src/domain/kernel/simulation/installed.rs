//! Type-erased parts of the installed businesses. Only this file erases their types.

use super::{
    Record,
    planting::{Decide, IssuerOf, React},
    settings_of,
};
use crate::domain::kernel::simulation::{Cause, Payload};
use crate::domain::kernel::{
    Aggregate, Dispatch, EventSet, Filter, Id, Issuer, Lookup, NextState, Port, PortReply,
    PortRequest, Query, Refused, Saga, Step, TimerChange, Timestamp, Unchanged, View, WaitsFor,
};
use serde_json::Value;
use std::{any::Any, collections::BTreeMap, marker::PhantomData, mem, rc::Rc};

/// The result of a command.
pub(super) enum Verdict {
    /// The events, possibly none.
    Events(Vec<Rc<dyn Any>>),
    /// A rejection.
    Refused(Rc<dyn Fn() -> Refused>),
}

/// A type-erased aggregate kind.
pub(super) trait DynAggregate {
    fn execute(&mut self, dispatch: &Dispatch, now: Timestamp, settings: &dyn Any) -> Verdict;
    /// The role that may submit this command; `None` when it is for another aggregate kind.
    fn issuer(&self, dispatch: &Dispatch) -> Option<Issuer>;
    fn fold(&mut self, number: u64, event: &dyn Any);
    fn clear(&mut self);
    fn as_any(&self) -> &dyn Any;
}

/// All aggregates of one kind, and the functions of the business that they use.
pub(super) struct Live<A: Aggregate> {
    pub(super) all: BTreeMap<u64, A>,
    pub(super) decide: Decide<A>,
    pub(super) issuer: IssuerOf<A>,
}

impl<A: Aggregate> Default for Live<A> {
    fn default() -> Self {
        Self { all: BTreeMap::new(), decide: A::decide, issuer: A::issuer }
    }
}

impl<A: Aggregate> DynAggregate for Live<A> {
    fn execute(&mut self, dispatch: &Dispatch, now: Timestamp, settings: &dyn Any) -> Verdict {
        let (Some(command), Some(settings)) = (dispatch.command::<A>(), settings_of::<A>(settings))
        else {
            return Verdict::Events(vec![]);
        };
        let blank = A::default();
        let state = self.all.get(&dispatch.number()).unwrap_or(&blank);
        match (self.decide)(state, command.clone(), now, settings) {
            Ok(events) => {
                if !events.is_empty() {
                    let state = self.all.remove(&dispatch.number()).unwrap_or_default();
                    let state = events.iter().cloned().fold(state, A::evolve);
                    self.all.insert(dispatch.number(), state);
                }
                let events = events.into_iter().map(|event| Rc::new(event) as Rc<dyn Any>);
                Verdict::Events(events.collect())
            }
            Err(rejection) => {
                let (command, id) = (command.clone(), Id::<A>::new(dispatch.number()));
                Verdict::Refused(Rc::new(move || Refused::new(id, &command, rejection.clone())))
            }
        }
    }

    fn issuer(&self, dispatch: &Dispatch) -> Option<Issuer> {
        dispatch.command::<A>().map(self.issuer)
    }

    fn fold(&mut self, number: u64, event: &dyn Any) {
        if let Some(event) = event.downcast_ref::<A::Event>() {
            let state = self.all.remove(&number).unwrap_or_default();
            self.all.insert(number, state.evolve(event.clone()));
        }
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
    fn handle(&mut self, record: &Record) -> Option<(u64, Vec<Dispatch>)>;
    fn due(&self, now: Timestamp) -> Vec<u64>;
    /// A saga instance that is not over and does not wait for a person, as text.
    fn unsettled(&self) -> Option<String>;
    fn clear(&mut self);
    fn as_any(&self) -> &dyn Any;
}

/// All instances of one saga, and the `react` function that they use.
pub(super) struct SagaInstances<S: Saga> {
    pub(super) states: BTreeMap<u64, S>,
    pub(super) alarms: BTreeMap<u64, Timestamp>,
    pub(super) react: React<S>,
}

impl<S: Saga> Default for SagaInstances<S> {
    fn default() -> Self {
        Self { states: BTreeMap::new(), alarms: BTreeMap::new(), react: S::react }
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
                Some((record.number, state.on_timer(Id::new(record.number), record.time)))
            }
            _ => None,
        }
    }
}

impl<S: Saga> DynSaga for SagaInstances<S> {
    fn name(&self) -> &'static str {
        S::NAME
    }

    fn handle(&mut self, record: &Record) -> Option<(u64, Vec<Dispatch>)> {
        let (number, step) = self.step(record)?;
        match step.timer {
            TimerChange::Keep => None,
            TimerChange::Set(time) => self.alarms.insert(number, time),
            TimerChange::Clear => self.alarms.remove(&number),
        };
        match step.next {
            NextState::Wait(state) if state == S::default() => {}
            NextState::Wait(state) | NextState::Stuck(state, _) => {
                _ = self.states.insert(number, state);
            }
            NextState::Done => _ = self.alarms.remove(&number),
        }
        Some((number, step.dispatches))
    }

    fn due(&self, now: Timestamp) -> Vec<u64> {
        self.alarms.iter().filter(|(_, time)| **time <= now).map(|(number, _)| *number).collect()
    }

    fn unsettled(&self) -> Option<String> {
        let mut states = self.states.iter();
        let hangs = states.find(|(_, state)| !matches!(state.waits_for(), WaitsFor::Person(_)));
        hangs.map(|(number, state)| format!("{number}: {state:?}"))
    }

    fn clear(&mut self) {
        self.states.clear();
        self.alarms.clear();
    }

    fn as_any(&self) -> &dyn Any {
        self
    }
}

/// An effect that is to be executed: a call to an outside service, or a query to a view.
pub(super) enum EffectRequest {
    Outside(PortRequest),
    Declined(String),
    View(&'static str, Query),
}

/// The result of an effect.
pub(super) enum EffectResult<'a> {
    Reply(PortReply),
    Rows(&'a dyn DynView, &'a Query),
}

/// A type-erased port or lookup.
pub(super) trait DynEffect {
    fn name(&self) -> &'static str;
    fn request(&self, record: &Record) -> Option<EffectRequest>;
    /// The request after these later records; `None` when they do not change it.
    fn revised(&self, record: &Record, later: &[Record]) -> Option<EffectRequest>;
    fn meaning(&self, record: &Record, found: &EffectResult<'_>) -> Option<Dispatch>;
}

struct PortEffect<P>(PhantomData<P>);

pub(super) fn port<P: Port>() -> Box<dyn DynEffect> {
    Box::new(PortEffect::<P>(PhantomData))
}

impl<P: Port> DynEffect for PortEffect<P> {
    fn name(&self) -> &'static str {
        P::NAME
    }

    fn request(&self, record: &Record) -> Option<EffectRequest> {
        let heard = P::Events::from_event(record)?;
        let ask = P::ask(&heard, &record.meta())?;
        let declined = P::declined_before_call(&heard).map(EffectRequest::Declined);
        Some(declined.unwrap_or(EffectRequest::Outside(ask)))
    }

    fn revised(&self, record: &Record, later: &[Record]) -> Option<EffectRequest> {
        let is_later = |it: &&Record| (it.kind, it.number) == (record.kind, record.number);
        let later = later.iter().filter(|_| P::REVISABLE).filter(is_later);
        let later = later.filter_map(P::Events::from_event);
        let heard = later.fold(P::Events::from_event(record)?, |it, later| P::revised(it, &later));
        P::ask(&heard, &record.meta()).map(EffectRequest::Outside)
    }

    fn meaning(&self, record: &Record, found: &EffectResult<'_>) -> Option<Dispatch> {
        let EffectResult::Reply(answer) = found else { return None };
        Some(P::on_reply(&P::Events::from_event(record)?, &record.meta(), answer))
    }
}

pub(super) struct LookupEffect<L>(PhantomData<L>);

impl<L> Default for LookupEffect<L> {
    fn default() -> Self {
        Self(PhantomData)
    }
}

impl<L: Lookup> DynEffect for LookupEffect<L> {
    fn name(&self) -> &'static str {
        L::NAME
    }

    fn request(&self, record: &Record) -> Option<EffectRequest> {
        let query = L::query(&L::Events::from_event(record)?, &record.meta())?;
        Some(EffectRequest::View(L::View::NAME, query))
    }

    fn revised(&self, _record: &Record, _later: &[Record]) -> Option<EffectRequest> {
        None
    }

    fn meaning(&self, record: &Record, found: &EffectResult<'_>) -> Option<Dispatch> {
        let EffectResult::Rows(view, query) = found else { return None };
        let rows = view.as_any().downcast_ref::<Rows<L::View>>()?.find(query);
        Some(L::on_rows(&L::Events::from_event(record)?, &record.meta(), &rows))
    }
}

/// A type-erased view.
pub(super) trait DynView {
    fn apply(&mut self, record: &Record);
    fn clear(&mut self);
    fn as_any(&self) -> &dyn Any;
}

pub(super) struct Rows<V>(pub(super) BTreeMap<u64, V>);

impl<V> Default for Rows<V> {
    fn default() -> Self {
        Self(BTreeMap::new())
    }
}

impl<V: View> Rows<V> {
    fn find(&self, query: &Query) -> Vec<(u64, V)> {
        let mut found: Vec<(u64, u64, V)> = vec![];
        for (number, row) in &self.0 {
            let json = serde_json::to_value(row).unwrap_or_default();
            if query.filters.iter().all(|filter| holds(filter, &json)) {
                let rank = query.sort.and_then(|field| json[field].as_u64()).unwrap_or_default();
                found.push((rank, *number, row.clone()));
            }
        }
        found.sort_by_key(|(rank, number, _)| (*rank, *number));
        found.truncate(query.rows_max);
        found.into_iter().map(|(_, number, row)| (number, row)).collect()
    }
}

fn holds(filter: &Filter, row: &Value) -> bool {
    match filter {
        Filter::Equals(field, number) => row[*field].as_u64() == Some(*number),
        Filter::AtLeast(field, number) => row[*field].as_u64().is_some_and(|n| n >= *number),
        Filter::Is(field, text) => row[*field].as_str() == Some(text),
    }
}

impl<V: View> DynView for Rows<V> {
    fn apply(&mut self, record: &Record) {
        let Some(event) = V::Events::from_event(record) else { return };
        let meta = record.meta();
        let Some(key) = V::key(&event, &meta) else { return };
        let newest = |filter: Filter| {
            let meets = |row: &&V| serde_json::to_value(row).is_ok_and(|row| holds(&filter, &row));
            self.0.values().rev().find(meets).cloned()
        };
        let before = self.0.get(&key).cloned().or_else(|| newest(V::continues(&event)?));
        self.0.remove(&key);
        if let Some(row) = V::fold(before, event, &meta) {
            self.0.insert(key, row);
        }
    }

    fn clear(&mut self) {
        mem::take(&mut self.0);
    }

    fn as_any(&self) -> &dyn Any {
        self
    }
}
