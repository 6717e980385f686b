//! Saga that sends a product's draft to the catalogue, and the answer back to the product.
//!
//! ```text
//!       drafted            entered, or refused              published, or turned down
//! Idle ────────▶ Entering ─────────────────────▶ Answering ───────────────────────────▶ over
//! ```

use super::{
    catalogue::{self, Catalogue, Command::Enter},
    product::{
        self,
        Command::{Publish, TurnDown},
        Product,
    },
};
use crate::domain::kernel::{
    Aggregate, Id, Meta, RejectedCommand, Saga, Step, Unchanged, WaitsFor,
};
use crate::event_set;
use serde::{Deserialize, Serialize};

use Listing::{Answering, Entering, Idle};

event_set!(
    /// Events that the listing saga receives.
    Heard: Product, Catalogue
);

/// State of a listing.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum Listing {
    /// No draft is pending.
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
        use catalogue::Event as C;
        match heard {
            Heard::Product(id, _) => Some(id.number()),
            Heard::Catalogue(_, C::Entered { product, .. }) => Some(product.number()),
            Heard::Catalogue(_, C::Quoted { .. }) => None,
        }
    }

    fn react(self, me: Id<Self>, heard: Heard, _meta: &Meta) -> Step<Self> {
        use product::Event as P;
        match (self, heard) {
            (Idle, Heard::Product(product, P::Drafted { terms })) => {
                Step::wait(Entering).send(Catalogue::THE, Enter { product, terms })
            }
            (Entering, Heard::Catalogue(..)) => Self::published(me),
            (Answering, Heard::Product(_, P::Published { .. } | P::TurnedDown { .. })) => {
                Step::done()
            }
            (state, _) => Step::wait(state),
        }
    }

    fn on_rejected(self, me: Id<Self>, refused: &RejectedCommand) -> Step<Self> {
        match self {
            Entering => Step::wait(Answering)
                .send(me.of::<Product>(), TurnDown { reason: refused.reason.clone() }),
            state => Step::stuck(state, refused.reason.clone()),
        }
    }

    /// Publishes the draft when the catalogue has the same terms already.
    fn on_no_op(self, me: Id<Self>, _unchanged: &Unchanged) -> Step<Self> {
        match self {
            Entering => Self::published(me),
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

impl Listing {
    fn published(me: Id<Self>) -> Step<Self> {
        Step::wait(Answering).send(me.of::<Product>(), Publish)
    }
}
