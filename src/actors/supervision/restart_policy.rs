//! The restart policy of a crashing instance: when it is restarted, and when it is quarantined.

use crate::actors::{settings::ActorSettings, support::Backoff};
use std::{
    collections::VecDeque,
    time::{Duration, Instant},
};

/// The recent crashes of one instance.
#[derive(Debug, Default)]
pub struct CrashWindow {
    times: VecDeque<Instant>,
}

/// The decision after a crash.
#[derive(Debug, PartialEq, Eq)]
pub enum RestartDecision {
    /// Rebuild after this pause.
    Rebuild(Duration),
    /// Quarantine the instance: it crashed too often.
    Quarantine,
}

impl CrashWindow {
    /// Counts a crash and decides what follows.
    pub fn count(&mut self, now: Instant, settings: &ActorSettings) -> RestartDecision {
        self.times.push_back(now);
        while self.times.front().is_some_and(|time| now - *time > settings.crash_window()) {
            self.times.pop_front();
        }
        if self.number() >= settings.crashes_max {
            return RestartDecision::Quarantine;
        }
        let base = Duration::from_millis(settings.crash_backoff_ms);
        let backoff = Backoff { base, max: Duration::MAX };
        RestartDecision::Rebuild(backoff.pause(self.number() - 1))
    }

    /// Returns the number of crashes within the window.
    pub fn number(&self) -> u32 {
        u32::try_from(self.times.len()).unwrap_or(u32::MAX)
    }

    /// Resets the count to zero.
    pub fn forget(&mut self) {
        self.times.clear();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_double_and_the_last_crash_quarantines() {
        let settings =
            ActorSettings { crashes_max: 3, crash_backoff_ms: 5, ..ActorSettings::default() };
        let mut crashes = CrashWindow::default();
        let now = Instant::now();
        assert_eq!(
            crashes.count(now, &settings),
            RestartDecision::Rebuild(Duration::from_millis(5))
        );
        assert_eq!(
            crashes.count(now, &settings),
            RestartDecision::Rebuild(Duration::from_millis(10))
        );
        assert_eq!(crashes.count(now, &settings), RestartDecision::Quarantine);
    }

    #[test]
    fn crashes_outside_the_window_do_not_count() {
        let settings = ActorSettings { crashes_max: 2, ..ActorSettings::default() };
        let mut crashes = CrashWindow::default();
        let now = Instant::now();
        crashes.count(now, &settings);
        let later = now + settings.crash_window() + Duration::from_secs(1);
        assert!(matches!(crashes.count(later, &settings), RestartDecision::Rebuild(_)));
    }
}
