//! A token bucket: so many a second, and a few at once after a pause.

use std::time::Duration;

/// Fractions of a token are added up in floating point; less than this is nothing.
const NOTHING: f64 = 1e-6;

/// Holds tokens; whoever passes takes one.
#[derive(Clone, Debug)]
pub struct Bucket {
    per_s: f64,
    burst: f64,
    tokens: f64,
    /// Until when it was filled.
    at: Duration,
}

impl Bucket {
    /// With so many tokens in it, filled at this rate up to `burst`.
    pub const fn new(per_s: f64, burst: f64, tokens: f64, now: Duration) -> Self {
        Self { per_s, burst, tokens, at: now }
    }

    /// Puts in what has come together since the last time.
    pub fn fill(&mut self, now: Duration) {
        let passed = now.saturating_sub(self.at);
        self.tokens = (self.tokens + passed.as_secs_f64() * self.per_s).min(self.burst);
        self.at = self.at.max(now);
    }

    /// Whether so many were in it when it was last filled.
    pub fn has(&self, tokens: f64) -> bool {
        self.tokens + NOTHING >= tokens
    }

    /// Takes one that is there.
    pub const fn take(&mut self) {
        self.tokens -= 1.0;
    }

    /// How long after it was last filled there are so many.
    pub fn until(&self, tokens: f64) -> Duration {
        let missing = (tokens - self.tokens).max(0.0);
        // Rounded up, so that they are there then.
        Duration::from_secs_f64((missing / self.per_s).min(3_600.0)) + Duration::from_micros(1)
    }

    /// The rate at which it is filled, per second.
    pub const fn per_s(&self) -> f64 {
        self.per_s
    }

    /// From now on it is filled at this rate.
    pub const fn turn(&mut self, per_s: f64) {
        self.per_s = per_s;
    }

    /// How many are in it, and how many there can be.
    #[cfg(test)]
    pub const fn level(&self) -> (f64, f64) {
        (self.tokens, self.burst)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_full_bucket_lets_a_burst_through_and_then_the_rate() {
        let mut bucket = Bucket::new(10.0, 3.0, 3.0, Duration::ZERO);
        let mut passed = 0;
        for ms in 0..=1_000 {
            bucket.fill(Duration::from_millis(ms));
            while bucket.has(1.0) {
                bucket.take();
                passed += 1;
            }
        }
        assert_eq!(passed, 3 + 10);
    }

    #[test]
    fn when_it_says_there_is_a_token_there_is_one() {
        let mut bucket = Bucket::new(3.0, 1.0, 0.0, Duration::ZERO);
        bucket.fill(bucket.until(1.0));
        assert!(bucket.has(1.0));
    }
}
