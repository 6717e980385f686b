//! The stored state of a saga instance.

use crate::domain::kernel::{NextState, Saga, Timestamp};
use serde::{Deserialize, Serialize};

/// The stored state of one saga instance.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct SavedInstance<S> {
    /// The saga's state.
    pub state: S,
    /// The reason why a person has to act, if manual action is needed.
    pub stuck: Option<String>,
    /// The time of the timer, if one is set.
    pub timer: Option<Timestamp>,
}

impl<S: Saga> SavedInstance<S> {
    /// Returns the state to store after a step; `None` when it equals the default state without a
    /// timer.
    pub fn after(next: NextState<S>, timer: Option<Timestamp>) -> Option<Self> {
        match next {
            NextState::Done => None,
            NextState::Wait(state) if timer.is_none() && state == S::default() => None,
            NextState::Wait(state) => Some(Self { state, stuck: None, timer }),
            NextState::Stuck(state, why) => Some(Self { state, stuck: Some(why), timer }),
        }
    }
}

/// An undelivered instance: its commands are in delivery. Its state is that before the record that
/// led to them.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct UndeliveredInstance<S> {
    /// The number of the instance.
    pub number: u64,
    /// The last position the instance need not process again.
    pub after: u64,
    /// The state of the instance at that position.
    pub before: Option<SavedInstance<S>>,
}
