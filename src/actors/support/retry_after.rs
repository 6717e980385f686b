//! The value of `Retry-After`. It is derived from the drain rate of a queue. A random spread
//! ensures that clients refused together do not retry together.

use crate::random::between;
use crate::sync;
use std::{
    sync::Mutex,
    time::{Duration, Instant},
};

/// The wait when no better estimate is known, and the shortest wait in any case.
const SOON: Duration = Duration::from_secs(1);

/// The longest wait in the answer of a full queue.
const DRAINED_MAX: Duration = Duration::from_secs(30);

/// Observations over less time than this are too short to give a drain rate.
const SEEN_FOR_MIN: Duration = Duration::from_millis(100);

/// Observations older than this are out of date.
const SEEN_FOR_MAX: Duration = Duration::from_secs(5);

/// The drain rate of a queue, observed by callers that found it full.
#[derive(Debug, Default)]
pub struct DrainRate {
    seen: Mutex<Seen>,
}

/// Two observations of the total drained so far. Current rates are measured from the first, later
/// rates from the second.
#[derive(Debug, Default)]
struct Seen {
    first: Option<(Instant, u64)>,
    second: Option<(Instant, u64)>,
}

impl DrainRate {
    /// The time until `waiting` entries have drained, given that `gone` have drained so far.
    pub fn time_of(&self, waiting: u64, gone: u64, now: Instant) -> Duration {
        let mut seen = sync::lock(&self.seen);
        seen.observe(now, gone);
        let Some((at, gone_then)) = seen.first else { return SOON };
        let elapsed = now.saturating_duration_since(at);
        if elapsed < SEEN_FOR_MIN {
            return SOON;
        }
        let gone_meanwhile = u128::from(gone.saturating_sub(gone_then).max(1));
        let drained_ms = elapsed.as_millis() * u128::from(waiting) / gone_meanwhile;
        let drained_ms = u64::try_from(drained_ms).unwrap_or(u64::MAX);
        Duration::from_millis(drained_ms).clamp(SOON, DRAINED_MAX)
    }
}

impl Seen {
    fn observe(&mut self, now: Instant, gone: u64) {
        let age =
            |seen: &Option<(Instant, u64)>| seen.map(|(at, _)| now.saturating_duration_since(at));
        if age(&self.second).is_none_or(|age| age > SEEN_FOR_MAX) {
            *self = Self { first: Some((now, gone)), second: Some((now, gone)) };
        } else if age(&self.first).is_some_and(|age| age > SEEN_FOR_MAX) {
            *self = Self { first: self.second, second: Some((now, gone)) };
        }
    }
}

/// The wait as a value of `Retry-After`: whole seconds, at least one. A random number of seconds is
/// added. It is at most half of the wait, or one second for a short wait.
#[must_use]
pub fn whole_seconds_spread(wait: Duration) -> u32 {
    let least = u32::try_from(wait.as_millis().div_ceil(1_000)).unwrap_or(u32::MAX).max(1);
    let more_max = (least / 2).max(1);
    let more = between(0, more_max.into());
    least.saturating_add(u32::try_from(more).unwrap_or_default())
}

/// [`whole_seconds_spread`] of a short wait, for when no better estimate is known.
pub fn soon() -> u32 {
    whole_seconds_spread(SOON)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn after(begin: Instant, ms: u64) -> Instant {
        begin + Duration::from_millis(ms)
    }

    #[test]
    fn the_first_client_that_finds_a_queue_full_is_told_to_retry_soon() {
        assert_eq!(DrainRate::default().time_of(1_000_000, 5, Instant::now()), SOON);
    }

    #[test]
    fn the_wait_follows_from_the_recent_drain_rate() {
        let (drain, begin) = (DrainRate::default(), Instant::now());
        drain.time_of(1_000, 0, begin);
        assert_eq!(drain.time_of(1_000, 100, after(begin, 1_000)), Duration::from_secs(10));
        assert_eq!(drain.time_of(1_000, 40_000, after(begin, 2_000)), SOON);
    }

    #[test]
    fn a_queue_that_does_not_drain_is_answered_with_the_longest_wait() {
        let (drain, begin) = (DrainRate::default(), Instant::now());
        drain.time_of(1_000, 7, begin);
        assert_eq!(drain.time_of(1_000, 7, after(begin, 500)), DRAINED_MAX);
    }

    #[test]
    fn old_observations_do_not_count() {
        let (drain, begin) = (DrainRate::default(), Instant::now());
        drain.time_of(1_000, 0, begin);
        let much_later = after(begin, 3_600_000);
        assert_eq!(drain.time_of(1_000, 100, much_later), SOON);
        let then = after(much_later, 1_000);
        assert_eq!(drain.time_of(1_000, 600, then), Duration::from_secs(2));
    }

    #[test]
    fn under_lasting_overload_only_the_last_seconds_count() {
        let (drain, begin) = (DrainRate::default(), Instant::now());
        for second in 0..20 {
            drain.time_of(500, second * 1_000, after(begin, second * 1_000));
        }
        let stood_still = (20..40).map(|second| after(begin, second * 1_000));
        let waits: Vec<_> = stood_still.map(|now| drain.time_of(500, 20_000, now)).collect();
        assert_eq!(waits.last(), Some(&DRAINED_MAX));
    }

    #[test]
    fn clients_refused_together_retry_at_different_times() {
        let waits = |wait| (0..200).map(move |_| whole_seconds_spread(wait));
        let soon: std::collections::BTreeSet<_> = waits(Duration::ZERO).collect();
        assert_eq!(soon, [1, 2].into());
        let later: Vec<_> = waits(Duration::from_millis(9_001)).collect();
        assert!(later.iter().all(|seconds| (10..=15).contains(seconds)), "{later:?}");
        assert!(later.iter().any(|seconds| *seconds != later[0]));
    }
}
