//! The quarantine: aggregate, saga, port and lookup instances that crashed.

use super::log::{OperationsEvent, OperationsLog};
use crate::actors::api::QuarantineEntry;
use crate::sync;
use crate::traces::Correlation;
use actix::Message;
use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex},
};

/// The message that releases an instance from quarantine, sent to its runner.
#[derive(Message)]
#[rtype(result = "()")]
pub struct Release(pub u64);

/// A function that tells the runner of an instance of its release.
type ReleaseHandler = Arc<dyn Fn(u64) + Send + Sync>;

/// The entries of the quarantine, of all kinds.
pub struct Quarantine {
    operations_log: Arc<OperationsLog>,
    entries: Mutex<BTreeMap<(&'static str, u64), QuarantineEntry>>,
    /// The release handlers, by the name of the aggregate kind, saga, port or lookup.
    handlers: Mutex<BTreeMap<&'static str, Vec<ReleaseHandler>>>,
}

impl Quarantine {
    /// Creates an empty quarantine. The operations log records admissions and releases.
    pub fn new(operations_log: Arc<OperationsLog>) -> Self {
        Self { operations_log, entries: Mutex::default(), handlers: Mutex::default() }
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
        let _entered = Correlation::current().or_of(entry.number).enter();
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

    /// Registers a function that is called with the number of every released instance of this name.
    pub fn on_release(&self, name: &'static str, handler: impl Fn(u64) + Send + Sync + 'static) {
        sync::lock(&self.handlers).entry(name).or_default().push(Arc::new(handler));
    }

    /// Whether instances of this name can be in quarantine.
    pub fn knows(&self, name: &str) -> bool {
        sync::lock(&self.handlers).contains_key(name)
    }

    /// Releases an instance, records that in the operations log and calls the handlers. Returns
    /// false when it was not in quarantine.
    pub fn release(&self, name: &str, number: u64) -> bool {
        let known = sync::lock(&self.handlers).get_key_value(name).map(|(n, h)| (*n, h.clone()));
        let Some((name, handlers)) = known else { return false };
        let was_in = sync::lock(&self.entries).remove(&(name, number)).is_some();
        if was_in {
            let resource = name.to_owned();
            self.operations_log.record(OperationsEvent::Released { resource, number });
            for handler in handlers {
                handler(number);
            }
        }
        was_in
    }

    /// Removes all entries of this resource, without an operations event.
    pub fn forget(&self, resource: &'static str) {
        sync::lock(&self.entries).retain(|(of, _), _| *of != resource);
    }

    /// Returns the number of entries of each name that can have some.
    pub fn counts(&self) -> BTreeMap<&'static str, u64> {
        let mut counts: BTreeMap<_, _> =
            sync::lock(&self.handlers).keys().map(|name| (*name, 0)).collect();
        for (name, _) in sync::lock(&self.entries).keys() {
            *counts.entry(*name).or_default() += 1;
        }
        counts
    }

    /// Returns all entries.
    pub fn entries(&self) -> Vec<QuarantineEntry> {
        sync::lock(&self.entries).values().cloned().collect()
    }
}
