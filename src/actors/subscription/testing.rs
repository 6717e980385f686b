//! What the unit tests of subscribers share: services on a journal, and an event set without events.

use super::SubscriberServices;
use crate::{
    actors::operations::{Components, OperationsLog, Quarantine},
    domain::kernel::{AnyEvent, EventSet},
    store::journal::Journal,
};
use std::sync::Arc;

/// An event set without events: tests start the actions of their subscribers themselves.
#[derive(Clone, Debug)]
pub enum NoEvents {}

impl EventSet for NoEvents {
    const KINDS: &'static [&'static str] = &[];

    fn from_event(_: &impl AnyEvent) -> Option<Self> {
        None
    }

    fn number(&self) -> u64 {
        match *self {}
    }
}

/// Services on this journal, with nothing registered.
pub fn services_on(journal: &Arc<dyn Journal>) -> SubscriberServices {
    let operations_log = Arc::new(OperationsLog::open(journal).expect("an operations log"));
    SubscriberServices {
        journal: Arc::clone(journal),
        settings: Arc::default(),
        quarantine: Arc::new(Quarantine::new(Arc::clone(&operations_log))),
        operations_log,
        registry: Arc::default(),
        components: Components::open(Arc::clone(journal)).expect("components"),
        tracer: None,
    }
}
