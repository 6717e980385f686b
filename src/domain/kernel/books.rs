//! The books of a business at rest, in which its invariants are checked.

use super::{Aggregate, Awaits, Saga};

/// Everything that stands at one moment: of a simulated world, or of a stopped server's journal.
pub trait Books {
    /// Shows each aggregate of this kind to which something has happened, with its number.
    ///
    /// # Errors
    /// The first that `check` does not find right, as a sentence.
    fn each<A: Aggregate>(
        &self,
        check: impl FnMut(u64, &A) -> Result<(), String>,
    ) -> Result<(), String>;

    /// The aggregate of this number; the default when nothing has happened to it.
    fn get<A: Aggregate>(&self, number: u64) -> A;

    /// Whom the conversation of this number waits for.
    fn awaits<S: Saga>(&self, number: u64) -> Awaits;

    /// Whether the conversation of this number is over or waits for a person: whatever it moved
    /// has arrived.
    fn is_settled<S: Saga>(&self, number: u64) -> bool {
        !matches!(self.awaits::<S>(number), Awaits::Part(_))
    }
}
