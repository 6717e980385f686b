//! Pauses before another attempt.

use std::time::Duration;

/// The pause before a retry that only waits for another part to work again.
pub const RETRY_PAUSE: Duration = Duration::from_millis(100);

/// More doublings than this are not counted.
const DOUBLINGS_MAX: u32 = 16;

/// Exponential backoff.
#[derive(Clone, Copy, Debug)]
pub struct Backoff {
    /// The first pause.
    pub base: Duration,
    /// The longest pause.
    pub max: Duration,
}

impl Backoff {
    /// Returns the pause after this number of doublings.
    #[must_use]
    pub fn pause(self, doublings: u32) -> Duration {
        self.base.saturating_mul(1 << doublings.min(DOUBLINGS_MAX)).min(self.max)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_double_up_to_the_longest() {
        let backoff = Backoff { base: Duration::from_millis(50), max: Duration::from_secs(5) };
        let pauses = [0, 1, 6, 7, u32::MAX].map(|doublings| backoff.pause(doublings).as_millis());
        assert_eq!(pauses, [50, 100, 3_200, 5_000, 5_000]);
    }
}
