//! The stored state of a saga instance.

use crate::domain::kernel::{Next, Saga, Timestamp};
use serde::{Deserialize, Serialize};

/// The stored state of one saga instance.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct SavedInstance<S> {
    /// The saga's state.
    pub state: S,
    /// The reason why a human has to act, if one has to.
    pub stuck: Option<String>,
    /// The time of the alarm, if one is set.
    pub alarm: Option<Timestamp>,
}

impl<S: Saga> SavedInstance<S> {
    /// Returns the state to store after a step; `None` when it equals the default state without an
    /// alarm.
    pub fn after(next: Next<S>, alarm: Option<Timestamp>) -> Option<Self> {
        match next {
            Next::Done => None,
            Next::Wait(state) if alarm.is_none() && state == S::default() => None,
            Next::Wait(state) => Some(Self { state, stuck: None, alarm }),
            Next::Stuck(state, why) => Some(Self { state, stuck: Some(why), alarm }),
        }
    }
}

/// A lagging instance: its commands are in delivery, and its state is that before the record that
/// led to them.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Lagging<S> {
    /// The number of the instance.
    pub number: u64,
    /// The last position the instance need not process again.
    pub after: u64,
    /// The state of the instance then.
    pub before: Option<SavedInstance<S>>,
}
