//! The lease: a right to write that ends when its holder is replaced. It acts as a fencing token.
//!
//! A holder that was blocked for a while does not know that it has been replaced. Its later
//! submissions are refused, under the lock that assigns positions. Its successor therefore reads
//! all submissions of the old holder, and no further one follows.

use std::sync::{
    Arc,
    atomic::{AtomicBool, Ordering},
};

/// The lease of one incarnation of an actor. Its clones are the same lease.
#[derive(Clone, Debug, Default)]
pub struct Lease {
    is_over: Arc<AtomicBool>,
}

impl Lease {
    /// Ends the lease: no further submission is accepted under it.
    pub(in crate::store) fn end(&self) {
        self.is_over.store(true, Ordering::Release);
    }

    /// Whether the lease has ended because its holder was replaced.
    #[must_use]
    pub fn is_over(&self) -> bool {
        self.is_over.load(Ordering::Acquire)
    }
}
