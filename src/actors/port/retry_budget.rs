//! The retry budget of a port: retries and hedges together add at most a fifth to the load.
//!
//! More load would keep a failing service from recovering. The design follows the `RetryBudget` of
//! Finagle.

use std::sync::atomic::{AtomicU32, Ordering};

/// The cost of one retry or hedge, in deposits. Each first attempt makes one deposit, so five first
/// attempts pay for one more attempt.
const COST: u32 = 5;

/// This many retries and hedges are free at the start, so that the first failures can be retried.
const RESERVE_ATTEMPTS: u32 = 10;

/// At most this many retries can be saved. So a long healthy period does not allow a retry storm.
const SAVED_ATTEMPTS_MAX: u32 = 100;

/// The retries and hedges that one port may still make, in fifths.
pub(super) struct RetryBudget {
    fifths: AtomicU32,
}

impl Default for RetryBudget {
    fn default() -> Self {
        Self { fifths: AtomicU32::new(RESERVE_ATTEMPTS * COST) }
    }
}

impl RetryBudget {
    /// Makes the deposit of a first attempt.
    pub(super) fn deposit(&self) {
        self.put_in(1);
    }

    /// Returns the cost of an attempt that was not made.
    pub(super) fn put_back(&self) {
        self.put_in(COST);
    }

    fn put_in(&self, fifths: u32) {
        let more = |saved: u32| Some(saved.saturating_add(fifths).min(SAVED_ATTEMPTS_MAX * COST));
        let _ = self.fifths.fetch_update(Ordering::Relaxed, Ordering::Relaxed, more);
    }

    /// Withdraws the cost of one retry or hedge; false when the budget is too low.
    pub(super) fn withdraw(&self) -> bool {
        let less = |fifths: u32| fifths.checked_sub(COST);
        self.fifths.fetch_update(Ordering::Relaxed, Ordering::Relaxed, less).is_ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn retries_add_a_fifth_to_the_load_and_the_reserve_once() {
        let budget = RetryBudget::default();
        let retries = (0..10_000)
            .filter(|_| {
                budget.deposit();
                budget.withdraw()
            })
            .count();
        assert_eq!(retries, 10_000 / 5 + 10);
    }

    #[test]
    fn an_attempt_that_is_not_made_costs_no_budget() {
        let budget = RetryBudget::default();
        (0..1_000).for_each(|_| {
            assert!(budget.withdraw());
            budget.put_back();
        });
        assert_eq!((0..1_000).filter(|_| budget.withdraw()).count(), 10);
    }

    #[test]
    fn a_long_healthy_period_saves_a_bounded_number_of_retries() {
        let budget = RetryBudget::default();
        (0..100_000).for_each(|_| budget.deposit());
        assert_eq!((0..1_000).filter(|_| budget.withdraw()).count(), 100);
    }
}
