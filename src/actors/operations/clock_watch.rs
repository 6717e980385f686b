//! The clock watch: builds the operations event about a wall clock that jumped or is behind.

use super::log::OperationsEvent;
use crate::{
    actors::support::{JUMP_MIN, Jump},
    domain::kernel::Timestamp,
};
use std::time::Duration;

impl Jump {
    /// Returns the operations event about the jump, with its consequence.
    pub(in crate::actors) fn noted(self) -> OperationsEvent {
        let (to, by, reason) = match self {
            Self::Forward(by) => ("forward", by, "timers whose time has passed fire at once"),
            Self::Back(by) => (
                "back",
                by,
                "timers and record times follow the monotonic clock until the next restart",
            ),
        };
        clock_set(to, by, reason)
    }
}

/// Returns the operations event about a wall clock that is behind the journal's last record at the
/// start; `None` when it is not.
pub(in crate::actors) fn behind(last_record: Timestamp, now: Timestamp) -> Option<OperationsEvent> {
    let by = Duration::from_millis(last_record.0.saturating_sub(now.0));
    let reason = "it is behind the last record; timers that were set before fire when it has \
                   reached their time";
    (by >= JUMP_MIN).then(|| clock_set("back", by, reason))
}

fn clock_set(to: &str, by: Duration, reason: &str) -> OperationsEvent {
    let by_ms = u64::try_from(by.as_millis()).unwrap_or(u64::MAX);
    OperationsEvent::ClockSet { to: to.to_owned(), by_ms, reason: reason.to_owned() }
}
