//! The deadline of a question that a client waits for.

use crate::{actors::settings::PortSettings, domain::kernel::Timestamp};
use std::time::{Duration, Instant};

/// Until when a question has to be answered, and until when an attempt may begin.
pub(super) struct Deadline {
    deadline: Instant,
    /// The latest start of an attempt; a later one would have less than half its time. `None` when
    /// that is so already.
    last_call: Option<Instant>,
}

impl Deadline {
    /// The deadline of a question recorded at `since`, read from the journal now.
    pub(super) fn new(
        since: Timestamp,
        (now, read_at): (Timestamp, Instant),
        settings: &PortSettings,
    ) -> Self {
        let left = left(since, now, settings.within_ms);
        let attempt_ms = settings.timeout_ms.min(settings.within_ms);
        let until_last_call = left.checked_sub(Duration::from_millis(attempt_ms / 2));
        let last_call = until_last_call.map(|until| read_at + until);
        Self { deadline: read_at + left, last_call }
    }

    /// When an attempt may begin at the latest; `None` when it is too late for any.
    pub(super) fn last_call(&self, now: Instant) -> Option<Instant> {
        self.last_call.filter(|last| now <= *last)
    }

    /// This duration, cut off at the deadline.
    pub(super) fn at_most(&self, duration: Duration, now: Instant) -> Duration {
        duration.min(self.deadline.saturating_duration_since(now))
    }
}

/// The time left of `whole_ms` since then. A clock that was set back never gives more than the
/// whole.
pub(super) fn left(since: Timestamp, now: Timestamp, whole_ms: u64) -> Duration {
    let gone_ms = now.0.saturating_sub(since.0);
    Duration::from_millis(whole_ms.saturating_sub(gone_ms))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hurry(gone_ms: u64) -> (Deadline, Instant) {
        let settings = PortSettings { timeout_ms: 300, within_ms: 900, ..PortSettings::default() };
        let read_at = Instant::now();
        let now = (Timestamp(1_000 + gone_ms), read_at);
        (Deadline::new(Timestamp(1_000), now, &settings), read_at)
    }

    #[test]
    fn an_attempt_is_begun_only_while_half_its_time_is_left() {
        let (hurry, read_at) = hurry(100);
        let after = |ms| read_at + Duration::from_millis(ms);
        let whole = Duration::from_millis(300);
        assert_eq!(hurry.at_most(whole, read_at), whole);
        assert!(hurry.last_call(after(650)).is_some());
        assert_eq!(hurry.at_most(whole, after(650)), whole / 2);
        assert!(hurry.last_call(after(651)).is_none());
        assert_eq!(hurry.at_most(whole, after(801)), Duration::ZERO);
    }

    #[test]
    fn what_waited_too_long_before_it_was_read_is_not_asked_at_all() {
        let is_asked = |gone_ms| {
            let (hurry, read_at) = hurry(gone_ms);
            hurry.last_call(read_at).is_some()
        };
        assert!(is_asked(750));
        assert!(!is_asked(751) && !is_asked(901) && !is_asked(u64::MAX - 1_000));
    }

    #[test]
    fn a_clock_set_back_gives_nobody_more_time() {
        assert_eq!(left(Timestamp(9_000), Timestamp(0), 900), Duration::from_millis(900));
    }
}
