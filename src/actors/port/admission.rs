//! The ways to the outside services, as whoever sends a client there has to know them.

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

/// The ways to all outside services, by the names of the ports.
#[derive(Default)]
pub struct PortAdmissions {
    all: RwLock<BTreeMap<&'static str, Arc<PortAdmission>>>,
}

impl PortAdmissions {
    /// Opens the way to one more.
    pub fn open(&self, port: &'static str, passage: PortAdmission) -> Arc<PortAdmission> {
        let passage = Arc::new(passage);
        let mut all = self.all.write().unwrap_or_else(PoisonError::into_inner);
        all.insert(port, Arc::clone(&passage));
        passage
    }

    /// The way to this one.
    pub fn get(&self, port: &str) -> Option<Arc<PortAdmission>> {
        self.all.read().unwrap_or_else(PoisonError::into_inner).get(port).cloned()
    }
}

/// The way to one outside service.
pub struct PortAdmission {
    /// What stands in it.
    pub gate: Arc<Gate>,
    /// The port.
    context: Arc<Context>,
    /// Those who wait behind it, when the fallback is *defer*.
    putting_off: Option<Deferrals>,
    /// The clients that wait.
    crowd: WaitingClients,
}

impl PortAdmission {
    /// Through this gate; whoever asks in vain is dealt with as configured. No more clients wait
    /// for this machine at once than so many.
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

    /// Whether questions are put off here at all.
    pub const fn may_put_off(&self) -> bool {
        self.putting_off.is_some()
    }

    /// Puts off the question of a conversation, until what is returned is dropped; `None` when
    /// nothing is put off here, or too much is already.
    pub fn put_off(&self, conversation: u64) -> Option<PutOff<'_>> {
        self.putting_off.as_ref()?.put_off(conversation)
    }

    /// Waits until the question of this conversation is put off.
    pub async fn is_put_off(&self, conversation: u64) {
        match &self.putting_off {
            Some(putting_off) => putting_off.is_put_off(conversation).await,
            None => pending().await,
        }
    }

    /// A client waits for an answer, until what is returned is dropped.
    pub fn join(&self) -> Counted {
        self.crowd.join()
    }

    /// A question that a client waits for is with the service, until what is returned is dropped.
    pub fn step_out(&self) -> Counted {
        self.crowd.step_out()
    }

    /// Turns away whoever would ask in vain: the gate would turn the question away, and it would
    /// not be put off; or it would not be answered in time, since too many are on their way there
    /// or back.
    ///
    /// # Errors
    /// Why, and when to come back.
    pub fn foresee(&self) -> Result<(), Away> {
        // Nobody is late at a service that is not asked.
        if self.crowd.is_too_large() && !self.context.is_suspended() {
            return Err(self.gate.refuse());
        }
        if self.putting_off.as_ref().is_some_and(Deferrals::has_room) {
            return Ok(());
        }
        self.gate.foresee()
    }

    /// Which gate was in the way of whoever asked in vain, and when to come back: soon, if it
    /// lets everybody through by now.
    pub fn in_the_way(&self) -> (Arc<str>, Duration) {
        let peeked = self.gate.peek();
        let soon = |()| Duration::from_secs(soon().into());
        (self.gate.name().into(), peeked.map_or_else(|away| away.retry_after, soon))
    }
}
