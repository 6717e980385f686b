//! The status of a saga instance, and the message that asks for it.

use crate::domain::kernel::{Awaits, Timestamp};
use actix::Message;
use serde_json::Value;

/// What a saga waits for.
#[derive(Clone, Debug)]
pub struct Waiting {
    /// `taxi/ride`
    pub saga: &'static str,
    /// Whom it waits for.
    pub awaits: Awaits,
    /// Where it stands, as JSON; null when it is over or has not begun.
    pub state: Value,
    /// Why it needs a human, if it does.
    pub stuck: Option<String>,
    /// When its alarm goes off.
    pub alarm: Option<Timestamp>,
}

/// What does the conversation of this number wait for?
#[derive(Message)]
#[rtype(result = "Result<Waiting, String>")]
pub struct Ask(pub u64);
