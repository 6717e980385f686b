//! What happened in a conversation, as it is shown.

use super::kinds::Role;
use crate::{
    actors::{api::Collection, saga::Waiting},
    domain::kernel::Timestamp,
};
use serde_json::Value;

/// One thing that happened in a conversation.
#[derive(Clone, Debug)]
pub struct ConversationEntry {
    /// Its place in the journal.
    pub position: u64,
    /// When.
    pub time: Timestamp,
    /// To whom: `orders`, or the saga whose alarm went off.
    pub whom: String,
    /// Its number.
    pub number: u64,
    /// Its version afterwards.
    pub version: u32,
    /// What.
    pub what: What,
    /// Who said so.
    pub speaker: Speaker,
    /// The position of what the speaker reacted to.
    pub because_of: Option<u64>,
}

/// What happened.
#[derive(Clone, Debug)]
pub enum What {
    /// An event: its name, and its details as JSON.
    Event(String, Value),
    /// A command was refused: its name, and the reason.
    Refused(String, String),
    /// A command was accepted and changed nothing: its name.
    Unchanged(String),
    /// An alarm went off.
    Woken,
}

/// Who said something.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Speaker {
    /// A client: a customer or staff, the journal does not tell.
    Client,
    /// A saga, a port or a lookup, by name.
    Part(Role, String),
    /// The time that was set.
    Alarm,
}

/// A page of a conversation, and how it stands.
#[derive(Clone, Debug)]
pub struct Conversation {
    /// What happened, in order.
    pub happenings: Collection<ConversationEntry>,
    /// What each saga of the business waits for.
    pub waiting: Vec<Waiting>,
}
