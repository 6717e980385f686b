//! What whoever was let through, or waits, has in hand; letting go of it is understood.

use super::{Outcome, passing::Core};
use std::{fmt, sync::Arc};

/// Somebody was let through and has not said yet what became of it. Dropped without a word, it
/// gives its place back and counts neither as a success nor as a failure.
#[must_use]
pub struct Permit {
    core: Arc<Core>,
    number: u64,
    life: u32,
    is_reported: bool,
}

impl Permit {
    pub(super) fn new(core: &Arc<Core>, number: u64, life: u32) -> Self {
        Self { core: Arc::clone(core), number, life, is_reported: false }
    }

    /// Says what became of it; how long it took the gate knows.
    pub fn report(mut self, outcome: Outcome) {
        self.is_reported = true;
        let (number, life) = (self.number, self.life);
        self.core.act(|inner, now| {
            // A machine knows nothing of those whom the one before it let through.
            if inner.life == life {
                inner.machine.report(now, number, outcome);
            }
        });
    }
}

impl Drop for Permit {
    fn drop(&mut self) {
        if self.is_reported {
            return;
        }
        let (number, life) = (self.number, self.life);
        self.core.act(|inner, now| {
            if inner.life == life {
                inner.machine.give_back(now, number);
            }
        });
    }
}

impl fmt::Debug for Permit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Permit")
            .field("gate", &self.core.name)
            .field("number", &self.number)
            .finish_non_exhaustive()
    }
}

/// A place in the queue; whoever goes away leaves it by dropping this.
pub(super) struct Place {
    core: Arc<Core>,
    ticket: u64,
    life: u32,
}

impl Place {
    pub(super) fn new(core: &Arc<Core>, ticket: u64, life: u32) -> Self {
        Self { core: Arc::clone(core), ticket, life }
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let (ticket, life) = (self.ticket, self.life);
        self.core.act(|inner, now| {
            if inner.life == life {
                inner.leave(ticket, now);
            }
        });
    }
}
