//! One saga instance in memory, with its unfinished reactions.

use super::checkpoint::SavedInstance;
use crate::{actors::dispatch::Inherited, domain::kernel::Dispatch};
use std::collections::VecDeque;

/// A saga instance in memory.
#[derive(Debug)]
pub struct Conversation<S> {
    /// The state; `None` when the instance is not open.
    pub kept: Option<SavedInstance<S>>,
    /// Unfinished reactions, oldest first. The commands of the first are sent.
    pub reactions: VecDeque<PendingReaction<S>>,
}

/// An unfinished reaction of an instance to a record.
#[derive(Debug)]
pub struct PendingReaction<S> {
    /// The position of the record that caused the reaction.
    pub trigger: u64,
    /// What its commands inherit from that record.
    pub inherited: Inherited,
    /// The state of the instance before the record.
    pub before: Option<SavedInstance<S>>,
    /// The result of the step.
    pub reaction: Reaction,
}

/// The result of a step: commands or a crash.
#[derive(Debug)]
pub enum Reaction {
    /// The commands to send, each with its index in the reaction.
    Commands(Vec<(u16, Dispatch)>),
    /// A crash with this reason. The instance is parked once all earlier reactions are finished.
    Crash(String),
}

impl<S> Conversation<S> {
    /// Creates an instance without unfinished reactions.
    pub const fn of(kept: Option<SavedInstance<S>>) -> Self {
        Self { kept, reactions: VecDeque::new() }
    }

    /// Returns whether the instance crashed and takes no more input.
    pub fn is_crashed(&self) -> bool {
        self.reactions.back().is_some_and(|last| matches!(last.reaction, Reaction::Crash(_)))
    }
}

impl<S> Default for Conversation<S> {
    fn default() -> Self {
        Self::of(None)
    }
}
