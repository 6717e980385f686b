//! How many may be under way at once: any number, a fixed one, or what latency shows to be good.

use super::rules::LimitRules;
use std::time::Duration;

/// At least so many calls are heard of before the limit moves.
const ROUND_CALLS_MIN: u32 = 10;

/// The average that latency is compared with remembers about so many rounds.
const LONG_ROUNDS: f64 = 60.0;

/// Latency may be so many times the long average before the limit goes down.
const TOLERANCE: f64 = 1.5;

/// How much of each new limit is believed.
const SMOOTHING: f64 = 0.2;

/// What is left of the limit after a round in which calls failed.
const BACKOFF: f64 = 0.9;

/// A limit of calls under way.
#[derive(Clone, Debug)]
pub enum Limit {
    /// Any number.
    Unlimited,
    /// This many.
    Fixed(usize),
    /// As many as do not slow each other down.
    Adaptive(Gradient),
}

impl Limit {
    /// As the rules say.
    pub fn new(rules: LimitRules) -> Self {
        match rules {
            LimitRules::Unlimited => Self::Unlimited,
            LimitRules::Fixed(calls) => Self::Fixed(calls),
            LimitRules::Adaptive { min, max } => Self::Adaptive(Gradient::new(min, max)),
        }
    }

    /// How many may be under way now.
    pub const fn calls(&self) -> Option<usize> {
        match self {
            Self::Unlimited => None,
            Self::Fixed(calls) => Some(*calls),
            Self::Adaptive(gradient) => Some(gradient.calls()),
        }
    }

    /// Whether one more may be under way beside so many.
    pub const fn has_room(&self, under_way: usize) -> bool {
        match self.calls() {
            None => true,
            Some(calls) => under_way < calls,
        }
    }

    /// Takes into account how long a call took while so many were under way.
    pub fn hear(&mut self, took: Duration, under_way: usize, failed: bool) {
        if let Self::Adaptive(gradient) = self {
            gradient.hear(took, under_way, failed);
        }
    }
}

/// The gradient of Netflix's concurrency-limits (`Gradient2Limit`): the limit follows the ratio of
/// the long average of latency to what it was in the last round, plus room for the queue that a
/// burst makes. A failure tells nothing about latency, but that there is too much of something.
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
    /// The most that were under way.
    busiest: usize,
    failed: bool,
}

impl Gradient {
    #[allow(clippy::cast_precision_loss)] // nobody has 2^52 calls under way
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
        // After a long time of trouble the average is brought down fast.
        if self.long_s > 2.0 * short_s {
            self.long_s *= 0.95;
        }
        if round.failed {
            self.limit = (self.limit * BACKOFF).clamp(self.min, self.max);
            return;
        }
        // Where nobody came near the limit, latency says nothing about it.
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

    /// A service that serves so many at once in 10 ms each; more wait in its line.
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
