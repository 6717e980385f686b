//! One effect to be executed, and the messages about it.

use super::contract::EffectTask;
use crate::store::Record;
use actix::Message;
use std::sync::Arc;

/// An effect, and the record that asks for it.
pub(super) struct Job {
    pub(super) record: Arc<Record>,
    pub(super) trip: EffectTask,
}

/// An effect has given up its place: it is over, or nobody takes its outcome now.
#[derive(Message)]
#[rtype(result = "()")]
pub(super) struct Freed {
    pub(super) generation: u64,
}

/// An effect is over.
#[derive(Message)]
#[rtype(result = "()")]
pub(super) struct Finished {
    pub(super) record: Arc<Record>,
    pub(super) generation: u64,
    pub(super) went: Went,
}

/// What became of an effect.
pub(super) enum Went {
    /// Its outcome stands in the journal.
    Delivered,
    /// It was for nothing, and has to run again.
    InVain,
    /// It crashed, and what the crash said.
    Crashed(String),
}
