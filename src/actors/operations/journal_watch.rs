//! The journal watch: notes in the operations log when the journal fails and when it has recovered.

use super::log::{OperationsEvent, OperationsLog};
use crate::store::journal::{Availability, AvailabilityObserver};
use std::sync::Arc;

/// Returns the observer that notes failures and recoveries of the journal.
pub fn witness(diary: &Arc<OperationsLog>) -> AvailabilityObserver {
    // A weak reference: the log's writer thread holds the journal, so a strong one would keep both
    // in memory.
    let diary = Arc::downgrade(diary);
    Arc::new(move |turn| {
        let note = match turn {
            Availability::Broke { because } => {
                tracing::error!(%because, "the journal takes nothing more");
                OperationsEvent::JournalBroke { because: because.to_string() }
            }
            Availability::Healed { after } => {
                let after_ms = u64::try_from(after.as_millis()).unwrap_or(u64::MAX);
                tracing::info!(after_ms, "the journal takes submissions again");
                OperationsEvent::JournalHealed { after_ms }
            }
        };
        if let Some(diary) = diary.upgrade() {
            diary.note(note);
        }
    })
}
