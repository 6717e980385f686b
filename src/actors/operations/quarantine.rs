//! The quarantine: aggregate, saga, port and lookup instances that crashed.

use super::log::{OperationsEvent, OperationsLog};
use crate::actors::api::QuarantineEntry;
use crate::sync;
use actix::Message;
use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex},
};

/// The message that releases an instance from quarantine, sent to its runner.
#[derive(Message)]
#[rtype(result = "()")]
pub struct Release(pub u64);

/// The entries of the quarantine, of all kinds.
#[derive(Debug)]
pub struct Quarantine {
    operations_log: Arc<OperationsLog>,
    entries: Mutex<BTreeMap<(&'static str, u64), QuarantineEntry>>,
}

impl Quarantine {
    /// Creates an empty quarantine. The operations log records admissions and releases.
    pub fn new(operations_log: Arc<OperationsLog>) -> Self {
        Self { operations_log, entries: Mutex::default() }
    }

    /// Adds an entry and records it in the operations log.
    pub fn admit(&self, entry: QuarantineEntry) {
        self.take_back(entry.clone());
        let QuarantineEntry { resource, number, reason, .. } = entry;
        let resource = resource.to_owned();
        self.operations_log.record(OperationsEvent::Quarantined { resource, number, reason });
    }

    /// Adds an entry that existed before a restart, without an operations event.
    pub fn take_back(&self, entry: QuarantineEntry) {
        tracing::error!(
            resource = entry.resource,
            number = entry.number,
            reason = entry.reason,
            crashes = entry.crashes,
            "quarantined"
        );
        sync::lock(&self.entries).insert((entry.resource, entry.number), entry);
    }

    /// Returns the reason why this instance is in quarantine, if it is.
    pub fn reason(&self, resource: &'static str, number: u64) -> Option<String> {
        sync::lock(&self.entries).get(&(resource, number)).map(|entry| entry.reason.clone())
    }

    /// Removes an entry and records that in the operations log. Returns false when there was none.
    pub fn release(&self, resource: &'static str, number: u64) -> bool {
        let was_in = sync::lock(&self.entries).remove(&(resource, number)).is_some();
        if was_in {
            self.operations_log
                .record(OperationsEvent::Released { resource: resource.to_owned(), number });
        }
        was_in
    }

    /// Removes all entries of this resource, without an operations event.
    pub fn forget(&self, resource: &'static str) {
        sync::lock(&self.entries).retain(|(of, _), _| *of != resource);
    }

    /// Returns all entries.
    pub fn entries(&self) -> Vec<QuarantineEntry> {
        sync::lock(&self.entries).values().cloned().collect()
    }
}
