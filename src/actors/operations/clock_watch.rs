//! The clock watch: detects a wall clock that jumped or is behind the last record.

use super::log::OperationsEvent;
use crate::{
    actors::support::{JUMP_MIN, Jump},
    domain::kernel::Timestamp,
};
use std::time::Duration;

impl Jump {
    /// Returns the note about the jump, with its consequence.
    pub(in crate::actors) fn noted(self) -> OperationsEvent {
        let (to, by, because) = match self {
            Self::Forward(by) => ("forward", by, "alarms whose time has passed go off at once"),
            Self::Back(by) => (
                "back",
                by,
                "alarms and times of records go on by the monotonic clock until the next restart",
            ),
        };
        noted(to, by, because)
    }
}

/// Returns the note about a wall clock that is behind the journal's last record at the start;
/// `None` when it is not.
pub(in crate::actors) fn behind(last_record: Timestamp, now: Timestamp) -> Option<OperationsEvent> {
    let by = Duration::from_millis(last_record.0.saturating_sub(now.0));
    let because = "it is behind the last record; alarms that were set before go off when it has \
                   reached their time";
    (by >= JUMP_MIN).then(|| noted("back", by, because))
}

fn noted(to: &str, by: Duration, because: &str) -> OperationsEvent {
    let by_ms = u64::try_from(by.as_millis()).unwrap_or(u64::MAX);
    OperationsEvent::ClockSet { to: to.to_owned(), by_ms, because: because.to_owned() }
}
