//! A token bucket: it bounds the long-term rate of calls and the burst after a pause.

use std::time::Duration;

/// The rounding tolerance, in tokens. Floating-point fractions of a token add up inexactly.
const TOLERANCE: f64 = 1e-6;

/// A token bucket. Each call takes one token.
#[derive(Clone, Debug)]
pub struct TokenBucket {
    per_s: f64,
    burst: f64,
    tokens: f64,
    /// When the bucket was last filled.
    at: Duration,
}

impl TokenBucket {
    /// Creates a bucket with this many tokens, filled at `per_s` tokens per second up to `burst`.
    pub const fn new(per_s: f64, burst: f64, tokens: f64, now: Duration) -> Self {
        Self { per_s, burst, tokens, at: now }
    }

    /// Adds the tokens that have accrued since the last fill.
    pub fn fill(&mut self, now: Duration) {
        let passed = now.saturating_sub(self.at);
        self.tokens = (self.tokens + passed.as_secs_f64() * self.per_s).min(self.burst);
        self.at = self.at.max(now);
    }

    /// Whether the bucket held this many tokens at the last fill.
    pub fn has(&self, tokens: f64) -> bool {
        self.tokens + TOLERANCE >= tokens
    }

    /// Takes one token; the caller has checked [`has`](Self::has).
    pub const fn take(&mut self) {
        self.tokens -= 1.0;
    }

    /// How long after the last fill the bucket holds this many tokens; an hour and 1 µs at most.
    pub fn until(&self, tokens: f64) -> Duration {
        let missing = (tokens - self.tokens).max(0.0);
        // Rounded up by 1 µs, so that the tokens are there at that moment.
        Duration::from_secs_f64((missing / self.per_s).min(3_600.0)) + Duration::from_micros(1)
    }

    /// The fill rate, in tokens per second.
    pub const fn per_s(&self) -> f64 {
        self.per_s
    }

    /// Changes the fill rate.
    pub const fn set_rate(&mut self, per_s: f64) {
        self.per_s = per_s;
    }

    /// The tokens in the bucket, and its capacity.
    #[cfg(test)]
    pub const fn level(&self) -> (f64, f64) {
        (self.tokens, self.burst)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_full_bucket_admits_a_burst_and_then_the_rate() {
        let mut bucket = TokenBucket::new(10.0, 3.0, 3.0, Duration::ZERO);
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
    fn a_token_is_available_at_the_predicted_time() {
        let mut bucket = TokenBucket::new(3.0, 1.0, 0.0, Duration::ZERO);
        bucket.fill(bucket.until(1.0));
        assert!(bucket.has(1.0));
    }
}
