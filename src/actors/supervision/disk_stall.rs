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

/// Returns the reason why the journal is down although it accepts submissions, if it is.
pub fn stalled_commit(journal: &dyn Journal) -> Option<String> {
    let is_hanging = journal.committing()? > HANGING_AFTER;
    is_hanging.then(|| format!("a commit has taken longer than {} s", HANGING_AFTER.as_secs()))
}

/// Detects when the disk begins to hang and when it recovers. The operations log records both.
#[derive(Debug, Default)]
pub struct StallMonitor {
    since: Option<Instant>,
}

impl StallMonitor {
    /// Checks the current commit of the journal.
    pub fn check(&mut self, journal: &dyn Journal, operations_log: &OperationsLog) {
        match (stalled_commit(journal), self.since) {
            (Some(reason), None) => {
                self.since = Some(Instant::now());
                operations_log.record(OperationsEvent::JournalUnavailable { reason });
            }
            (None, Some(since)) => {
                self.since = None;
                // When the commit has failed in the end, the journal reports its recovery itself.
                if journal.check_accepting().is_ok() {
                    operations_log
                        .record(OperationsEvent::JournalRecovered { after_ms: millis(since) });
                }
            }
            _ => {}
        }
    }
}
