//! The diary of the house: what happens to its parts, as records of the journal under `madang/`.

use serde::{Deserialize, Serialize};

/// What happened to a part of the house. Stored; variants are only ever added, at the end.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Note {
    /// A gate opened, closed, or let some through to try.
    GateTurned {
        /// `taxi/payment`
        gate: String,
        /// What it is now: `closed`, `open`, `half-open`.
        to: String,
        /// Why.
        because: String,
    },
    /// The journal takes nothing more.
    JournalBroke {
        /// Why.
        because: String,
    },
    /// The journal takes submissions again.
    JournalHealed {
        /// After so many milliseconds.
        after_ms: u64,
    },
}

/// Writes the diary.
#[derive(Debug, Default)]
pub struct Diary {}

impl Diary {
    /// Writes a note down, soon: nobody waits for it, and nobody is held up by it.
    #[allow(clippy::unused_self)]
    pub fn note(&self, note: Note) {
        tracing::warn!(?note, "noted");
    }
}
