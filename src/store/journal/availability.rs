//! When the journal stopped taking writes, and when it took them again, for whoever notes that.

use crate::store::sync::lock;
use std::{
    panic::{AssertUnwindSafe, catch_unwind},
    sync::{Arc, Mutex},
    time::{Duration, Instant},
};

/// The journal is not what it was.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Availability {
    /// It takes nothing more, for this reason.
    Broke {
        /// The reason, as a sentence.
        because: Arc<str>,
    },
    /// It takes submissions again.
    Healed {
        /// After so long.
        after: Duration,
    },
}

/// Told of every turn, on the journal's thread; must not block.
pub type AvailabilityObserver = Arc<dyn Fn(Availability) + Send + Sync>;

/// Who is told.
#[derive(Default)]
pub(in crate::store) struct Turns {
    witnesses: Mutex<Vec<AvailabilityObserver>>,
    broke_at: Mutex<Option<Instant>>,
}

impl Turns {
    pub(in crate::store) fn add(&self, witness: AvailabilityObserver) {
        lock(&self.witnesses).push(witness);
    }

    /// Told once, however often it breaks before it is healed.
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
            // One that panics must not take the journal with it.
            let _ = catch_unwind(AssertUnwindSafe(|| witness(turn.clone())));
        }
    }
}
