//! Admission to the outside services, checked before a client's command that needs one is accepted.

use super::{
    deferral::{Deferrals, PutOff},
    waiting_clients::{Counted, WaitingClients},
};
use crate::actors::{
    gate::{Away, Gate},
    operations::Context,
    settings::{Fallback, PortSettings},
    support::soon,
};
use std::{
    collections::BTreeMap,
    future::pending,
    sync::{Arc, PoisonError, RwLock},
    time::Duration,
};

/// The admission to every outside service, by the name of the port.
#[derive(Default)]
pub struct PortAdmissions {
    all: RwLock<BTreeMap<&'static str, Arc<PortAdmission>>>,
}

impl PortAdmissions {
    /// Registers the admission of a port.
    pub fn open(&self, port: &'static str, passage: PortAdmission) -> Arc<PortAdmission> {
        let passage = Arc::new(passage);
        let mut all = self.all.write().unwrap_or_else(PoisonError::into_inner);
        all.insert(port, Arc::clone(&passage));
        passage
    }

    /// The admission of this port.
    pub fn get(&self, port: &str) -> Option<Arc<PortAdmission>> {
        self.all.read().unwrap_or_else(PoisonError::into_inner).get(port).cloned()
    }
}

/// Admission to one outside service.
pub struct PortAdmission {
    /// The gate of the port.
    pub gate: Arc<Gate>,
    /// The component of the port.
    context: Arc<Context>,
    /// The deferred questions, when the fallback is *defer*.
    putting_off: Option<Deferrals>,
    /// The number of clients that wait for this service.
    crowd: WaitingClients,
}

impl PortAdmission {
    /// Admission through this gate, with the configured fallback for questions without an answer.
    /// At most `unanswered_max` clients wait for work of this machine at once.
    pub fn new(
        gate: Arc<Gate>,
        context: Arc<Context>,
        settings: &PortSettings,
        unanswered_max: usize,
    ) -> Self {
        let putting_off =
            (settings.fallback == Fallback::Defer).then(|| Deferrals::new(settings.deferred_max));
        Self { gate, context, putting_off, crowd: WaitingClients::new(unanswered_max) }
    }

    /// Whether this port defers questions at all.
    pub const fn may_put_off(&self) -> bool {
        self.putting_off.is_some()
    }

    /// Defers the question of a conversation, until the returned guard is dropped. `None` when the
    /// port does not defer, or has no room for more.
    pub fn put_off(&self, conversation: u64) -> Option<PutOff<'_>> {
        self.putting_off.as_ref()?.put_off(conversation)
    }

    /// Waits until the question of this conversation is deferred; forever when the port does not
    /// defer.
    pub async fn is_put_off(&self, conversation: u64) {
        match &self.putting_off {
            Some(putting_off) => putting_off.is_put_off(conversation).await,
            None => pending().await,
        }
    }

    /// Counts a client that waits for an answer, until the returned guard is dropped.
    pub fn join(&self) -> Counted {
        self.crowd.join()
    }

    /// Counts a question that is with the service, until the returned guard is dropped.
    pub fn step_out(&self) -> Counted {
        self.crowd.step_out()
    }

    /// Turns a client away whose question would fail. Either the gate would turn it away and it
    /// could not be deferred, or too many waiting clients would make it late.
    ///
    /// # Errors
    /// The gate and the reason, with the time to retry.
    pub fn foresee(&self) -> Result<(), Away> {
        // A suspended service is not asked, so its waiting clients do not count.
        if self.crowd.is_too_large() && !self.context.is_suspended() {
            return Err(self.gate.refuse());
        }
        if self.putting_off.as_ref().is_some_and(Deferrals::has_room) {
            return Ok(());
        }
        self.gate.foresee()
    }

    /// The gate that turned a question away, and when to retry: soon, if it admits callers by now.
    pub fn in_the_way(&self) -> (Arc<str>, Duration) {
        let peeked = self.gate.peek();
        let soon = |()| Duration::from_secs(soon().into());
        (self.gate.name().into(), peeked.map_or_else(|away| away.retry_after, soon))
    }
}
