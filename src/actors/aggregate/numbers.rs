//! The numbers of new aggregates of one kind: those that the server assigns, and those that clients
//! and sagas choose.
//!
//! The server assigns the number behind the last one. Someone else may choose this number at the
//! same time, so only the instance knows whether it is free. A creating command that finds an
//! aggregate there goes on to the next number.

use crate::{
    actors::api::RequestError,
    domain::kernel::{Number, RejectionKind},
    store::{KindId, journal::Journal},
};
use std::sync::atomic::{AtomicU64, Ordering};

/// The last number of a new aggregate, unless a saga chooses the number. A body cannot name a
/// greater one.
const LAST: u64 = Number::MAX.0;

/// The next number that the server assigns to a new aggregate.
#[derive(Debug)]
pub(super) struct NextNumber(AtomicU64);

impl NextNumber {
    /// The number behind the last stream with an event. A client can write any number, and a saga
    /// may send a command to it. A stream of refused commands therefore does not count. Neither do
    /// numbers that are never assigned.
    pub(super) fn in_journal(journal: &dyn Journal, kind: KindId, resource: &str) -> Self {
        let last = journal.last_born(kind, LAST).unwrap_or_else(|error| {
            tracing::warn!(resource, %error, "numbers begin after the last known one");
            journal.last_number(kind)
        });
        Self(AtomicU64::new(last.min(LAST) + 1))
    }

    /// Assigns the next number, unless the numbers are used up. The counter cannot overflow: that
    /// takes more requests than a server can answer.
    pub(super) fn assign(&self, resource: &str) -> Result<u64, RequestError> {
        let number = self.0.fetch_add(1, Ordering::Relaxed);
        if number <= LAST {
            return Ok(number);
        }
        let reason = format!("the numbers of {resource} are used up: the last one is {LAST}");
        Err(RequestError::Rejected { kind: RejectionKind::Conflict, reason })
    }

    /// Goes behind a number that is in use now.
    pub(super) fn pass(&self, number: u64) {
        // The number is mostly one that was assigned. A read is cheaper than a write.
        if (self.0.load(Ordering::Relaxed)..=LAST).contains(&number) {
            self.0.fetch_max(number + 1, Ordering::Relaxed);
        }
    }
}

/// Refuses a number that a client chose for a new aggregate.
pub(super) fn check_chosen(number: u64, resource: &str) -> Result<(), RequestError> {
    if (1..=LAST).contains(&number) {
        return Ok(());
    }
    let reason = format!("the number of a new {resource} must be from 1 to {LAST}");
    Err(RequestError::Malformed { field: None, reason })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn after(last: u64) -> NextNumber {
        NextNumber(AtomicU64::new(last + 1))
    }

    fn assigned(next: &NextNumber) -> Option<u64> {
        next.assign("taxi/orders").ok()
    }

    #[test]
    fn numbers_in_use_are_passed() {
        let next = after(0);
        assert_eq!(assigned(&next), Some(1));
        next.pass(1);
        next.pass(7);
        assert_eq!([assigned(&next), assigned(&next)], [Some(8), Some(9)]);
        next.pass(3);
        assert_eq!(assigned(&next), Some(10));
    }

    #[test]
    fn a_number_that_is_never_assigned_does_not_use_the_others_up() {
        let next = after(4);
        next.pass(LAST + 1);
        next.pass(u64::MAX);
        assert_eq!(assigned(&next), Some(5));
    }

    #[test]
    fn the_numbers_end_and_never_begin_anew() {
        let next = after(4);
        next.pass(LAST - 1);
        assert_eq!(assigned(&next), Some(LAST));
        assert_eq!([assigned(&next), assigned(&next)], [None, None]);
        next.pass(LAST);
        assert_eq!(assigned(&next), None);
    }
}
