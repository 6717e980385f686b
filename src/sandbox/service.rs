//! A simulated service: handles a call, acts on it and responds, as its behaviour specifies.

use super::{
    behaviour::{Acts, Behaviour},
    ledger::{Call, Full, Ledger, Terms, Verdict},
};
use crate::{
    random::{roll, share_of},
    sync,
};
use serde_json::{Map, Value};
use std::{
    future::pending,
    sync::{
        Arc, Mutex, MutexGuard,
        atomic::{AtomicUsize, Ordering},
    },
};

/// A service with a behaviour and a ledger of its own.
#[derive(Debug)]
pub struct Service {
    behaviour: Mutex<Behaviour>,
    ledger: Mutex<Ledger>,
    under_way: AtomicUsize,
}

/// The result of a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Answer {
    /// The verdict of the ledger.
    Said(Verdict),
    /// The call failed on purpose.
    Failed,
    /// The capacity is used up.
    Busy { retry_after_s: u64 },
    /// The ledger is full.
    Full,
}

/// The fate of a call, independent of whether the service acts on it.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Fate {
    Answers,
    Fails,
    Hangs,
}

/// The guard of a call in progress; dropping it frees the capacity.
struct Place(Arc<Service>);

impl Drop for Place {
    fn drop(&mut self) {
        self.0.under_way.fetch_sub(1, Ordering::Relaxed);
    }
}

impl Service {
    /// Creates a service with an empty ledger that stores at most `keys_max` keys.
    pub fn new(behaviour: Behaviour, keys_max: usize) -> Self {
        Self {
            behaviour: Mutex::new(behaviour),
            ledger: Mutex::new(Ledger::new(keys_max)),
            under_way: AtomicUsize::new(0),
        }
    }

    /// The present behaviour.
    pub fn behaviour(&self) -> Behaviour {
        *sync::lock(&self.behaviour)
    }

    /// Changes the behaviour from the next call on; returns the new behaviour.
    ///
    /// # Errors
    /// When a key is unknown or invalid; the error names it, and nothing is changed.
    pub fn change(&self, changes: Map<String, Value>) -> Result<Behaviour, String> {
        let mut behaviour = sync::lock(&self.behaviour);
        *behaviour = behaviour.with(changes)?;
        Ok(*behaviour)
    }

    /// The ledger of the service.
    pub fn ledger(&self) -> MutexGuard<'_, Ledger> {
        sync::lock(&self.ledger)
    }

    /// Handles a call. Work on it continues when the client cancels the call meanwhile.
    pub async fn take(self: Arc<Self>, call: Call) -> Answer {
        let behaviour = self.behaviour();
        let Some(place) = self.enter(behaviour.capacity) else {
            self.ledger().rejected();
            let retry_after_s = behaviour.latency_ms.mean_ms().div_ceil(1_000).max(1);
            return Answer::Busy { retry_after_s };
        };
        if let Err(Full) = self.ledger().called(&call) {
            return Answer::Full;
        }
        let fate = Self::fate(&behaviour);
        let work = work(place, call, behaviour, fate);
        // A call without latency needs no task: it cannot be cancelled meanwhile.
        let worked = if behaviour.latency_ms.is_none() {
            Ok(work.await)
        } else {
            actix_web::rt::spawn(work).await
        };
        match (worked, fate) {
            (Ok((_place, Some(verdict))), Fate::Answers) => Answer::Said(verdict),
            (Ok((_place, _)), Fate::Hangs) => {
                self.ledger().hung();
                pending().await
            }
            _ => {
                self.ledger().failed();
                Answer::Failed
            }
        }
    }

    fn enter(self: &Arc<Self>, capacity: Option<usize>) -> Option<Place> {
        let before = self.under_way.fetch_add(1, Ordering::Relaxed);
        let place = Place(Arc::clone(self));
        capacity.is_none_or(|capacity| before < capacity).then_some(place)
    }

    fn fate(behaviour: &Behaviour) -> Fate {
        if roll() < behaviour.hang_rate {
            Fate::Hangs
        } else if roll() < behaviour.failure_rate {
            Fate::Fails
        } else {
            Fate::Answers
        }
    }

    fn act(&self, call: &Call, behaviour: &Behaviour) -> Verdict {
        let declines = share_of(&call.key) < behaviour.decline_rate;
        self.ledger().act(call, Terms { declines, forgets: behaviour.forgets_keys })
    }
}

/// Acts on the call and waits for its latency. The place returns to the caller; it is freed when
/// the caller has cancelled.
async fn work(
    place: Place,
    call: Call,
    behaviour: Behaviour,
    fate: Fate,
) -> (Place, Option<Verdict>) {
    let service = Arc::clone(&place.0);
    let acts_now = match behaviour.acts {
        Acts::First => true,
        Acts::Answering => fate == Fate::Answers,
        Acts::Last => false,
    };
    let verdict = acts_now.then(|| service.act(&call, &behaviour));
    if !behaviour.latency_ms.is_none() {
        tokio::time::sleep(behaviour.latency_ms.sample()).await;
    }
    let acts_last = behaviour.acts == Acts::Last;
    (place, if acts_last { Some(service.act(&call, &behaviour)) } else { verdict })
}
