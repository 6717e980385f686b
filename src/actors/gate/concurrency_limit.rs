//! The concurrency limit of a gate: unlimited, fixed, or adapted to the measured latency.

use super::rules::LimitRules;
use std::time::Duration;

/// The minimum number of calls in a round. The limit changes only between rounds.
const ROUND_CALLS_MIN: u32 = 10;

/// The length of the long-term average latency, in rounds.
const LONG_ROUNDS: f64 = 60.0;

/// The latency of a round may be this multiple of the long-term average before it lowers the limit.
const TOLERANCE: f64 = 1.5;

/// The weight of a new limit relative to the current one.
const SMOOTHING: f64 = 0.2;

/// The factor applied to the limit after a round in which calls failed.
const BACKOFF: f64 = 0.9;

/// The limit of calls under way.
#[derive(Clone, Debug)]
pub enum Limit {
    /// Any number of calls.
    Unlimited,
    /// This many calls.
    Fixed(usize),
    /// A number of calls that follows the measured latency.
    Adaptive(Gradient),
}

impl Limit {
    /// Creates the limit that the rules define.
    pub fn new(rules: LimitRules) -> Self {
        match rules {
            LimitRules::Unlimited => Self::Unlimited,
            LimitRules::Fixed(calls) => Self::Fixed(calls),
            LimitRules::Adaptive { min, max } => Self::Adaptive(Gradient::new(min, max)),
        }
    }

    /// How many calls may be under way now; `None` when unlimited.
    pub const fn calls(&self) -> Option<usize> {
        match self {
            Self::Unlimited => None,
            Self::Fixed(calls) => Some(*calls),
            Self::Adaptive(gradient) => Some(gradient.calls()),
        }
    }

    /// Whether one more call may start in addition to these.
    pub const fn has_capacity(&self, under_way: usize) -> bool {
        match self.calls() {
            None => true,
            Some(calls) => under_way < calls,
        }
    }

    /// Records the duration of a call, and how many calls were under way when it ended.
    pub fn record(&mut self, took: Duration, under_way: usize, failed: bool) {
        if let Self::Adaptive(gradient) = self {
            gradient.record(took, under_way, failed);
        }
    }
}

/// The adaptive limit, after `Gradient2Limit` of Netflix's concurrency-limits. The limit follows
/// the ratio of the long-term average latency to the average latency of the last round. The square
/// root of the limit is added for the queue of a burst. A failure says nothing about latency, but
/// it indicates overload.
#[derive(Clone, Debug)]
pub struct Gradient {
    limit: f64,
    min: f64,
    max: f64,
    /// The long-term average latency, in seconds; zero before the first round.
    long_s: f64,
    round: Round,
}

#[derive(Clone, Debug, Default)]
struct Round {
    calls: u32,
    took_s: f64,
    /// The largest number of calls that were under way at once.
    busiest: usize,
    failed: bool,
}

impl Gradient {
    #[allow(clippy::cast_precision_loss)] // calls under way stay below 2^52
    fn new(min: usize, max: usize) -> Self {
        let (min, max) = (min as f64, max as f64);
        Self { limit: 20.0_f64.clamp(min, max), min, max, long_s: 0.0, round: Round::default() }
    }

    #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)] // clamped to usizes
    const fn calls(&self) -> usize {
        self.limit as usize
    }

    fn record(&mut self, took: Duration, under_way: usize, failed: bool) {
        let round = &mut self.round;
        round.calls += 1;
        round.took_s += took.as_secs_f64();
        round.busiest = round.busiest.max(under_way);
        round.failed |= failed;
        let calls_min = u32::try_from(self.calls()).unwrap_or(u32::MAX).max(ROUND_CALLS_MIN);
        if self.round.calls >= calls_min {
            self.end_round();
        }
    }

    fn end_round(&mut self) {
        let round = std::mem::take(&mut self.round);
        let short_s = round.took_s / f64::from(round.calls);
        if self.long_s == 0.0 {
            self.long_s = short_s;
        }
        self.long_s += (short_s - self.long_s) / LONG_ROUNDS;
        // After a long period of high latency, the average follows the recovery faster.
        if self.long_s > 2.0 * short_s {
            self.long_s *= 0.95;
        }
        if round.failed {
            self.limit = (self.limit * BACKOFF).clamp(self.min, self.max);
            return;
        }
        // Latency says nothing about a limit of which less than half was in use.
        if round.busiest * 2 < self.calls() || short_s <= 0.0 {
            return;
        }
        let gradient = (TOLERANCE * self.long_s / short_s).clamp(0.5, 1.0);
        let wanted = self.limit * gradient + self.limit.sqrt();
        let smoothed = self.limit * (1.0 - SMOOTHING) + wanted * SMOOTHING;
        self.limit = smoothed.clamp(self.min, self.max);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Returns the limit after many calls to a service. The service serves this many calls at once
    /// in 10 ms each, and queues the others.
    fn settled(serves: usize) -> usize {
        let mut limit = Limit::new(LimitRules::Adaptive { min: 1, max: 1_000 });
        for _ in 0..20_000 {
            let under_way = limit.calls().unwrap();
            let batches = u32::try_from(under_way.div_ceil(serves)).unwrap();
            limit.record(Duration::from_millis(10) * batches, under_way, false);
        }
        limit.calls().unwrap()
    }

    #[test]
    fn the_limit_settles_near_the_capacity_of_the_service() {
        let calls = settled(50);
        assert!((50..=400).contains(&calls), "{calls}");
    }

    #[test]
    fn failures_lower_the_limit_but_never_below_its_minimum() {
        let mut limit = Limit::new(LimitRules::Adaptive { min: 3, max: 1_000 });
        for _ in 0..2_000 {
            limit.record(Duration::from_millis(10), limit.calls().unwrap(), true);
        }
        assert_eq!(limit.calls(), Some(3));
    }

    #[test]
    fn a_limit_that_calls_do_not_approach_stays_unchanged() {
        let mut limit = Limit::new(LimitRules::Adaptive { min: 1, max: 1_000 });
        for _ in 0..1_000 {
            limit.record(Duration::from_millis(10), 1, false);
        }
        assert_eq!(limit.calls(), Some(20));
    }
}
