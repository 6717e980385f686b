//! The log lines about the failures of one outside service.
//!
//! The first failure is logged at once. While the service fails, further lines follow at a fixed
//! pace, each with the number of failures since the last one. A line says when it answers again.

use crate::{actors::support::in_millis, sync};
use std::{
    sync::Mutex,
    time::{Duration, Instant},
};

/// The shortest time between two lines about failures.
const LINE_EVERY: Duration = Duration::from_secs(10);

/// Logs the failures of one outside service, and its recoveries.
pub(super) struct FailureLog {
    port: &'static str,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    /// The present failure; `None` while the service answers.
    failing: Option<Failing>,
    /// When the last line about a failure was written.
    last_line: Option<Instant>,
    /// The failures since that line.
    unreported: u64,
}

struct Failing {
    since: Instant,
    failures: u64,
    was_logged: bool,
}

/// The content of a line that is due.
#[derive(Debug, PartialEq, Eq)]
struct Report {
    /// The failures since the last line; after a recovery, all failures before it.
    failures: u64,
    /// How long the service has failed.
    lasting: Duration,
}

impl FailureLog {
    pub(super) fn new(port: &'static str) -> Self {
        Self { port, state: Mutex::default() }
    }

    /// Counts a failure of an attempt. The reason is for operators only.
    pub(super) fn failed(&self, reason: &str) {
        let report = sync::lock(&self.state).failed(Instant::now());
        if let Some(Report { failures, lasting }) = report {
            let (port, for_ms) = (self.port, in_millis(lasting));
            tracing::warn!(port, reason, failures, for_ms, "the outside service fails");
        }
    }

    /// Counts an answer.
    pub(super) fn answered(&self) {
        let report = sync::lock(&self.state).answered(Instant::now());
        if let Some(Report { failures, lasting }) = report {
            let (port, after_ms) = (self.port, in_millis(lasting));
            tracing::info!(port, failures, after_ms, "the outside service answers again");
        }
    }
}

impl State {
    fn failed(&mut self, now: Instant) -> Option<Report> {
        self.unreported += 1;
        let new = Failing { since: now, failures: 0, was_logged: false };
        let failing = self.failing.get_or_insert(new);
        failing.failures += 1;
        if self.last_line.is_some_and(|last| now.duration_since(last) < LINE_EVERY) {
            return None;
        }
        failing.was_logged = true;
        self.last_line = Some(now);
        let failures = std::mem::take(&mut self.unreported);
        Some(Report { failures, lasting: now.duration_since(failing.since) })
    }

    fn answered(&mut self, now: Instant) -> Option<Report> {
        let Failing { since, failures, was_logged } = self.failing.take()?;
        was_logged.then(|| Report { failures, lasting: now.duration_since(since) })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn report(failures: u64, lasting_s: u64) -> Report {
        Report { failures, lasting: Duration::from_secs(lasting_s) }
    }

    #[test]
    fn the_first_failure_is_logged_and_then_one_line_in_ten_seconds_and_the_recovery() {
        let (mut state, start) = (State::default(), Instant::now());
        let at = |seconds| start + Duration::from_secs(seconds);
        assert_eq!(state.answered(at(0)), None);
        assert_eq!(state.failed(at(0)), Some(report(1, 0)));
        assert_eq!((1..=9).find_map(|second| state.failed(at(second))), None);
        assert_eq!(state.failed(at(10)), Some(report(10, 10)));
        assert_eq!(state.failed(at(12)), None);
        assert_eq!(state.answered(at(13)), Some(report(12, 13)));
        assert_eq!(state.answered(at(14)), None);
    }

    #[test]
    fn a_service_that_fails_now_and_then_writes_two_lines_in_ten_seconds() {
        let (mut state, start) = (State::default(), Instant::now());
        let mut lines = 0;
        for second in 0..60 {
            let now = start + Duration::from_secs(second);
            lines += usize::from(state.failed(now).is_some());
            lines += usize::from(state.answered(now).is_some());
        }
        assert_eq!(lines, 12);
    }

    #[test]
    fn a_failure_that_lasts_is_logged_although_its_beginning_was_not() {
        let (mut state, start) = (State::default(), Instant::now());
        let at = |seconds| start + Duration::from_secs(seconds);
        assert_eq!(state.failed(at(0)), Some(report(1, 0)));
        assert_eq!(state.answered(at(1)), Some(report(1, 1)));
        assert_eq!(state.failed(at(2)), None);
        assert_eq!(state.failed(at(11)), Some(report(2, 9)));
        assert_eq!(state.answered(at(12)), Some(report(2, 10)));
    }
}
