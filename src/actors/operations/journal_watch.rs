//! The journal watch: records failures and recoveries of the journal in the operations log.

use super::log::{OperationsEvent, OperationsLog};
use crate::store::journal::{Availability, AvailabilityObserver};
use std::sync::Arc;

/// Returns the observer that records failures and recoveries of the journal.
pub fn observer(operations_log: &Arc<OperationsLog>) -> AvailabilityObserver {
    // A weak reference: the log's writer thread holds the journal, so a strong one would keep both
    // in memory.
    let operations_log = Arc::downgrade(operations_log);
    Arc::new(move |availability| {
        let event = match availability {
            Availability::Unavailable { reason } => {
                tracing::error!(%reason, "the journal accepts no more submissions");
                OperationsEvent::JournalUnavailable { reason: reason.to_string() }
            }
            Availability::Recovered { after } => {
                let after_ms = u64::try_from(after.as_millis()).unwrap_or(u64::MAX);
                tracing::info!(after_ms, "the journal accepts submissions again");
                OperationsEvent::JournalRecovered { after_ms }
            }
        };
        if let Some(operations_log) = operations_log.upgrade() {
            operations_log.record(event);
        }
    })
}
