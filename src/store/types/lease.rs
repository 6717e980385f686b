//! The right to write, which ends when whoever has it is replaced: a fencing token.
//!
//! Whoever was blocked for a while does not know that somebody else has taken its place. What it
//! hands in afterwards is refused, under the lock under which positions are given away: so its
//! successor reads all that was ever taken from it, and nothing comes behind that.

use std::sync::{
    Arc,
    atomic::{AtomicBool, Ordering},
};

/// The right to write of one incarnation of somebody. Its copies are the same right.
#[derive(Clone, Debug, Default)]
pub struct Lease {
    is_over: Arc<AtomicBool>,
}

impl Lease {
    /// Nothing is taken under it any more.
    pub(in crate::store) fn end(&self) {
        self.is_over.store(true, Ordering::Release);
    }

    /// Whether somebody else has taken the place.
    #[must_use]
    pub fn is_over(&self) -> bool {
        self.is_over.load(Ordering::Acquire)
    }
}
