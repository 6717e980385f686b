//! Notifies observers when the journal stops taking writes, and when it takes them again.

use crate::store::sync::lock;
use std::{
    panic::{AssertUnwindSafe, catch_unwind},
    sync::{Arc, Mutex},
    time::{Duration, Instant},
};

/// A change in whether the journal takes submissions.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Availability {
    /// The journal takes no submissions, for this reason.
    Broke {
        /// The reason, as a sentence.
        because: Arc<str>,
    },
    /// The journal takes submissions again.
    Healed {
        /// Time during which it took none.
        after: Duration,
    },
}

/// Callback for every change of availability. It runs on the journal's thread and must not block.
pub type AvailabilityObserver = Arc<dyn Fn(Availability) + Send + Sync>;

/// The observers, and when the journal stopped taking writes.
#[derive(Default)]
pub(in crate::store) struct Turns {
    witnesses: Mutex<Vec<AvailabilityObserver>>,
    broke_at: Mutex<Option<Instant>>,
}

impl Turns {
    pub(in crate::store) fn add(&self, witness: AvailabilityObserver) {
        lock(&self.witnesses).push(witness);
    }

    /// Notifies the observers once, however often the journal fails before it recovers.
    pub(in crate::store) fn broke(&self, because: &Arc<str>) {
        if lock(&self.broke_at).is_none() {
            *lock(&self.broke_at) = Some(Instant::now());
            self.tell(&Availability::Broke { because: Arc::clone(because) });
        }
    }

    pub(in crate::store) fn healed(&self) {
        let broke_at = lock(&self.broke_at).take();
        if let Some(broke_at) = broke_at {
            self.tell(&Availability::Healed { after: broke_at.elapsed() });
        }
    }

    fn tell(&self, turn: &Availability) {
        let witnesses = lock(&self.witnesses).clone();
        for witness in witnesses {
            // A panic of an observer must not end the journal's thread.
            let _ = catch_unwind(AssertUnwindSafe(|| witness(turn.clone())));
        }
    }
}
