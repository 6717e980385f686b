//! A host that stores declarations and replays them to other hosts.

use crate::{
    actors::{Installation, StoredTypes},
    config::BusinessSections,
    contract::ContractBuilder,
    domain::kernel::{Aggregate, Business, Host, Lookup, Port, Saga, View},
    model::ModelBuilder,
};

/// Declares the businesses that madang ships. They are compiled once, here. Binaries and tests
/// that install them do not compile them again.
pub fn shipped(declarations: &mut Declarations) {
    crate::domain::install(declarations);
}

/// The declarations in their order. The runtime, `verify` and `model` start from them.
#[derive(Default)]
pub struct Declarations(Vec<Declared>);

/// One declaration, with one function for each kind of host.
struct Declared {
    bring_to_life: fn(&mut Installation),
    store: fn(&mut StoredTypes),
    draw: fn(&mut ModelBuilder),
    describe: fn(&mut ContractBuilder),
    list: fn(&mut BusinessSections),
}

impl Declarations {
    /// Stores the declarations that `install` makes.
    pub fn of(install: impl FnOnce(&mut Self)) -> Self {
        let mut declarations = Self::default();
        install(&mut declarations);
        declarations
    }

    /// Stores the declarations of a business. [`Host::business`] does the same; this method works
    /// without importing that trait.
    pub fn business<B: Business>(&mut self) -> &mut Self {
        Host::business::<B>(self)
    }

    /// Replays all declarations to the runtime.
    pub fn install(&self, installation: &mut Installation) {
        self.0.iter().for_each(|declared| (declared.bring_to_life)(installation));
    }

    /// Replays all declarations to the stored types.
    pub fn store(&self, types: &mut StoredTypes) {
        self.0.iter().for_each(|declared| (declared.store)(types));
    }

    /// Replays all declarations to the [`ModelBuilder`], which draws the boards.
    pub fn draw(&self, builder: &mut ModelBuilder) {
        self.0.iter().for_each(|declared| (declared.draw)(builder));
    }

    /// Replays all declarations to the [`ContractBuilder`], which writes the contract.
    pub fn describe(&self, builder: &mut ContractBuilder) {
        self.0.iter().for_each(|declared| (declared.describe)(builder));
    }

    /// Replays all declarations to the list of the sections of businesses.
    pub fn list(&self, sections: &mut BusinessSections) {
        self.0.iter().for_each(|declared| (declared.list)(sections));
    }

    /// The sections of all businesses.
    #[must_use]
    pub fn sections(&self) -> BusinessSections {
        let mut sections = BusinessSections::default();
        self.list(&mut sections);
        sections
    }
}

/// Stores one declaration for all hosts.
macro_rules! declared {
    ($self:ident.$method:ident::<$part:ident>()) => {{
        $self.0.push(Declared {
            bring_to_life: |installation| _ = installation.$method::<$part>(),
            store: |types| _ = types.$method::<$part>(),
            draw: |builder| _ = builder.$method::<$part>(),
            describe: |builder| _ = builder.$method::<$part>(),
            list: |sections| _ = sections.$method::<$part>(),
        });
        $self
    }};
}

impl Host for Declarations {
    fn business<B: Business>(&mut self) -> &mut Self {
        declared!(self.business::<B>())
    }

    fn aggregate<A: Aggregate>(&mut self) -> &mut Self {
        declared!(self.aggregate::<A>())
    }

    fn saga<S: Saga>(&mut self) -> &mut Self {
        declared!(self.saga::<S>())
    }

    fn port<P: Port>(&mut self) -> &mut Self {
        declared!(self.port::<P>())
    }

    fn lookup<L: Lookup>(&mut self) -> &mut Self {
        declared!(self.lookup::<L>())
    }

    fn view<V: View>(&mut self) -> &mut Self {
        declared!(self.view::<V>())
    }
}
