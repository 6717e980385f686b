//! The census of one kind of saga: its open instances by state, as of the last checkpoint.

use super::{
    STOPPED_BIT,
    checkpoint::SavedInstance,
    parked::{ParkReason, Stopped},
    timers::TIMER_BIT,
};
use crate::{
    domain::kernel::{Saga, WaitsFor},
    store::{
        KindId, codec,
        journal::{Journal, StoreError},
    },
};
use std::{sync::Arc, time::Instant};

/// The names of the states, in the order of [`State`].
pub const STATES: [&str; 6] =
    ["waits for a person", "waits for a part", "waits for a timer", "stuck", "parked", "crashed"];

/// The state of an open instance.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    /// A person acts next. There is no time limit.
    Person,
    /// A part of the runtime answers next by itself.
    Part,
    /// Nothing happens before its timer, or before an event that it does not wait for.
    Timer,
    /// A person has to act, because the process cannot go on.
    Stuck,
    /// It waits until a component is resumed, or catches up after that.
    Parked,
    /// It is in quarantine.
    Crashed,
}

/// The instances of one state.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct OpenSagas {
    /// Their count.
    pub count: u64,
    /// The lowest of their numbers, 0 when there is none. Numbers are assigned in order, so it is
    /// the oldest one.
    pub first: u64,
}

/// The open instances of one kind of saga.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Census {
    /// The instances of each state, in the order of [`STATES`].
    pub states: [OpenSagas; STATES.len()],
    /// Whether the time was over before all were counted.
    pub is_cut: bool,
}

/// A function that counts the open instances of a saga until this time. Blocking.
pub type CountSagas = Arc<dyn Fn(Instant) -> Result<Census, StoreError> + Send + Sync>;

impl Census {
    fn add(&mut self, number: u64, state: State) {
        let of_state = &mut self.states[state as usize];
        of_state.count += 1;
        if of_state.first == 0 || number < of_state.first {
            of_state.first = number;
        }
    }
}

/// The function that counts the instances of this saga.
pub fn counting<S: Saga>(journal: Arc<dyn Journal>, me: KindId) -> CountSagas {
    Arc::new(move |until| {
        let mut census = Census::default();
        let open = journal.conversations(me, 1..=STOPPED_BIT - 1, &mut |_, group| {
            let members: Vec<(u64, SavedInstance<S>)> = decode(&group)?;
            for (number, kept) in &members {
                census.add(*number, state_of(kept));
            }
            in_time(until)
        });
        let stopped = open.and_then(|()| {
            let keys = STOPPED_BIT + 1..=TIMER_BIT - 1;
            journal.conversations(me, keys, &mut |key, bytes| {
                census.add(key & !STOPPED_BIT, state_of_stopped(&decode::<Stopped<S>>(&bytes)?));
                in_time(until)
            })
        });
        census.is_cut = Instant::now() >= until;
        if census.is_cut { Ok(census) } else { stopped.map(|()| census) }
    })
}

fn decode<T: serde::de::DeserializeOwned>(bytes: &[u8]) -> Result<T, StoreError> {
    codec::decode(bytes).map_err(|error| StoreError::Failed(error.to_string()))
}

/// # Errors
/// When the time is over.
fn in_time(until: Instant) -> Result<(), StoreError> {
    if Instant::now() < until {
        return Ok(());
    }
    Err(StoreError::Failed("there was no time to count all sagas".to_owned()))
}

fn state_of<S: Saga>(kept: &SavedInstance<S>) -> State {
    match kept.state.waits_for() {
        _ if kept.stuck.is_some() => State::Stuck,
        WaitsFor::Person(_) => State::Person,
        WaitsFor::Part(_) => State::Part,
        WaitsFor::Nothing => State::Timer,
    }
}

const fn state_of_stopped<S>(stopped: &Stopped<S>) -> State {
    match stopped {
        Stopped::Before { why: ParkReason::Crashed { .. }, .. } => State::Crashed,
        Stopped::Before { .. } | Stopped::CatchingUp { .. } => State::Parked,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_lowest_number_of_a_state_is_its_first() {
        let mut census = Census::default();
        for number in [9, 4, 7] {
            census.add(number, State::Part);
        }
        census.add(2, State::Crashed);
        let found = |state| census.states[state as usize];
        assert_eq!(found(State::Part), OpenSagas { count: 3, first: 4 });
        assert_eq!(found(State::Crashed), OpenSagas { count: 1, first: 2 });
        assert_eq!(found(State::Person), OpenSagas::default());
    }
}
