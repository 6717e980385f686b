//! The entries of a conversation, as clients see them.

use super::kinds::Role;
use crate::{
    actors::{api::Collection, saga::Waiting},
    domain::kernel::Timestamp,
    store::Principal,
};
use serde_json::Value;

/// An entry of a conversation: one record.
#[derive(Clone, Debug)]
pub struct ConversationEntry {
    /// The position of the record in the journal.
    pub position: u64,
    /// The time of the record.
    pub time: Timestamp,
    /// The kind of the record's history: `orders`, or the saga whose timer fired.
    pub whom: String,
    /// The number of the history.
    pub number: u64,
    /// The version of the history after the record.
    pub version: u32,
    /// The content of the record.
    pub what: What,
    /// The sender of the command.
    pub issuer: Issuer,
    /// The position of the record that the sender reacted to.
    pub because_of: Option<u64>,
}

/// The content of an entry.
#[derive(Clone, Debug)]
pub enum What {
    /// An event: its name, and its details as JSON.
    Event(String, Value),
    /// A command was refused: its name, and the reason.
    Refused(String, String),
    /// A command was accepted and changed nothing: its name.
    Unchanged(String),
    /// A timer fired.
    TimerFired,
}

/// The sender of a command.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Issuer {
    /// A client; its subject and role when identity is configured.
    Client(Option<Principal>),
    /// A saga, a port or a lookup, by name.
    Part(Role, String),
    /// A timer that fired, of the saga with this name.
    Timer(String),
}

/// A page of a conversation, and the status of its sagas.
#[derive(Clone, Debug)]
pub struct Conversation {
    /// The entries, in order of position.
    pub happenings: Collection<ConversationEntry>,
    /// The status of each saga of the business.
    pub waiting: Vec<Waiting>,
}
