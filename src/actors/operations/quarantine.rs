//! Instances and conversations that crashed too often.

use super::log::{OperationsEvent, OperationsLog};
use crate::actors::api::QuarantineEntry;
use actix::Message;
use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, PoisonError},
};

/// Lets a conversation out of quarantine; said to where it is led.
#[derive(Message)]
#[rtype(result = "()")]
pub struct Release(pub u64);

/// Everything that is in quarantine, of all kinds.
#[derive(Debug)]
pub struct Quarantine {
    diary: Arc<OperationsLog>,
    entries: Mutex<BTreeMap<(&'static str, u64), QuarantineEntry>>,
}

impl Quarantine {
    /// Nobody is in it yet; who comes and goes is noted.
    pub fn new(diary: Arc<OperationsLog>) -> Self {
        Self { diary, entries: Mutex::default() }
    }

    /// Takes one in.
    pub fn admit(&self, entry: QuarantineEntry) {
        self.take_back(entry.clone());
        let QuarantineEntry { resource, number, because, .. } = entry;
        let resource = resource.to_owned();
        self.diary.note(OperationsEvent::Quarantined { resource, number, because });
    }

    /// Takes one in that was in before everything started over.
    pub fn take_back(&self, entry: QuarantineEntry) {
        tracing::error!(
            resource = entry.resource,
            number = entry.number,
            because = entry.because,
            crashes = entry.crashes,
            "quarantined"
        );
        self.lock().insert((entry.resource, entry.number), entry);
    }

    /// Why this one is in, if it is.
    pub fn because(&self, resource: &'static str, number: u64) -> Option<String> {
        self.lock().get(&(resource, number)).map(|entry| entry.because.clone())
    }

    /// Lets one out.
    pub fn release(&self, resource: &'static str, number: u64) -> bool {
        let was_in = self.lock().remove(&(resource, number)).is_some();
        if was_in {
            self.diary.note(OperationsEvent::Released { resource: resource.to_owned(), number });
        }
        was_in
    }

    /// Lets all of these out.
    pub fn forget(&self, resource: &'static str) {
        self.lock().retain(|(of, _), _| *of != resource);
    }

    /// Everything that is in.
    pub fn entries(&self) -> Vec<QuarantineEntry> {
        self.lock().values().cloned().collect()
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, BTreeMap<(&'static str, u64), QuarantineEntry>> {
        self.entries.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
