//! What is stored of a saga instance.

use crate::domain::kernel::{Next, Saga, Timestamp};
use serde::{Deserialize, Serialize};

/// What is written down of a conversation.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct SavedInstance<S> {
    /// Where it stands.
    pub state: S,
    /// Why it needs a human, if it does.
    pub stuck: Option<String>,
    /// When its alarm goes off.
    pub alarm: Option<Timestamp>,
}

impl<S: Saga> SavedInstance<S> {
    /// What is left to keep after a step; nothing when waiting is the same as not existing.
    pub fn after(next: Next<S>, alarm: Option<Timestamp>) -> Option<Self> {
        match next {
            Next::Done => None,
            Next::Wait(state) if alarm.is_none() && state == S::default() => None,
            Next::Wait(state) => Some(Self { state, stuck: None, alarm }),
            Next::Stuck(state, why) => Some(Self { state, stuck: Some(why), alarm }),
        }
    }
}

/// A conversation with commands still on their way, as it was before the record that led to them.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Lagging<S> {
    /// Which one.
    pub number: u64,
    /// The last position it need not hear again.
    pub after: u64,
    /// How it stood then.
    pub before: Option<SavedInstance<S>>,
}
