//! The effect of a port: a call of an outside service.

use super::contract::{Effect, EffectContext, EffectTask, Limits};
use crate::{
    actors::{
        operations::Component,
        port::{PortCall, PortClient},
    },
    domain::kernel::{Dispatch, Meta, Port, PortReply},
};
use std::{marker::PhantomData, sync::Arc};

/// At most this many urgent calls are in the gate of a port, or before it.
const URGENT_MAX: usize = 4_096;

/// At most this many background calls are in the gate of a port.
const BACKGROUND_MAX: usize = 1_024;

/// The bounds of a port's effect runner. The gate limits the calls that are made. Deferred calls
/// must not take the places of later calls.
pub const fn port_calls(deferred_max: usize) -> Limits {
    let urgent_max = URGENT_MAX.saturating_add(deferred_max);
    let under_way_max = urgent_max.saturating_add(BACKGROUND_MAX);
    Limits { under_way_max, urgent_max, background_max: BACKGROUND_MAX }
}

/// Calls an outside service.
pub struct PortEffect<P> {
    service: Arc<PortClient>,
    of: PhantomData<fn() -> P>,
}

impl<P> PortEffect<P> {
    /// Creates an effect that calls this service.
    pub const fn new(service: Arc<PortClient>) -> Self {
        Self { service, of: PhantomData }
    }
}

impl<P: Port> PortEffect<P> {
    fn port_call(event: &P::Events, meta: &Meta, was_asked: bool) -> Option<PortCall> {
        let ask = P::ask(event, meta)?;
        let (since, conversation) = (meta.time, meta.correlation);
        Some(PortCall { ask, since, conversation, trace: None, was_asked, latest: None })
    }
}

impl<P: Port> Effect for PortEffect<P> {
    const NAME: &'static str = P::NAME;

    type Events = P::Events;

    fn run(
        &self,
        event: P::Events,
        meta: Meta,
        was_asked: bool,
        context: EffectContext,
    ) -> Option<EffectTask> {
        let mut port_call = Self::port_call(&event, &meta, was_asked)?;
        if let Some(reason) = P::declined_before_call(&event) {
            let declined = PortReply::Declined(reason);
            return Some(EffectTask::answered(P::on_reply(&event, &meta, &declined)));
        }
        port_call.trace = context.trace;
        if P::REVISABLE {
            let latest = move || P::ask(&context.revise::<P::Events>(P::revised)?, &meta);
            port_call.latest = Some(Box::new(latest));
        }
        let retry_policy = port_call.ask.retry_policy;
        let service = Arc::clone(&self.service);
        let running = Box::pin(async move {
            let answer = service.ask(&port_call).await;
            P::on_reply(&event, &meta, &answer)
        });
        Some(EffectTask { retry_policy, running })
    }

    fn refused(&self, event: &P::Events, meta: &Meta, was_asked: bool) -> Option<Dispatch> {
        let answer = self.service.refusal(&Self::port_call(event, meta, was_asked)?)?;
        Some(P::on_reply(event, meta, &answer))
    }

    fn needs(&self) -> Option<&Arc<Component>> {
        None
    }
}
