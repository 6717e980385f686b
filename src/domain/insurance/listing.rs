//! Saga that sends a product's draft to the catalogue, and the answer back to the product.
//!
//! ```text
//!       drafted            entered, or refused              published, or turned down
//! Idle ────────▶ Entering ─────────────────────▶ Answering ───────────────────────────▶ over
//! ```

use super::{
    catalogue::{Catalogue, Command::Enter, Event as C},
    product::{Command, Event as P, Product},
};
use crate::domain::kernel::prelude::*;

use Listing::*;

event_set!(Heard: Product, Catalogue);

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum Listing {
    #[default]
    Idle,
    /// `Enter` was sent to the catalogue.
    Entering,
    /// The answer of the catalogue was sent to the product.
    Answering,
}

impl Saga for Listing {
    const NAME: &'static str = "insurance/listing";
    type Events = Heard;

    fn route(heard: &Heard) -> Option<u64> {
        match heard {
            Heard::Product(product, _) | Heard::Catalogue(_, C::Entered { product, .. }) => {
                Some(product.number())
            }
            Heard::Catalogue(_, C::Quoted { .. }) => None,
        }
    }

    fn react(self, me: Id<Self>, heard: Heard, _meta: &Meta) -> Step<Self> {
        match (self, heard) {
            (Idle, Heard::Product(product, P::Drafted { terms })) => {
                Step::wait(Entering).send(Catalogue::THE, Enter { product, terms })
            }
            (Entering, Heard::Catalogue(..)) => answer(me, Command::Publish),
            (Answering, Heard::Product(_, P::Published { .. } | P::TurnedDown { .. })) => {
                Step::done()
            }
            (state, _) => Step::wait(state),
        }
    }

    fn on_rejected(self, me: Id<Self>, refused: &RejectedCommand) -> Step<Self> {
        let reason = refused.reason.clone();
        match self {
            Entering => answer(me, Command::TurnDown { reason }),
            state => Step::stuck(state, reason),
        }
    }

    /// Publishes the draft when the catalogue has the same terms already.
    fn on_no_op(self, me: Id<Self>, _unchanged: &Unchanged) -> Step<Self> {
        match self {
            Entering => answer(me, Command::Publish),
            state => Step::wait(state),
        }
    }

    fn waits_for(&self) -> WaitsFor {
        match self {
            Idle => WaitsFor::Nothing,
            Entering => WaitsFor::Part(Catalogue::NAME),
            Answering => WaitsFor::Part(Product::NAME),
        }
    }
}

fn answer(me: Id<Listing>, answer: Command) -> Step<Listing> {
    Step::wait(Answering).send(me.of::<Product>(), answer)
}
