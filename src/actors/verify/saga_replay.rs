//! The replay of a saga: folds the whole journal again without dispatching, to find the state of
//! its instances.

use super::{fold::Fold, replay::Replay};
use crate::{
    actors::{
        dispatch::Registry,
        saga::{DeliveredUpTo, SagaInput, saga_input},
        subscription::origin_of,
        support::catch_panic,
    },
    domain::kernel::{NextState, Saga, WaitsFor},
    store::{KindId, KindSet, Record},
};
use std::{
    any::Any,
    collections::{BTreeMap, HashMap},
};

/// The open instances of a saga, and their commands without an outcome.
pub struct SagaReplay<S> {
    me: KindId,
    /// What the last checkpoint says is delivered. Another version of the code may have sent it, in
    /// reaction to other records.
    delivered: DeliveredUpTo,
    states: HashMap<u64, S>,
    /// The commands without an outcome by instance: position, index and target.
    open_commands: HashMap<u64, BTreeMap<(u64, u16), &'static str>>,
}

impl<S: Saga> SagaReplay<S> {
    /// Creates a replay that has read nothing yet.
    pub(in crate::actors) fn new(me: KindId, delivered: DeliveredUpTo) -> Self {
        Self { me, delivered, states: HashMap::new(), open_commands: HashMap::new() }
    }

    fn take(&mut self, number: u64, input: SagaInput<S>, record: &Record) -> Result<(), String> {
        let state = self.states.remove(&number).unwrap_or_default();
        let step = catch_panic(|| input.apply_to(state, number, &record.meta()))?;
        match step.next {
            NextState::Wait(state) if state == S::default() => {}
            NextState::Wait(state) | NextState::Stuck(state, _) => {
                _ = self.states.insert(number, state);
            }
            NextState::Done => {}
        }
        if record.position <= self.delivered.up_to(number) {
            return Ok(());
        }
        for (nth, dispatch) in (0..).zip(step.dispatches) {
            let open_commands = self.open_commands.entry(number).or_default();
            open_commands.insert((record.position, nth), dispatch.aggregate());
        }
        Ok(())
    }
}

impl<S: Saga> Fold for SagaReplay<S> {
    fn name(&self) -> &'static str {
        S::NAME
    }

    fn kinds(&self, registry: &Registry) -> KindSet {
        let mut kinds = registry.kinds_of::<S::Events>();
        // Its timers fire under its own kind.
        kinds.insert(self.me);
        kinds
    }

    fn issuer(&self) -> Option<KindId> {
        Some(self.me)
    }

    fn fold(&mut self, registry: &Registry, record: &Record) -> Result<(), String> {
        if let Some(origin) = origin_of(self.me, record)
            && let Some(open_commands) = self.open_commands.get_mut(&origin.conversation)
        {
            open_commands.remove(&(origin.position, origin.nth));
            if open_commands.is_empty() {
                self.open_commands.remove(&origin.conversation);
            }
        }
        match catch_panic(|| saga_input(self.me, registry, record)).and_then(|input| input)? {
            Some((number, input)) => self.take(number, input, record),
            None => Ok(()),
        }
    }
}

impl<S: Saga> Replay for SagaReplay<S> {
    fn waits_for(&self, number: u64) -> WaitsFor {
        match self
            .open_commands
            .get(&number)
            .and_then(|open_commands| open_commands.values().next())
        {
            Some(whom) => WaitsFor::Part(whom),
            None => self.states.get(&number).map_or(WaitsFor::Nothing, Saga::waits_for),
        }
    }

    fn open(&self) -> Vec<u64> {
        let silent = self.open_commands.keys().filter(|number| !self.states.contains_key(number));
        self.states.keys().chain(silent).copied().collect()
    }

    fn as_any(&self) -> &dyn Any {
        self
    }
}
