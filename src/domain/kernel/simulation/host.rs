//! The world as a host: businesses are installed in it, and their state is read from it.

use super::{
    World,
    effects::{LookupEffect, PortEffect, Rows},
    installed::{Live, SagaInstances},
};
use crate::domain::kernel::{
    Aggregate, Business, Host, Lookup, Port, Saga, StateReader, View, WaitsFor, wrong_names,
};
use std::rc::Rc;

impl Host for World {
    fn business<B: Business>(&mut self) -> &mut Self {
        self.settings.entry(B::NAME).or_insert_with(|| Box::new(B::Settings::default()));
        self.invariants.push(B::check_invariants);
        B::install(self);
        self
    }

    fn aggregate<A: Aggregate>(&mut self) -> &mut Self {
        self.aggregates.insert(A::NAME, Box::new(Live::<A>::default()));
        self
    }

    fn saga<S: Saga>(&mut self) -> &mut Self {
        self.sagas.push(Box::new(SagaInstances::<S>::default()));
        self
    }

    fn port<P: Port>(&mut self) -> &mut Self {
        self.effects.push(Box::new(PortEffect::<P>::default()));
        self
    }

    fn lookup<L: Lookup>(&mut self) -> &mut Self {
        self.effects.push(Box::new(LookupEffect::<L>::default()));
        self
    }

    /// # Panics
    /// When the view names a field that its rows do not have. A server would not start.
    fn view<V: View>(&mut self) -> &mut Self {
        let wrong = wrong_names::<V>();
        assert!(wrong.is_empty(), "{}", wrong.join("\n"));
        self.views.insert(V::NAME, Box::new(Rows::<V>::default()));
        self
    }
}

impl StateReader for World {
    fn each<A: Aggregate>(
        &self,
        mut check: impl FnMut(u64, &A) -> Result<(), String>,
    ) -> Result<(), String> {
        let mut live = self.live::<A>().into_iter().flat_map(|live| &live.all);
        live.try_for_each(|(number, aggregate)| check(*number, aggregate))
    }

    fn get<A: Aggregate>(&self, number: u64) -> Rc<A> {
        let found = self.live::<A>().and_then(|live| live.all.get(&number).cloned());
        Rc::new(found.unwrap_or_default())
    }

    fn waits_for<S: Saga>(&self, number: u64) -> WaitsFor {
        self.saga_instances::<S>()
            .and_then(|saga_instances| saga_instances.states.get(&number))
            .map_or(WaitsFor::Nothing, Saga::waits_for)
    }
}
