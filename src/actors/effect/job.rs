//! The job of one effect to execute, and the messages about it.

use super::contract::EffectTask;
use crate::store::Record;
use actix::Message;
use std::sync::Arc;

/// An effect, and the record that requires it.
pub(super) struct Job {
    pub(super) record: Arc<Record>,
    pub(super) task: EffectTask,
    /// Whether the effect may have run before.
    pub(super) was_asked: bool,
}

/// An effect freed its place: it is finished, or its first delivery attempt is over.
#[derive(Message)]
#[rtype(result = "()")]
pub(super) struct Freed {
    pub(super) generation: u64,
}

/// An effect ended.
#[derive(Message)]
#[rtype(result = "()")]
pub(super) struct Finished {
    pub(super) record: Arc<Record>,
    pub(super) generation: u64,
    pub(super) outcome: ExecutionOutcome,
}

/// How an effect ended.
pub(super) enum ExecutionOutcome {
    /// Its outcome is in the journal.
    Delivered,
    /// Its outcome is stale, so it must run again.
    InVain,
    /// It crashed, with this panic message.
    Crashed(String),
}
