//! The sliding window over the outcomes of recent calls, by number of calls or by time.

use super::rules::{BreakerRules, Span};
use crate::counted::counted;
use std::{collections::VecDeque, time::Duration};

/// Counters over a set of calls.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct CallCounts {
    /// Calls reported.
    pub calls: u32,
    /// Calls that failed.
    pub failures: u32,
    /// Calls that were slow.
    pub slow: u32,
}

impl CallCounts {
    /// The counts of one call.
    pub fn of(failed: bool, slow: bool) -> Self {
        Self { calls: 1, failures: failed.into(), slow: slow.into() }
    }

    /// Adds these counts.
    pub const fn add(&mut self, other: Self) {
        self.calls += other.calls;
        self.failures += other.failures;
        self.slow += other.slow;
    }

    const fn subtract(&mut self, other: Self) {
        self.calls -= other.calls;
        self.failures -= other.failures;
        self.slow -= other.slow;
    }
}

/// Whether `part` of `calls` reaches this rate. A part of zero never reaches it.
pub fn reaches(part: u32, calls: u32, rate: f64) -> bool {
    part > 0 && f64::from(part) >= rate * f64::from(calls)
}

/// A sliding window over calls.
#[derive(Clone, Debug)]
pub struct Window {
    span: Span,
    /// Single calls, or the calls of each second keyed by that second; oldest first.
    slices: VecDeque<(u64, CallCounts)>,
    sum: CallCounts,
    row: Row,
}

/// Failures in a row, without a success between them. Calls that were under way when the first
/// failure was reported count once, together with it. Calls that start together time out
/// together, after all calls that were served in time. Their failures have one cause.
#[derive(Clone, Copy, Debug, Default)]
struct Row {
    failures: u32,
    /// When the first failure was reported.
    since: Duration,
}

impl Row {
    fn record(&mut self, now: Duration, began: Duration, failed: bool) {
        *self = match *self {
            _ if !failed => Self::default(),
            Self { failures: 0, .. } => Self { failures: 1, since: now },
            Self { failures, since } if began >= since => {
                Self { failures: failures.saturating_add(1), since }
            }
            same_moment => same_moment,
        };
    }
}

impl Window {
    /// Creates an empty window.
    pub fn new(span: Span) -> Self {
        Self { span, slices: VecDeque::new(), sum: CallCounts::default(), row: Row::default() }
    }

    /// Adds the outcome of a call that began at `began`.
    pub fn record(&mut self, now: Duration, began: Duration, call: CallCounts) {
        self.row.record(now, began, call.failures > 0);
        self.slide(now);
        self.sum.add(call);
        match (self.span, self.slices.back_mut()) {
            (Span::Seconds(_), Some((second, slice))) if *second == now.as_secs() => {
                slice.add(call);
            }
            _ => self.slices.push_back((now.as_secs(), call)),
        }
        if matches!(self.span, Span::Calls(calls) if self.sum.calls > calls) {
            self.drop_oldest();
        }
    }

    /// Drops calls that are older than the span. A window over calls is not changed.
    pub fn slide(&mut self, now: Duration) {
        let Span::Seconds(seconds) = self.span else { return };
        let is_too_old =
            |(second, _): &(u64, CallCounts)| second + u64::from(seconds) <= now.as_secs();
        while self.slices.front().is_some_and(is_too_old) {
            self.drop_oldest();
        }
    }

    /// The counts of all calls in the window.
    pub const fn sum(&self) -> CallCounts {
        self.sum
    }

    /// The reason to open the gate, if there is one.
    pub fn verdict(&self, rules: &BreakerRules) -> Option<String> {
        let CallCounts { calls, failures, slow } = self.sum;
        let in_a_row = self.row.failures;
        if rules.consecutive_failures.is_some_and(|most| in_a_row >= most) {
            return Some(format!("{} in a row failed", counted(in_a_row, "call")));
        }
        if calls < rules.minimum_calls {
            return None;
        }
        if reaches(failures, calls, rules.failure_rate) {
            return Some(format!("{failures} of {} failed", counted(calls, "call")));
        }
        reaches(slow, calls, rules.slow_call_rate)
            .then(|| format!("{slow} of {} took too long", counted(calls, "call")))
    }

    fn drop_oldest(&mut self) {
        if let Some((_, slice)) = self.slices.pop_front() {
            self.sum.subtract(slice);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const FINE: CallCounts = CallCounts { calls: 1, failures: 0, slow: 0 };
    const FAILED: CallCounts = CallCounts { calls: 1, failures: 1, slow: 0 };

    #[test]
    fn a_window_of_calls_holds_the_last_calls() {
        let mut window = Window::new(Span::Calls(3));
        for call in [FAILED, FAILED, FINE, FINE] {
            window.record(Duration::ZERO, Duration::ZERO, call);
        }
        assert_eq!(window.sum(), CallCounts { calls: 3, failures: 1, slow: 0 });
    }

    #[test]
    fn a_window_of_seconds_drops_calls_that_are_too_old() {
        let mut window = Window::new(Span::Seconds(2));
        window.record(Duration::from_millis(900), Duration::ZERO, FAILED);
        window.record(Duration::from_millis(1_100), Duration::ZERO, FINE);
        assert_eq!(window.sum().calls, 2);
        window.slide(Duration::from_secs(2));
        assert_eq!(window.sum(), FINE);
    }

    #[test]
    fn failures_that_were_under_way_together_count_once_in_a_row() {
        let mut row = Row::default();
        let (began, timed_out) = (Duration::ZERO, Duration::from_millis(610));
        for _ in 0..100 {
            row.record(timed_out, began, true);
        }
        assert_eq!(row.failures, 1);
        let next = Duration::from_millis(1_220);
        for _ in 0..100 {
            row.record(next, timed_out, true);
        }
        assert_eq!(row.failures, 101, "calls that began after the first failure");
        row.record(next, timed_out, false);
        assert_eq!(row.failures, 0);
    }
}
