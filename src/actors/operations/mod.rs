//! Operations: components that can be suspended, persisted settings of gates, the quarantine, and the
//! operations log. All but the quarantine are durable in streams of the journal.

pub mod clock_watch;
mod components;
mod gate_log;
mod gate_settings;
pub mod journal_watch;
pub mod log;
mod quarantine;
pub mod system_stream;

pub use components::{COMPONENTS, Component, Components, Transition};
pub use gate_settings::{GATE_SETTINGS, GateChange, GateSettingsLog};
pub use log::{OPERATIONS_LOG, OperationsEvent, OperationsLog};
pub use quarantine::{Quarantine, Release};

use crate::store::{
    KindId, Record,
    journal::{Journal, StoreError},
};

/// A function that checks whether this binary can read an event of a system stream.
type CheckEvent = fn(&Record, &[u8]) -> Result<(), String>;

/// The kinds of the system streams of a journal, each with the check of its events.
pub struct SystemKinds([(KindId, CheckEvent); 3]);

impl SystemKinds {
    /// The kinds in this journal.
    ///
    /// # Errors
    /// When the journal does not accept a kind.
    pub fn of(journal: &dyn Journal) -> Result<Self, StoreError> {
        Ok(Self([
            (journal.kind(COMPONENTS)?, |_, bytes| {
                system_stream::read::<Transition>(bytes).map(drop)
            }),
            (journal.kind(GATE_SETTINGS)?, GateChange::check),
            (journal.kind(OPERATIONS_LOG)?, |_, bytes| {
                system_stream::read::<OperationsEvent>(bytes).map(drop)
            }),
        ]))
    }

    /// Checks an event of a system stream; `None` when its kind is no such kind.
    pub fn check(&self, record: &Record, event: &[u8]) -> Option<Result<(), String>> {
        let (_, check) = self.0.iter().find(|(kind, _)| *kind == record.stream.kind)?;
        Some(check(record, event))
    }
}
