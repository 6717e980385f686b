//! One conversation of a saga, in memory and as it is written down.

use crate::domain::kernel::{Dispatch, Next, Saga, Timestamp};
use serde::{Deserialize, Serialize};
use std::collections::VecDeque;

/// What is written down of a conversation.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Kept<S> {
    /// Where it stands.
    pub state: S,
    /// Why it needs a human, if it does.
    pub stuck: Option<String>,
    /// When its alarm goes off.
    pub alarm: Option<Timestamp>,
}

impl<S: Saga> Kept<S> {
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
    pub before: Option<Kept<S>>,
}

/// A conversation in memory.
#[derive(Debug)]
pub struct Conversation<S> {
    /// How it stands; `None` when it is not open.
    pub kept: Option<Kept<S>>,
    /// Reactions that are not over, oldest first; the commands of the first have been sent.
    pub said: VecDeque<Said<S>>,
}

/// One reaction.
#[derive(Debug)]
pub struct Said<S> {
    /// The position reacted to.
    pub trigger: u64,
    /// How the conversation stood before.
    pub before: Option<Kept<S>>,
    /// What came of it.
    pub reaction: Reaction,
}

/// What came of hearing a record.
#[derive(Debug)]
pub enum Reaction {
    /// Commands to be sent, each with its place among those of the reaction.
    Commands(Vec<(u16, Dispatch)>),
    /// A crash, for this reason: once everything before is over, the conversation stops.
    Crash(String),
}

impl<S> Conversation<S> {
    /// A conversation with nothing on its way.
    pub const fn of(kept: Option<Kept<S>>) -> Self {
        Self { kept, said: VecDeque::new() }
    }

    /// Whether it crashed and hears nothing more.
    pub fn is_crashed(&self) -> bool {
        self.said.back().is_some_and(|said| matches!(said.reaction, Reaction::Crash(_)))
    }
}

impl<S> Default for Conversation<S> {
    fn default() -> Self {
        Self::of(None)
    }
}
