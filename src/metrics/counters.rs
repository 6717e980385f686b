//! Counters that are written together: one for each outcome of an operation, for example.

use super::stripe::Stripes;
use std::{
    array,
    sync::atomic::{AtomicU64, Ordering},
};

/// The most counters of one set: as many as fit into the cache lines of a stripe.
const COUNTERS_MAX: usize = 16;

/// A set of `N` counters.
#[derive(Debug, Default)]
pub struct Counters<const N: usize>(Stripes<[AtomicU64; COUNTERS_MAX]>);

impl<const N: usize> Counters<N> {
    /// Adds to the counter of this index.
    pub fn add(&self, index: usize, count: u64) {
        debug_assert!(index < N, "there are {N} counters");
        if let Some(counter) = self.0.mine().get(index) {
            counter.fetch_add(count, Ordering::Relaxed);
        }
    }

    /// The values of all counters.
    #[must_use]
    pub fn values(&self) -> [u64; N] {
        const { assert!(N <= COUNTERS_MAX) };
        array::from_fn(|index| {
            self.0.all().map(|stripe| stripe[index].load(Ordering::Relaxed)).sum()
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::thread;

    #[test]
    fn the_value_of_a_counter_is_the_sum_over_all_threads() {
        let counters = Counters::<3>::default();
        thread::scope(|scope| {
            for _ in 0..9 {
                scope.spawn(|| (0..1_000).for_each(|_| counters.add(1, 2)));
            }
        });
        counters.add(2, 5);
        assert_eq!(counters.values(), [0, 18_000, 5]);
    }
}
