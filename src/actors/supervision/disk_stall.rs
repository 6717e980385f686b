//! The disk stall monitor: detects a commit that takes too long, and its end.

use crate::{
    actors::{
        operations::{OperationsEvent, OperationsLog},
        support::millis,
    },
    store::journal::Journal,
};
use std::time::{Duration, Instant};

/// A commit that takes longer counts as hanging: its clients cannot tell the difference.
const HANGING_AFTER: Duration = Duration::from_secs(2);

/// Returns the reason why the journal is down although it takes submissions, if it is.
pub fn hanging(journal: &Journal) -> Option<String> {
    let is_hanging = journal.committing()? > HANGING_AFTER;
    is_hanging.then(|| format!("a commit has taken longer than {} s", HANGING_AFTER.as_secs()))
}

/// Detects when the disk begins to hang and when it recovers, and notes both.
#[derive(Debug, Default)]
pub struct StallMonitor {
    since: Option<Instant>,
}

impl StallMonitor {
    /// Checks the present commit of the journal.
    pub fn look(&mut self, journal: &Journal, diary: &OperationsLog) {
        match (hanging(journal), self.since) {
            (Some(because), None) => {
                self.since = Some(Instant::now());
                diary.note(OperationsEvent::JournalBroke { because });
            }
            (None, Some(since)) => {
                self.since = None;
                // When the commit failed in the end, the journal notes its own recovery.
                if journal.takes().is_ok() {
                    diary.note(OperationsEvent::JournalHealed { after_ms: millis(since) });
                }
            }
            _ => {}
        }
    }
}
