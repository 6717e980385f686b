//! One conversation of a saga, in memory and as it is written down.

use super::checkpoint::SavedInstance;
use crate::domain::kernel::Dispatch;
use std::collections::VecDeque;

/// A conversation in memory.
#[derive(Debug)]
pub struct Conversation<S> {
    /// How it stands; `None` when it is not open.
    pub kept: Option<SavedInstance<S>>,
    /// Reactions that are not over, oldest first; the commands of the first have been sent.
    pub said: VecDeque<Said<S>>,
}

/// One reaction.
#[derive(Debug)]
pub struct Said<S> {
    /// The position reacted to.
    pub trigger: u64,
    /// How the conversation stood before.
    pub before: Option<SavedInstance<S>>,
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
    pub const fn of(kept: Option<SavedInstance<S>>) -> Self {
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
