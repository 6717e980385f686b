//! The effect of a port: a call of an outside service.

use super::contract::{Effect, EffectTask, Limits};
use crate::{
    actors::{
        operations::Context,
        port::{PortCall, PortClient},
    },
    domain::kernel::{Dispatch, Meta, Port},
};
use std::{marker::PhantomData, sync::Arc};

/// At most this many calls that clients wait for are in the gate of a port, or before it.
const HURRIED_MAX: usize = 4_096;

/// At most this many calls that no client waits for are in the gate of a port.
const PATIENT_MAX: usize = 1_024;

/// The bounds of a port's effect runner. The gate decides how many calls go out, and deferred calls
/// must not take the places of later ones.
pub const fn questions(deferred_max: usize) -> Limits {
    let hurried_max = HURRIED_MAX.saturating_add(deferred_max);
    let under_way_max = hurried_max.saturating_add(PATIENT_MAX);
    Limits { under_way_max, hurried_max, patient_max: PATIENT_MAX }
}

/// Calls an outside service.
pub struct PortEffect<P> {
    service: Arc<PortClient>,
    of: PhantomData<fn() -> P>,
}

impl<P> PortEffect<P> {
    /// An effect that calls this service.
    pub const fn new(service: Arc<PortClient>) -> Self {
        Self { service, of: PhantomData }
    }
}

impl<P: Port> PortEffect<P> {
    fn question(heard: &P::Hears, meta: &Meta, was_asked: bool) -> Option<PortCall> {
        let ask = P::ask(heard, meta)?;
        let (since, conversation) = (meta.time, meta.correlation);
        Some(PortCall { ask, since, conversation, was_asked })
    }
}

impl<P: Port> Effect for PortEffect<P> {
    const NAME: &'static str = P::NAME;

    type Hears = P::Hears;

    fn run(&self, heard: P::Hears, meta: Meta, was_asked: bool) -> Option<EffectTask> {
        let question = Self::question(&heard, &meta, was_asked)?;
        let patience = question.ask.patience;
        let service = Arc::clone(&self.service);
        let running = Box::pin(async move {
            let answer = service.ask(&question).await;
            P::answered(&heard, &meta, &answer)
        });
        Some(EffectTask { patience, running })
    }

    fn refused(&self, heard: &P::Hears, meta: &Meta, was_asked: bool) -> Option<Dispatch> {
        let answer = self.service.refusal(&Self::question(heard, meta, was_asked)?)?;
        Some(P::answered(heard, meta, &answer))
    }

    fn needs(&self) -> Option<&Arc<Context>> {
        None
    }
}
