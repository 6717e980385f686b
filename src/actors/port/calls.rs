//! The counts and durations of the calls of one outside service.

use crate::metrics::{Buckets, Counters, DURATIONS, Histogram};
use std::time::Duration;

/// The calls of one outside service since the start.
#[derive(Debug)]
pub struct Calls {
    /// Answered calls, failed ones, those after a failed one, and those beside a slow one.
    counts: Counters<4>,
    seconds: Histogram,
}

impl Default for Calls {
    fn default() -> Self {
        Self { counts: Counters::default(), seconds: Histogram::new(DURATIONS) }
    }
}

impl Calls {
    /// Counts a call that has ended after this time.
    pub fn ended(&self, is_answered: bool, after: Duration) {
        self.counts.add(usize::from(!is_answered), 1);
        self.seconds.observe_time(after);
    }

    /// Counts a call that repeats a failed one.
    pub fn retried(&self) {
        self.counts.add(2, 1);
    }

    /// Counts a call that is made beside a slow one.
    pub fn hedged(&self) {
        self.counts.add(3, 1);
    }

    /// Answered calls, failed ones, those after a failed one, and those beside a slow one.
    pub fn counts(&self) -> [u64; 4] {
        self.counts.values()
    }

    /// How long the calls took.
    pub fn seconds(&self) -> Buckets {
        self.seconds.buckets()
    }
}
