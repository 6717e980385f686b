//! The admission to outside services, checked before a command that needs a service is accepted.

use super::{
    calls::Calls,
    deferral::{Deferral, Deferrals},
    waiting_clients::WaitingClients,
};
use crate::actors::{
    gate::{Gate, GateRejection},
    operations::Component,
    settings::{Fallback, PortSettings},
    support::soon,
};
use crate::sync::{self, CountGuard};
use std::{
    collections::BTreeMap,
    future::pending,
    sync::{Arc, RwLock},
    time::Duration,
};

/// The admission to every outside service, by the name of the port.
#[derive(Default)]
pub struct PortAdmissions {
    all: RwLock<BTreeMap<&'static str, Arc<PortAdmission>>>,
}

impl PortAdmissions {
    /// Registers the admission of a port.
    pub fn open(&self, port: &'static str, admission: PortAdmission) -> Arc<PortAdmission> {
        let admission = Arc::new(admission);
        let mut all = sync::write(&self.all);
        all.insert(port, Arc::clone(&admission));
        admission
    }

    /// The admissions of all ports, by name.
    pub fn all(&self) -> Vec<(&'static str, Arc<PortAdmission>)> {
        let all = sync::read(&self.all);
        all.iter().map(|(port, admission)| (*port, Arc::clone(admission))).collect()
    }

    /// The admission of this port.
    pub fn get(&self, port: &str) -> Option<Arc<PortAdmission>> {
        sync::read(&self.all).get(port).cloned()
    }
}

/// The admission to one outside service.
pub struct PortAdmission {
    /// The gate of the port.
    pub gate: Arc<Gate>,
    /// The component of the port.
    component: Arc<Component>,
    /// The deferred calls, when the fallback is *defer*.
    deferrals: Option<Deferrals>,
    /// The number of clients that wait for this service.
    waiting_clients: WaitingClients,
    /// The calls of the service since the start.
    pub calls: Calls,
}

impl PortAdmission {
    /// Creates the admission through this gate, with the configured fallback for calls without an
    /// answer. At most `unanswered_max` clients wait for work of this machine at once.
    pub fn new(
        gate: Arc<Gate>,
        component: Arc<Component>,
        settings: &PortSettings,
        unanswered_max: usize,
    ) -> Self {
        let deferrals =
            (settings.fallback == Fallback::Defer).then(|| Deferrals::new(settings.deferred_max));
        let waiting_clients = WaitingClients::new(unanswered_max);
        Self { gate, component, deferrals, waiting_clients, calls: Calls::default() }
    }

    /// Whether this port defers calls at all.
    pub const fn may_put_off(&self) -> bool {
        self.deferrals.is_some()
    }

    /// Defers the call of a conversation, until the returned guard is dropped. `None` when the port
    /// does not defer calls, or has reached its limit.
    pub fn put_off(&self, conversation: u64) -> Option<Deferral<'_>> {
        self.deferrals.as_ref()?.put_off(conversation)
    }

    /// Waits until the call of this conversation is deferred. It waits without end when the port
    /// does not defer calls.
    pub async fn is_put_off(&self, conversation: u64) {
        match &self.deferrals {
            Some(deferrals) => deferrals.is_put_off(conversation).await,
            None => pending().await,
        }
    }

    /// Counts a client that waits for an answer, until the returned guard is dropped.
    pub fn join(&self) -> CountGuard {
        self.waiting_clients.join()
    }

    /// Counts a call that is with the service, until the returned guard is dropped.
    pub fn step_out(&self) -> CountGuard {
        self.waiting_clients.step_out()
    }

    /// Refuses a client whose call would fail. The call fails if the gate refuses it and it cannot
    /// be deferred. It also fails if too many waiting clients make it late.
    ///
    /// # Errors
    /// The gate and the reason, with the time to retry.
    pub fn reserve(&self) -> Result<(), GateRejection> {
        // A suspended service is not called, so its waiting clients do not count.
        if self.waiting_clients.is_too_large() && !self.component.is_suspended() {
            return Err(self.gate.refuse());
        }
        if self.deferrals.as_ref().is_some_and(Deferrals::has_room) {
            return Ok(());
        }
        self.gate.reserve()
    }

    /// The gate that refused a call, and when to retry: soon, if the gate admits callers again.
    pub fn in_the_way(&self) -> (Arc<str>, Duration) {
        let peeked = self.gate.peek();
        let soon = |()| Duration::from_secs(soon().into());
        (self.gate.name().into(), peeked.map_or_else(|away| away.retry_after, soon))
    }
}
