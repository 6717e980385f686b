//! The retry schedule: when refused callers are asked to retry.

use std::time::Duration;

/// The recent pace of granted permits, and the retry moments already given out.
///
/// Each refused caller gets the next moment at which there will be room, and each a different one.
/// The moments are spaced for half of the pace at which permits are granted. The other half is
/// left for callers that come for the first time.
#[derive(Clone, Debug, Default)]
pub struct Returning {
    /// The second that is being counted. `passed` is its count, `per_s` the last known pace.
    second: u64,
    passed: u32,
    per_s: u32,
    /// The next retry moment that was not given out yet.
    next: Duration,
}

/// The retry delay when callers wait and no pace is known.
const UNKNOWN: Duration = Duration::from_secs(1);

impl Returning {
    /// Counts a granted permit.
    pub const fn let_through(&mut self, now: Duration) {
        if now.as_secs() != self.second {
            (self.second, self.per_s, self.passed) = (now.as_secs(), self.passed, 0);
        }
        self.passed += 1;
    }

    /// Gives out the next retry delay: not before `earliest`, not before the `waiting` callers can
    /// be served, and at most `longest`.
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

/// Spreads a delay to between 1 and 1.5 times its length, for dice from 0 to [`u64::MAX`]. Callers
/// that were refused together then do not retry together.
#[allow(clippy::cast_precision_loss)] // dice need no 64 bits
pub fn spread(whole: Duration, dice: u64) -> Duration {
    whole + whole.mul_f64(dice as f64 / u64::MAX as f64 / 2.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    const LONGEST: Duration = Duration::from_secs(30);

    #[test]
    fn those_turned_away_are_told_moments_that_half_of_the_pace_can_serve() {
        let mut returning = Returning::default();
        for _ in 0..100 {
            returning.let_through(Duration::ZERO);
        }
        let told: Vec<_> = (0..3)
            .map(|_| returning.tell(Duration::ZERO, Duration::ZERO, 10, LONGEST).as_millis())
            .collect();
        assert_eq!(told, [100, 120, 140]);
    }

    #[test]
    fn nobody_is_told_to_stay_away_for_longer_than_the_longest() {
        let mut returning = Returning::default();
        returning.let_through(Duration::ZERO);
        for _ in 0..100 {
            let told = returning.tell(Duration::ZERO, Duration::ZERO, 0, LONGEST);
            assert!(told <= LONGEST);
        }
    }

    #[test]
    fn the_spread_adds_up_to_a_half() {
        let second = Duration::from_secs(1);
        assert_eq!(spread(second, 0), second);
        assert_eq!(spread(second, u64::MAX), Duration::from_millis(1_500));
    }
}
