//! The status of a saga instance, and the message that asks for it.

use crate::domain::kernel::{Timestamp, WaitsFor};
use actix::Message;
use serde_json::Value;

/// The status of a saga instance: what it waits for.
#[derive(Clone, Debug)]
pub struct Waiting {
    /// `taxi/ride`
    pub saga: &'static str,
    /// The person or part that the instance waits for.
    pub waits_for: WaitsFor,
    /// The state as JSON; null when the instance is over or has not begun.
    pub state: Value,
    /// The reason why a person has to act, if manual action is needed.
    pub stuck: Option<String>,
    /// The time of the timer, if one is set.
    pub timer: Option<Timestamp>,
}

/// The message that asks for the status of the instance of this number.
#[derive(Message)]
#[rtype(result = "Result<Waiting, String>")]
pub struct Ask(pub u64);
