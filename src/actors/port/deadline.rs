//! The deadline of a call that a client waits for.

use crate::{actors::settings::PortSettings, domain::kernel::Timestamp};
use std::time::{Duration, Instant};

/// The time until which a call must be answered, and until which an attempt may start.
pub(super) struct Deadline {
    deadline: Instant,
    /// The latest start of an attempt. A later attempt would have less than half of its timeout.
    /// `None` when it is already too late.
    latest_start: Option<Instant>,
}

impl Deadline {
    /// Creates the deadline of a call that was recorded at `since` and read at `read_at`.
    pub(super) fn new(
        since: Timestamp,
        (now, read_at): (Timestamp, Instant),
        settings: &PortSettings,
    ) -> Self {
        let left = left(since, now, settings.within_ms);
        let attempt_ms = settings.timeout_ms.min(settings.within_ms);
        let until_latest_start = left.checked_sub(Duration::from_millis(attempt_ms / 2));
        let latest_start = until_latest_start.map(|until| read_at + until);
        Self { deadline: read_at + left, latest_start }
    }

    /// The latest start of an attempt; `None` when it is too late for any attempt.
    pub(super) fn latest_start(&self, now: Instant) -> Option<Instant> {
        self.latest_start.filter(|last| now <= *last)
    }

    /// This duration, bounded by the deadline.
    pub(super) fn at_most(&self, duration: Duration, now: Instant) -> Duration {
        duration.min(self.deadline.saturating_duration_since(now))
    }
}

/// The time that is left of `whole_ms` since then. A clock that was set back never yields more than
/// `whole_ms`.
pub(super) fn left(since: Timestamp, now: Timestamp, whole_ms: u64) -> Duration {
    let gone_ms = now.0.saturating_sub(since.0);
    Duration::from_millis(whole_ms.saturating_sub(gone_ms))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn deadline_after(gone_ms: u64) -> (Deadline, Instant) {
        let settings = PortSettings { timeout_ms: 300, within_ms: 900, ..PortSettings::default() };
        let read_at = Instant::now();
        let now = (Timestamp(1_000 + gone_ms), read_at);
        (Deadline::new(Timestamp(1_000), now, &settings), read_at)
    }

    #[test]
    fn an_attempt_starts_only_while_half_of_its_timeout_is_left() {
        let (deadline, read_at) = deadline_after(100);
        let after = |ms| read_at + Duration::from_millis(ms);
        let whole = Duration::from_millis(300);
        assert_eq!(deadline.at_most(whole, read_at), whole);
        assert!(deadline.latest_start(after(650)).is_some());
        assert_eq!(deadline.at_most(whole, after(650)), whole / 2);
        assert!(deadline.latest_start(after(651)).is_none());
        assert_eq!(deadline.at_most(whole, after(801)), Duration::ZERO);
    }

    #[test]
    fn a_call_that_is_read_after_its_latest_start_is_not_made() {
        let is_made = |gone_ms| {
            let (deadline, read_at) = deadline_after(gone_ms);
            deadline.latest_start(read_at).is_some()
        };
        assert!(is_made(750));
        assert!(!is_made(751) && !is_made(901) && !is_made(u64::MAX - 1_000));
    }

    #[test]
    fn a_clock_that_is_set_back_extends_no_deadline() {
        assert_eq!(left(Timestamp(9_000), Timestamp(0), 900), Duration::from_millis(900));
    }
}
