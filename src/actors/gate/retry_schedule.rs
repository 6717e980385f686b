//! When those who are turned away are told to come back.

use std::time::Duration;

/// How many were let through lately, and who has been told to come back when.
///
/// Everybody who is turned away is given the next moment at which there will be room, and not all
/// of them the same: moments are as far apart as half of the pace at which calls are let through
/// makes them, so that the other half is left for those who come for the first time.
#[derive(Clone, Debug, Default)]
pub struct Returning {
    /// The second that is counted, what was counted in it, and the last pace that is known.
    second: u64,
    passed: u32,
    per_s: u32,
    /// The next moment that nobody was told.
    next: Duration,
}

/// Without any pace known, this is as good a time as any.
const UNKNOWN: Duration = Duration::from_secs(1);

impl Returning {
    /// Somebody was let through.
    pub const fn let_through(&mut self, now: Duration) {
        if now.as_secs() != self.second {
            (self.second, self.per_s, self.passed) = (now.as_secs(), self.passed, 0);
        }
        self.passed += 1;
    }

    /// After how long somebody may come back for whom there is no room before `earliest`, or
    /// before these who wait have been served.
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

/// Between the whole and one and a half of it, for dice from 0 to [`u64::MAX`], so that those who
/// are turned away together do not come back together.
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
