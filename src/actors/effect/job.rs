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

/// An effect has freed its place: it is finished, or its first delivery attempt is over.
#[derive(Message)]
#[rtype(result = "()")]
pub(super) struct Freed {
    pub(super) generation: u64,
}

/// An effect has ended.
#[derive(Message)]
#[rtype(result = "()")]
pub(super) struct Finished {
    pub(super) record: Arc<Record>,
    pub(super) generation: u64,
    pub(super) went: Went,
}

/// How an effect ended.
pub(super) enum Went {
    /// Its outcome stands in the journal.
    Delivered,
    /// Its outcome is stale, and it has to run again.
    InVain,
    /// It crashed, with this panic message.
    Crashed(String),
}
