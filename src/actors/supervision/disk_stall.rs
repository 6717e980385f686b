//! Whether the disk under the journal hangs: a commit under way for too long, and the end of it.

use crate::{
    actors::{
        operations::{OperationsEvent, OperationsLog},
        support::millis,
    },
    store::journal::Journal,
};
use std::time::{Duration, Instant};

/// A commit that takes longer hangs, as far as anybody can tell who waits for it.
const HANGING_AFTER: Duration = Duration::from_secs(2);

/// Why the journal is down although it takes submissions, if it is.
pub fn hanging(journal: &Journal) -> Option<String> {
    let is_hanging = journal.committing()? > HANGING_AFTER;
    is_hanging.then(|| format!("a commit has taken longer than {} s", HANGING_AFTER.as_secs()))
}

/// Sees the disk hang and go on, and notes both.
#[derive(Debug, Default)]
pub struct StallMonitor {
    since: Option<Instant>,
}

impl StallMonitor {
    /// Looks at the journal.
    pub fn look(&mut self, journal: &Journal, diary: &OperationsLog) {
        match (hanging(journal), self.since) {
            (Some(because), None) => {
                self.since = Some(Instant::now());
                diary.note(OperationsEvent::JournalBroke { because });
            }
            (None, Some(since)) => {
                self.since = None;
                // Of one that failed in the end, the journal itself tells what became.
                if journal.takes().is_ok() {
                    diary.note(OperationsEvent::JournalHealed { after_ms: millis(since) });
                }
            }
            _ => {}
        }
    }
}
