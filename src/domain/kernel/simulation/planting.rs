//! Replaces functions of a business with faulty ones, to test that a simulation detects the bug.
//!
//! A planted function is used in place of the function of the business. The aggregates or saga
//! instances of that kind are reset when it is planted.

use super::{Live, PortEffect, SagaInstances, World};
use crate::domain::kernel::{
    Aggregate, Decision, Dispatch, Id, Issuer, Meta, Port, PortReply, PortRequest, Saga,
    SettingsOf, Step, Timestamp,
};

/// A function in place of [`Aggregate::decide`].
pub(super) type Decide<A> =
    dyn Fn(&A, <A as Aggregate>::Command, Timestamp, &SettingsOf<A>) -> Decision<A>;

/// A function in place of [`Aggregate::issuer`].
pub(super) type IssuerOf<A> = dyn Fn(&<A as Aggregate>::Command) -> Issuer;

/// A function in place of [`Saga::react`].
pub(super) type React<S> = dyn Fn(S, Id<S>, <S as Saga>::Events, &Meta) -> Step<S>;

/// A function in place of [`Saga::on_timer`].
pub(super) type OnTimer<S> = dyn Fn(S, Id<S>, Timestamp) -> Step<S>;

/// A function in place of [`Port::ask`].
pub(super) type Ask<P> = dyn Fn(&<P as Port>::Events, &Meta) -> Option<PortRequest>;

/// A function in place of [`Port::on_reply`].
pub(super) type OnReply<P> = dyn Fn(&<P as Port>::Events, &Meta, &PortReply) -> Dispatch;

/// A fault of the host that runs the businesses.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum HostFault {
    /// A restart does not repeat the calls of ports and the lookups that were in progress.
    LosesEffects,
    /// A restart does not repeat the commands of sagas that were in delivery.
    LosesCommands,
    /// The commands of one saga instance are delivered in any order.
    ReordersCommands,
    /// A request is answered before its record is durable, and lost in a crash.
    AnswersEarly,
}

impl World {
    /// Replaces the `decide` function of every `A`.
    pub fn plant_decide<A: Aggregate>(
        &mut self,
        decide: impl Fn(&A, A::Command, Timestamp, &SettingsOf<A>) -> Decision<A> + 'static,
    ) {
        let live = Live::<A> { decide: Box::new(decide), ..Live::default() };
        self.aggregates.insert(A::NAME, Box::new(live));
    }

    /// Replaces the `issuer` function of every `A`.
    pub fn plant_issuer<A: Aggregate>(&mut self, issuer: impl Fn(&A::Command) -> Issuer + 'static) {
        let live = Live::<A> { issuer: Box::new(issuer), ..Live::default() };
        self.aggregates.insert(A::NAME, Box::new(live));
    }

    /// Replaces the `react` function of every instance of `S`.
    pub fn plant_react<S: Saga>(
        &mut self,
        react: impl Fn(S, Id<S>, S::Events, &Meta) -> Step<S> + 'static,
    ) {
        self.plant_saga(SagaInstances::<S> { react: Box::new(react), ..SagaInstances::default() });
    }

    /// Replaces the `on_timer` function of every instance of `S`.
    pub fn plant_on_timer<S: Saga>(
        &mut self,
        on_timer: impl Fn(S, Id<S>, Timestamp) -> Step<S> + 'static,
    ) {
        let on_timer = Box::new(on_timer);
        self.plant_saga(SagaInstances::<S> { on_timer, ..SagaInstances::default() });
    }

    /// Replaces the `ask` function of the port `P`.
    pub fn plant_ask<P: Port>(
        &mut self,
        ask: impl Fn(&P::Events, &Meta) -> Option<PortRequest> + 'static,
    ) {
        self.plant_port(PortEffect::<P> { ask: Box::new(ask), ..PortEffect::default() });
    }

    /// Replaces the `on_reply` function of the port `P`.
    pub fn plant_on_reply<P: Port>(
        &mut self,
        on_reply: impl Fn(&P::Events, &Meta, &PortReply) -> Dispatch + 'static,
    ) {
        let on_reply = Box::new(on_reply);
        self.plant_port(PortEffect::<P> { on_reply, ..PortEffect::default() });
    }

    /// Plants a fault in the host itself.
    pub fn plant_host_fault(&mut self, fault: HostFault) {
        self.fault = Some(fault);
    }

    pub(super) fn has(&self, fault: HostFault) -> bool {
        self.fault == Some(fault)
    }

    fn plant_saga<S: Saga>(&mut self, instances: SagaInstances<S>) {
        if let Some(saga) = self.sagas.iter_mut().find(|saga| saga.name() == S::NAME) {
            *saga = Box::new(instances);
        }
    }

    fn plant_port<P: Port>(&mut self, port: PortEffect<P>) {
        if let Some(effect) = self.effects.iter_mut().find(|effect| effect.name() == P::NAME) {
            *effect = Box::new(port);
        }
    }
}
