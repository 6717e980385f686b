//! Replaces functions of a business with faulty ones, to test that a simulation detects the bug.
//!
//! A planted function is used in place of the function of the business. The aggregates or saga
//! instances of that kind are reset when it is planted.

use super::{Live, SagaInstances, World};
use crate::domain::kernel::{
    Aggregate, Decision, Id, Issuer, Meta, Saga, SettingsOf, Step, Timestamp,
};

/// The type of [`Aggregate::decide`].
pub type Decide<A> = fn(&A, <A as Aggregate>::Command, Timestamp, &SettingsOf<A>) -> Decision<A>;

/// The type of [`Aggregate::issuer`].
pub type IssuerOf<A> = fn(&<A as Aggregate>::Command) -> Issuer;

/// The type of [`Saga::react`].
pub type React<S> = fn(S, Id<S>, <S as Saga>::Events, &Meta) -> Step<S>;

impl World {
    /// Replaces the `decide` function of every `A`.
    pub fn plant_decide<A: Aggregate>(&mut self, decide: Decide<A>) {
        self.aggregates.insert(A::NAME, Box::new(Live::<A> { decide, ..Live::default() }));
    }

    /// Replaces the `issuer` function of every `A`.
    pub fn plant_issuer<A: Aggregate>(&mut self, issuer: IssuerOf<A>) {
        self.aggregates.insert(A::NAME, Box::new(Live::<A> { issuer, ..Live::default() }));
    }

    /// Replaces the `react` function of every instance of `S`.
    pub fn plant_react<S: Saga>(&mut self, react: React<S>) {
        if let Some(saga) = self.sagas.iter_mut().find(|saga| saga.name() == S::NAME) {
            *saga = Box::new(SagaInstances::<S> { react, ..SagaInstances::default() });
        }
    }
}
