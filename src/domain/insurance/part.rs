//! How far one participant of a conversation that is decided or cancelled has come.

use serde::{Deserialize, Serialize};

/// What is still to come from a participant.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Part {
    /// It was asked for something that is not wanted any more, and has not answered.
    Asked,
    /// It was told, or is yet to be told, that it is over, and has not answered.
    Returning,
    /// Nothing is to come.
    Settled,
}
