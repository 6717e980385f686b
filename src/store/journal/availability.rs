//! Notifies observers when the journal stops accepting submissions, and when it accepts them again.

use crate::sync;
use std::{
    panic::{AssertUnwindSafe, catch_unwind},
    sync::{Arc, Mutex},
    time::{Duration, Instant},
};

/// A change in whether the journal accepts submissions.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Availability {
    /// The journal accepts no submissions, for this reason.
    Unavailable {
        /// The reason, as a sentence.
        reason: Arc<str>,
    },
    /// The journal accepts submissions again.
    Recovered {
        /// Time during which it accepted none.
        after: Duration,
    },
}

/// Callback for every change of availability. It runs on the journal's thread and must not block.
pub type AvailabilityObserver = Arc<dyn Fn(Availability) + Send + Sync>;

/// The observers, and the time at which the journal stopped accepting submissions.
#[derive(Default)]
pub(in crate::store) struct AvailabilityObservers {
    observers: Mutex<Vec<AvailabilityObserver>>,
    unavailable_since: Mutex<Option<Instant>>,
}

impl AvailabilityObservers {
    pub(in crate::store) fn add(&self, observer: AvailabilityObserver) {
        sync::lock(&self.observers).push(observer);
    }

    /// Notifies the observers once, however often the journal fails before it recovers.
    pub(in crate::store) fn unavailable(&self, reason: &Arc<str>) {
        if sync::lock(&self.unavailable_since).is_none() {
            *sync::lock(&self.unavailable_since) = Some(Instant::now());
            self.notify(&Availability::Unavailable { reason: Arc::clone(reason) });
        }
    }

    pub(in crate::store) fn recovered(&self) {
        let unavailable_since = sync::lock(&self.unavailable_since).take();
        if let Some(unavailable_since) = unavailable_since {
            self.notify(&Availability::Recovered { after: unavailable_since.elapsed() });
        }
    }

    fn notify(&self, change: &Availability) {
        let observers = sync::lock(&self.observers).clone();
        for observer in observers {
            // A panic of an observer must not end the journal's thread.
            let _ = catch_unwind(AssertUnwindSafe(|| observer(change.clone())));
        }
    }
}
