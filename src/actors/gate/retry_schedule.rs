//! The retry schedule: the delays after which refused callers retry.

use std::time::Duration;

/// The recent pace of granted permits, and the retry times that are already assigned.
///
/// Each refused caller gets the next free retry time, so no two callers get the same time. The
/// times are spaced for half of the pace at which permits are granted. The other half is left for
/// new callers.
#[derive(Clone, Debug, Default)]
pub struct RetrySchedule {
    /// The current second. `passed` counts its permits, and `per_s` is the last known pace.
    second: u64,
    passed: u32,
    per_s: u32,
    /// The next retry time that is not assigned yet.
    next: Duration,
}

/// The retry delay when callers wait and no pace is known.
const UNKNOWN: Duration = Duration::from_secs(1);

impl RetrySchedule {
    /// Counts a granted permit.
    pub const fn let_through(&mut self, now: Duration) {
        if now.as_secs() != self.second {
            (self.second, self.per_s, self.passed) = (now.as_secs(), self.passed, 0);
        }
        self.passed += 1;
    }

    /// Assigns the next retry time and returns its delay, at most `longest`. It is not before
    /// `earliest`, and not before the `waiting` callers can be served.
    pub fn tell(
        &mut self,
        now: Duration,
        earliest: Duration,
        waiting: usize,
        longest: Duration,
    ) -> Duration {
        let per_s = self.per_s.max(self.passed);
        let each = if per_s == 0 { Duration::ZERO } else { Duration::from_secs(1) / per_s };
        let served = if per_s == 0 && waiting > 0 {
            UNKNOWN
        } else {
            each.saturating_mul(u32::try_from(waiting).unwrap_or(u32::MAX))
        };
        let latest = now + longest;
        let moment = self.next.max(now + earliest.max(served)).min(latest);
        self.next = (moment + each * 2).min(latest);
        moment.saturating_sub(now)
    }
}

/// Spreads a delay to between 1 and 1.5 times its length. `dice` is a random number from 0 to
/// [`u64::MAX`]. So callers that are refused together do not retry together.
#[allow(clippy::cast_precision_loss)] // the spread needs no 64 bits
pub fn spread(whole: Duration, dice: u64) -> Duration {
    whole + whole.mul_f64(dice as f64 / u64::MAX as f64 / 2.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    const LONGEST: Duration = Duration::from_secs(30);

    #[test]
    fn refused_callers_get_retry_times_that_half_of_the_pace_can_serve() {
        let mut retry_schedule = RetrySchedule::default();
        for _ in 0..100 {
            retry_schedule.let_through(Duration::ZERO);
        }
        let delays: Vec<_> = (0..3)
            .map(|_| retry_schedule.tell(Duration::ZERO, Duration::ZERO, 10, LONGEST).as_millis())
            .collect();
        assert_eq!(delays, [100, 120, 140]);
    }

    #[test]
    fn a_retry_delay_never_exceeds_its_maximum() {
        let mut retry_schedule = RetrySchedule::default();
        retry_schedule.let_through(Duration::ZERO);
        for _ in 0..100 {
            let delay = retry_schedule.tell(Duration::ZERO, Duration::ZERO, 0, LONGEST);
            assert!(delay <= LONGEST);
        }
    }

    #[test]
    fn the_spread_adds_up_to_a_half() {
        let second = Duration::from_secs(1);
        assert_eq!(spread(second, 0), second);
        assert_eq!(spread(second, u64::MAX), Duration::from_millis(1_500));
    }
}
