//! The concurrency limit: the calls under way at once are unlimited, fixed, or follow latency.

use super::rules::LimitRules;
use std::time::Duration;

/// The least number of calls in a round; the limit changes only between rounds.
const ROUND_CALLS_MIN: u32 = 10;

/// The length of the long average of latency, in rounds.
const LONG_ROUNDS: f64 = 60.0;

/// How many times the long average latency may be before the limit goes down.
const TOLERANCE: f64 = 1.5;

/// The weight of a new limit against the current one.
const SMOOTHING: f64 = 0.2;

/// The factor applied to the limit after a round in which calls failed.
const BACKOFF: f64 = 0.9;

/// A limit of calls under way.
#[derive(Clone, Debug)]
pub enum Limit {
    /// Any number of calls.
    Unlimited,
    /// This many calls.
    Fixed(usize),
    /// As many calls as do not slow each other down.
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

    /// Whether one more call may be under way in addition to these.
    pub const fn has_room(&self, under_way: usize) -> bool {
        match self.calls() {
            None => true,
            Some(calls) => under_way < calls,
        }
    }

    /// Takes in the duration of a call, and how many were under way when it ended.
    pub fn hear(&mut self, took: Duration, under_way: usize, failed: bool) {
        if let Self::Adaptive(gradient) = self {
            gradient.hear(took, under_way, failed);
        }
    }
}

/// The adaptive limit, after `Gradient2Limit` of Netflix's concurrency-limits. The limit follows
/// the ratio of the long average of latency to that of the last round, plus room for the queue of
/// a burst. A failure tells nothing about latency, but it is a sign of overload.
#[derive(Clone, Debug)]
pub struct Gradient {
    limit: f64,
    min: f64,
    max: f64,
    /// The long average, in seconds; zero before the first round.
    long_s: f64,
    round: Round,
}

#[derive(Clone, Debug, Default)]
struct Round {
    calls: u32,
    took_s: f64,
    /// The most calls that were under way at once.
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

    fn hear(&mut self, took: Duration, under_way: usize, failed: bool) {
        let round = &mut self.round;
        round.calls += 1;
        round.took_s += took.as_secs_f64();
        round.busiest = round.busiest.max(under_way);
        round.failed |= failed;
        let calls_min = u32::try_from(self.calls()).unwrap_or(u32::MAX).max(ROUND_CALLS_MIN);
        if self.round.calls >= calls_min {
            self.turn();
        }
    }

    fn turn(&mut self) {
        let round = std::mem::take(&mut self.round);
        let short_s = round.took_s / f64::from(round.calls);
        if self.long_s == 0.0 {
            self.long_s = short_s;
        }
        self.long_s += (short_s - self.long_s) / LONG_ROUNDS;
        // When latency recovers after a long period of trouble, the average is brought down faster.
        if self.long_s > 2.0 * short_s {
            self.long_s *= 0.95;
        }
        if round.failed {
            self.limit = (self.limit * BACKOFF).clamp(self.min, self.max);
            return;
        }
        // While less than half of the limit was in use, latency says nothing about the limit.
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

    /// Settles a limit against a service that serves this many calls at once in 10 ms each, and
    /// queues the rest.
    fn settled(serves: usize) -> usize {
        let mut limit = Limit::new(LimitRules::Adaptive { min: 1, max: 1_000 });
        for _ in 0..20_000 {
            let under_way = limit.calls().unwrap();
            let line = u32::try_from(under_way.div_ceil(serves)).unwrap();
            limit.hear(Duration::from_millis(10) * line, under_way, false);
        }
        limit.calls().unwrap()
    }

    #[test]
    fn the_limit_settles_near_what_the_service_can_do() {
        let calls = settled(50);
        assert!((50..=400).contains(&calls), "{calls}");
    }

    #[test]
    fn failures_bring_the_limit_down_and_never_below_the_least() {
        let mut limit = Limit::new(LimitRules::Adaptive { min: 3, max: 1_000 });
        for _ in 0..2_000 {
            limit.hear(Duration::from_millis(10), limit.calls().unwrap(), true);
        }
        assert_eq!(limit.calls(), Some(3));
    }

    #[test]
    fn a_limit_that_nobody_comes_near_stays() {
        let mut limit = Limit::new(LimitRules::Adaptive { min: 1, max: 1_000 });
        for _ in 0..1_000 {
            limit.hear(Duration::from_millis(10), 1, false);
        }
        assert_eq!(limit.calls(), Some(20));
    }
}
