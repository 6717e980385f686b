//! The time a question has that somebody waits for.

use crate::{actors::settings::PortSettings, domain::kernel::Timestamp};
use std::time::Duration;
use tokio::time::Instant;

/// Until when a question has to be answered, and asked.
pub(super) struct Hurry {
    deadline: Instant,
    /// After this, an attempt is not worth beginning: it would have less than half its time.
    /// `None` when that is so already.
    last_call: Option<Instant>,
}

impl Hurry {
    /// For a question since this time.
    pub(super) fn new(since: Timestamp, now: Timestamp, settings: &PortSettings) -> Self {
        let left = left(since, now, settings.within_ms);
        let attempt_ms = settings.timeout_ms.min(settings.within_ms);
        let until_last_call = left.checked_sub(Duration::from_millis(attempt_ms / 2));
        let begun = Instant::now();
        Self { deadline: begun + left, last_call: until_last_call.map(|until| begun + until) }
    }

    /// When an attempt may be begun at the latest; `None` when it is too late for any.
    pub(super) fn last_call(&self) -> Option<Instant> {
        self.last_call.filter(|last| Instant::now() <= *last)
    }

    /// Whether an attempt may be begun after this pause.
    pub(super) fn allows_after(&self, pause: Duration) -> bool {
        self.last_call.is_some_and(|last| Instant::now() + pause <= last)
    }

    /// So long, but not beyond the deadline.
    pub(super) fn at_most(&self, duration: Duration) -> Duration {
        duration.min(self.deadline.saturating_duration_since(Instant::now()))
    }
}

/// What is left now of so many milliseconds since then. A clock that was set back gives nobody
/// more than the whole.
pub(super) fn left(since: Timestamp, now: Timestamp, whole_ms: u64) -> Duration {
    let gone_ms = now.0.saturating_sub(since.0);
    Duration::from_millis(whole_ms.saturating_sub(gone_ms))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hurry(gone_ms: u64) -> Hurry {
        let settings = PortSettings { timeout_ms: 300, within_ms: 900, ..PortSettings::default() };
        Hurry::new(Timestamp(1_000), Timestamp(1_000 + gone_ms), &settings)
    }

    #[tokio::test(start_paused = true)]
    async fn an_attempt_is_begun_only_while_half_its_time_is_left() {
        let hurry = hurry(100);
        assert!(hurry.allows_after(Duration::from_millis(650)));
        assert!(!hurry.allows_after(Duration::from_millis(651)));
        assert_eq!(hurry.at_most(Duration::from_millis(300)), Duration::from_millis(300));
        tokio::time::advance(Duration::from_millis(650)).await;
        assert!(hurry.last_call().is_some());
        assert_eq!(hurry.at_most(Duration::from_millis(300)), Duration::from_millis(150));
        tokio::time::advance(Duration::from_millis(1)).await;
        assert!(hurry.last_call().is_none());
    }

    #[tokio::test(start_paused = true)]
    async fn what_waited_too_long_before_it_was_read_is_not_asked_at_all() {
        assert!(hurry(750).last_call().is_some());
        assert!(hurry(751).last_call().is_none());
        assert!(hurry(u64::MAX - 1_000).last_call().is_none());
    }

    #[test]
    fn a_clock_set_back_gives_nobody_more_time() {
        assert_eq!(left(Timestamp(9_000), Timestamp(0), 900), Duration::from_millis(900));
    }
}
