//! The sliding window over the outcomes of recent calls, by number of calls or by time.

use super::rules::{BreakerRules, Span};
use std::{collections::VecDeque, time::Duration};

/// Counters over a set of calls.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Tally {
    /// Calls reported.
    pub calls: u32,
    /// Calls that failed.
    pub failures: u32,
    /// Calls that were slow.
    pub slow: u32,
}

impl Tally {
    /// The tally of one call.
    pub fn of(failed: bool, slow: bool) -> Self {
        Self { calls: 1, failures: failed.into(), slow: slow.into() }
    }

    /// Adds the counters of another tally.
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

/// Whether `part` of `calls` reaches this rate. A part of zero never does.
pub fn reaches(part: u32, calls: u32, rate: f64) -> bool {
    part > 0 && f64::from(part) >= rate * f64::from(calls)
}

/// A sliding window over calls.
#[derive(Clone, Debug)]
pub struct Window {
    span: Span,
    /// Single calls, or the calls of each second keyed by that second; oldest first.
    slices: VecDeque<(u64, Tally)>,
    sum: Tally,
    row: Row,
}

/// Failures in a row, without a success between them. Calls already under way when the first
/// failure was reported count once, together with it. Clients that start together time out
/// together, after all calls served in time; their failures show one moment of trouble.
#[derive(Clone, Copy, Debug, Default)]
struct Row {
    failures: u32,
    /// When the first failure was reported.
    since: Duration,
}

impl Row {
    fn hear(&mut self, now: Duration, began: Duration, failed: bool) {
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
        Self { span, slices: VecDeque::new(), sum: Tally::default(), row: Row::default() }
    }

    /// Adds the outcome of a call that began at `began`.
    pub fn hear(&mut self, now: Duration, began: Duration, call: Tally) {
        self.row.hear(now, began, call.failures > 0);
        self.slide(now);
        self.sum.add(call);
        match (self.span, self.slices.back_mut()) {
            (Span::Seconds(_), Some((second, slice))) if *second == now.as_secs() => {
                slice.add(call);
            }
            _ => self.slices.push_back((now.as_secs(), call)),
        }
        if matches!(self.span, Span::Calls(calls) if self.sum.calls > calls) {
            self.forget_oldest();
        }
    }

    /// Drops calls that are older than the span; no effect on a window over calls.
    pub fn slide(&mut self, now: Duration) {
        let Span::Seconds(seconds) = self.span else { return };
        let is_over = |(second, _): &(u64, Tally)| second + u64::from(seconds) <= now.as_secs();
        while self.slices.front().is_some_and(is_over) {
            self.forget_oldest();
        }
    }

    /// The tally of all calls in the window.
    pub const fn sum(&self) -> Tally {
        self.sum
    }

    /// The reason to open the gate, if there is one.
    pub fn verdict(&self, rules: &BreakerRules) -> Option<String> {
        let Tally { calls, failures, slow } = self.sum;
        let in_a_row = self.row.failures;
        if rules.consecutive_failures.is_some_and(|most| in_a_row >= most) {
            return Some(format!("{in_a_row} calls in a row failed"));
        }
        if calls < rules.minimum_calls {
            return None;
        }
        if reaches(failures, calls, rules.failure_rate) {
            return Some(format!("{failures} of {calls} calls failed"));
        }
        reaches(slow, calls, rules.slow_call_rate)
            .then(|| format!("{slow} of {calls} calls took too long"))
    }

    fn forget_oldest(&mut self) {
        if let Some((_, slice)) = self.slices.pop_front() {
            self.sum.subtract(slice);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const FINE: Tally = Tally { calls: 1, failures: 0, slow: 0 };
    const FAILED: Tally = Tally { calls: 1, failures: 1, slow: 0 };

    #[test]
    fn a_window_of_calls_knows_the_last_ones() {
        let mut window = Window::new(Span::Calls(3));
        for call in [FAILED, FAILED, FINE, FINE] {
            window.hear(Duration::ZERO, Duration::ZERO, call);
        }
        assert_eq!(window.sum(), Tally { calls: 3, failures: 1, slow: 0 });
    }

    #[test]
    fn a_window_of_seconds_forgets_what_is_over() {
        let mut window = Window::new(Span::Seconds(2));
        window.hear(Duration::from_millis(900), Duration::ZERO, FAILED);
        window.hear(Duration::from_millis(1_100), Duration::ZERO, FINE);
        assert_eq!(window.sum().calls, 2);
        window.slide(Duration::from_secs(2));
        assert_eq!(window.sum(), FINE);
    }
    #[test]
    fn failures_that_were_under_way_together_count_once_in_a_row() {
        let mut row = Row::default();
        let (began, timed_out) = (Duration::ZERO, Duration::from_millis(610));
        for _ in 0..100 {
            row.hear(timed_out, began, true);
        }
        assert_eq!(row.failures, 1);
        let next = Duration::from_millis(1_220);
        for _ in 0..100 {
            row.hear(next, timed_out, true);
        }
        assert_eq!(row.failures, 101, "whoever came after the first had failed");
        row.hear(next, timed_out, false);
        assert_eq!(row.failures, 0);
    }
}
