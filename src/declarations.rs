//! A host that remembers what is declared to it, and declares it again to others.

use crate::{
    actors::Installation,
    domain::kernel::{Aggregate, Business, Host, Lookup, Port, Saga, View},
    model::Easel,
};

/// Declares the businesses that madang ships. They are compiled here, once, and not again in
/// every binary and test that has them.
pub fn shipped(declarations: &mut Declarations) {
    crate::domain::install(declarations);
}

/// Everything declared, in its order: what a server, an audit and a drawing begin with.
#[derive(Default)]
pub struct Declarations(Vec<Declared>);

/// One declaration, for each kind of host there is.
struct Declared {
    bring_to_life: fn(&mut Installation),
    draw: fn(&mut Easel),
}

impl Declarations {
    /// Remembers what is installed.
    pub fn of(install: impl FnOnce(&mut Self)) -> Self {
        let mut declarations = Self::default();
        install(&mut declarations);
        declarations
    }

    /// Remembers a whole business, as [`Host::business`] does for whoever imports that trait.
    pub fn business<B: Business>(&mut self) -> &mut Self {
        Host::business::<B>(self)
    }

    /// Declares everything to the server.
    pub fn install(&self, catalogue: &mut Installation) {
        self.0.iter().for_each(|declared| (declared.bring_to_life)(catalogue));
    }

    /// Declares everything to whoever draws the boards.
    pub fn draw(&self, easel: &mut Easel) {
        self.0.iter().for_each(|declared| (declared.draw)(easel));
    }
}

/// Declares the same to both hosts.
macro_rules! declared {
    ($self:ident.$method:ident::<$part:ident>()) => {{
        $self.0.push(Declared {
            bring_to_life: |catalogue| _ = catalogue.$method::<$part>(),
            draw: |easel| _ = easel.$method::<$part>(),
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
