//! The retry budget of a port: retries and hedges together add at most a configured share to the
//! load.
//!
//! More load would keep a failing service from recovering. The design follows the `RetryBudget` of
//! Finagle.

use crate::actors::settings::RETRY_SHARE_MAX;
use std::sync::atomic::{AtomicU32, Ordering};

/// The cost of one retry or hedge, in thousandths of an attempt.
const COST: u32 = 1_000;

/// This many retries and hedges are free at the start, so that the first failures can be retried.
const RESERVE_ATTEMPTS: u32 = 10;

/// At most this many retries can be saved. So a long healthy period does not allow a retry storm.
const SAVED_ATTEMPTS_MAX: u32 = 100;

/// The retries and hedges that one port may still make, in thousandths.
pub(super) struct RetryBudget {
    saved: AtomicU32,
    /// The deposit of a first attempt, in thousandths.
    deposit: u32,
}

impl RetryBudget {
    /// A budget for this many retries and hedges for each first attempt, from 0 to
    /// [`RETRY_SHARE_MAX`]. With a share of 0 there are none, not even at the start.
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "clamped")]
    pub(super) fn new(share: f64) -> Self {
        let deposit = (share.clamp(0.0, RETRY_SHARE_MAX) * f64::from(COST)).round() as u32;
        let reserve = if deposit == 0 { 0 } else { RESERVE_ATTEMPTS * COST };
        Self { saved: AtomicU32::new(reserve), deposit }
    }

    /// Makes the deposit of a first attempt.
    pub(super) fn deposit(&self) {
        self.put_in(self.deposit);
    }

    /// Returns the cost of an attempt that was not made.
    pub(super) fn put_back(&self) {
        self.put_in(COST);
    }

    fn put_in(&self, amount: u32) {
        let more = |saved: u32| Some(saved.saturating_add(amount).min(SAVED_ATTEMPTS_MAX * COST));
        let _ = self.saved.fetch_update(Ordering::Relaxed, Ordering::Relaxed, more);
    }

    /// Withdraws the cost of one retry or hedge; false when the budget is too low.
    pub(super) fn withdraw(&self) -> bool {
        let less = |saved: u32| saved.checked_sub(COST);
        self.saved.fetch_update(Ordering::Relaxed, Ordering::Relaxed, less).is_ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn retries_add_their_share_to_the_load_and_the_reserve_once() {
        for (share, added) in [(0.2, 2_000 + 10), (0.001, 10 + 10), (0.0, 0), (3.0, 10_000)] {
            let budget = RetryBudget::new(share);
            let retries = (0..10_000)
                .filter(|_| {
                    budget.deposit();
                    budget.withdraw()
                })
                .count();
            assert_eq!(retries, added, "at most one retry is withdrawn for each first attempt");
        }
    }

    #[test]
    fn a_share_above_one_pays_for_several_retries_of_each_call() {
        let budget = RetryBudget::new(3.0);
        let retries = |_| {
            budget.deposit();
            std::iter::repeat_with(|| budget.withdraw()).take_while(|paid| *paid).count()
        };
        assert_eq!((0..1_000).map(retries).sum::<usize>(), 3 * 1_000 + 10);
    }

    #[test]
    fn an_attempt_that_is_not_made_costs_no_budget() {
        let budget = RetryBudget::new(0.2);
        (0..1_000).for_each(|_| {
            assert!(budget.withdraw());
            budget.put_back();
        });
        assert_eq!((0..1_000).filter(|_| budget.withdraw()).count(), 10);
    }

    #[test]
    fn a_long_healthy_period_saves_a_bounded_number_of_retries() {
        let budget = RetryBudget::new(0.2);
        (0..100_000).for_each(|_| budget.deposit());
        assert_eq!((0..1_000).filter(|_| budget.withdraw()).count(), 100);
    }
}
