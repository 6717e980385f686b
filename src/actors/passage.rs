//! The ways to the outside services, as whoever sends a client there has to know them.

use super::{
    gate::{Away, Gate},
    settings::Fallback,
};
use std::{
    collections::BTreeMap,
    sync::{Arc, PoisonError, RwLock},
    time::Duration,
};

/// When to come back to a gate that lets everybody through, although it was in the way before.
const RETRY_AFTER_MIN: Duration = Duration::from_secs(1);

/// The ways to all outside services, by the names of the ports.
#[derive(Default)]
pub struct Passages {
    all: RwLock<BTreeMap<&'static str, Arc<Passage>>>,
}

impl Passages {
    /// Opens the way to one more.
    pub fn open(&self, port: &'static str, passage: Passage) -> Arc<Passage> {
        let passage = Arc::new(passage);
        let mut all = self.all.write().unwrap_or_else(PoisonError::into_inner);
        all.insert(port, Arc::clone(&passage));
        passage
    }

    /// The way to this one.
    pub fn get(&self, port: &str) -> Option<Arc<Passage>> {
        self.all.read().unwrap_or_else(PoisonError::into_inner).get(port).cloned()
    }
}

/// The way to one outside service.
pub struct Passage {
    /// What stands in it.
    pub gate: Arc<Gate>,
    fallback: Fallback,
}

impl Passage {
    /// Through this gate; whoever is turned away there is dealt with like this.
    pub const fn new(gate: Arc<Gate>, fallback: Fallback) -> Self {
        Self { gate, fallback }
    }

    /// Whether a question asked now would be in vain: its gate would turn it away, and it would
    /// not be put off.
    ///
    /// # Errors
    /// Why, and when to come back.
    pub fn peek(&self) -> Result<(), Away> {
        match self.fallback {
            Fallback::Refuse => self.gate.peek(),
            Fallback::Defer => Ok(()),
        }
    }

    /// Which gate was in the way of whoever asked in vain, and when to come back.
    pub fn in_the_way(&self) -> (Arc<str>, Duration) {
        let retry_after =
            self.gate.peek().map_or_else(|away| away.retry_after, |()| RETRY_AFTER_MIN);
        (self.gate.name().into(), retry_after)
    }
}
