//! A histogram with fixed bounds: an observation is one search among them and two additions.

use super::stripe::Stripes;
use std::{
    sync::atomic::{AtomicU64, Ordering},
    time::Duration,
};

/// The most buckets, with the one above the last bound.
const BUCKETS_MAX: usize = 20;

/// The bounds of a histogram, and the number of their unit in the unit that is exported.
#[derive(Debug)]
pub struct Scale {
    /// The upper bounds of the buckets, ascending. A value that equals a bound is below it.
    bounds: &'static [u64],
    /// The divisor that makes an exported value.
    per_unit: u32,
}

const NANOS_PER_SECOND: u32 = 1_000_000_000;
const MICROSECOND: u64 = 1_000;
const MILLISECOND: u64 = 1_000_000;
const SECOND: u64 = 1_000_000_000;

/// Bounds of durations, from 50 µs to 10 s.
const DURATION_BOUNDS: &[u64] = &[
    50 * MICROSECOND,
    100 * MICROSECOND,
    250 * MICROSECOND,
    500 * MICROSECOND,
    MILLISECOND,
    2_500 * MICROSECOND,
    5 * MILLISECOND,
    10 * MILLISECOND,
    25 * MILLISECOND,
    50 * MILLISECOND,
    100 * MILLISECOND,
    250 * MILLISECOND,
    500 * MILLISECOND,
    SECOND,
    2_500 * MILLISECOND,
    5 * SECOND,
    10 * SECOND,
];

/// Durations of requests and calls: from 250 µs to 10 s.
pub const DURATIONS: &Scale =
    &Scale { bounds: DURATION_BOUNDS.split_at(2).1, per_unit: NANOS_PER_SECOND };

/// Durations of the disk: from 50 µs to 10 s.
pub const SHORT_DURATIONS: &Scale = &Scale { bounds: DURATION_BOUNDS, per_unit: NANOS_PER_SECOND };

/// Numbers of records: from 1 to 4,096.
pub const RECORDS: &Scale =
    &Scale { bounds: &[1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 1_024, 2_048, 4_096], per_unit: 1 };

/// A histogram.
#[derive(Debug)]
pub struct Histogram {
    scale: &'static Scale,
    stripes: Stripes<Stripe>,
}

#[derive(Debug, Default)]
struct Stripe {
    counts: [AtomicU64; BUCKETS_MAX],
    sum: AtomicU64,
}

/// What a histogram holds at one time.
#[derive(Clone, Debug, PartialEq)]
pub struct Buckets {
    /// The upper bound of each bucket, and its own count; the last bound is infinite.
    pub counts: Vec<(f64, u64)>,
    /// The sum of all values.
    pub sum: f64,
}

impl Buckets {
    /// The number of values.
    #[must_use]
    pub fn count(&self) -> u64 {
        self.counts.iter().map(|(_, count)| count).sum()
    }
}

impl Histogram {
    /// Creates an empty histogram.
    #[must_use]
    pub fn new(scale: &'static Scale) -> Self {
        debug_assert!(scale.bounds.len() < BUCKETS_MAX, "too many buckets");
        Self { scale, stripes: Stripes::default() }
    }

    /// Adds a value, in the unit of the bounds.
    pub fn observe(&self, value: u64) {
        let stripe = self.stripes.mine();
        let bucket = self.scale.bounds.partition_point(|bound| *bound < value);
        if let Some(count) = stripe.counts.get(bucket) {
            count.fetch_add(1, Ordering::Relaxed);
        }
        stripe.sum.fetch_add(value, Ordering::Relaxed);
    }

    /// Adds a duration.
    pub fn observe_time(&self, time: Duration) {
        self.observe(u64::try_from(time.as_nanos()).unwrap_or(u64::MAX));
    }

    /// What the histogram holds now.
    #[must_use]
    pub fn buckets(&self) -> Buckets {
        let bounds = self.scale.bounds.iter().map(|bound| self.exported(*bound));
        let counts = bounds.chain([f64::INFINITY]).enumerate().map(|(bucket, bound)| {
            let of_stripe = |stripe: &Stripe| stripe.counts[bucket].load(Ordering::Relaxed);
            (bound, self.stripes.all().map(of_stripe).sum())
        });
        let sum = self.stripes.all().map(|stripe| stripe.sum.load(Ordering::Relaxed)).sum();
        Buckets { counts: counts.collect(), sum: self.exported(sum) }
    }

    #[expect(clippy::cast_precision_loss, reason = "2^53 nanoseconds are 104 days")]
    fn exported(&self, value: u64) -> f64 {
        value as f64 / f64::from(self.scale.per_unit)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_counts_in_the_first_bucket_whose_bound_it_does_not_exceed() {
        let histogram = Histogram::new(RECORDS);
        for value in [0, 1, 2, 3, 4, 5_000] {
            histogram.observe(value);
        }
        let Buckets { counts, sum } = histogram.buckets();
        let full: Vec<_> = counts.into_iter().filter(|(_, count)| *count > 0).collect();
        assert_eq!(full, [(1.0, 2), (2.0, 1), (4.0, 2), (f64::INFINITY, 1)]);
        assert!((sum - 5_010.0).abs() < f64::EPSILON);
    }

    #[test]
    fn durations_are_exported_in_seconds() {
        let histogram = Histogram::new(DURATIONS);
        histogram.observe_time(Duration::from_millis(250));
        let buckets = histogram.buckets();
        assert!(buckets.counts.contains(&(0.25, 1)), "{buckets:?}");
        assert!((buckets.sum - 0.25).abs() < 1e-9);
        assert_eq!(buckets.count(), 1);
    }

    #[test]
    fn the_bounds_ascend_and_fit() {
        for scale in [DURATIONS, SHORT_DURATIONS, RECORDS] {
            assert!(scale.bounds.is_sorted() && scale.bounds.len() < BUCKETS_MAX);
        }
    }
}
