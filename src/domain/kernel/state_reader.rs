//! The state of a business at rest, on which its invariants are checked.

use super::{Aggregate, Saga, WaitsFor};
use std::rc::Rc;

/// The state of all aggregates and sagas at one moment: of a simulated world, or of the journal
/// of a stopped server.
pub trait StateReader {
    /// Calls `check` with each aggregate of this kind that has an event, and its number.
    ///
    /// # Errors
    /// The first error of `check`, a sentence.
    fn each<A: Aggregate>(
        &self,
        check: impl FnMut(u64, &A) -> Result<(), String>,
    ) -> Result<(), String>;

    /// The aggregate of this number; the default when it has no events. The cost of the next call
    /// for the same aggregate does not depend on its size.
    fn get<A: Aggregate>(&self, number: u64) -> Rc<A>;

    /// The person or component that the saga instance of this number waits for.
    fn waits_for<S: Saga>(&self, number: u64) -> WaitsFor;

    /// Whether the saga instance of this number is over or waits for a person. Then none of its
    /// commands is in flight.
    fn is_settled<S: Saga>(&self, number: u64) -> bool {
        !matches!(self.waits_for::<S>(number), WaitsFor::Part(_))
    }
}

/// The result of a check of [`Business::check_invariants`](super::Business): the sentence when the
/// invariant does not hold.
///
/// # Errors
/// The sentence.
pub fn ensure(holds: bool, otherwise: impl FnOnce() -> String) -> Result<(), String> {
    if holds { Ok(()) } else { Err(otherwise()) }
}
