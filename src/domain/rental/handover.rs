//! Hands the cars of a paid order over, or takes them back.
//!
//! ```text
//!       paid            rented             confirmed
//! Idle ──────▶ Renting ────────▶ Confirming ─────────▶ over
//!  │            │  │ cancelled       │ cancelled
//!  │    no car  │  │                 │
//!  │            ▼  └───────┬─────────┘
//!  │     Refusing          │
//!  │         │ refused     ▼       returned, or there was nothing to return
//!  │         ▼   ┌──▶ Returning ──────────────────────────────────────▶ over
//!  │       over  │
//!  └─────────────┘ cancelled after it was confirmed
//! ```
//! The store of cars may be down for days: a conversation then stays where it is, and so do the
//! cars. The money does not: it is led by the order's billing, which never speaks to the store. An
//! order cancelled meanwhile is refunded at once, and its cars are rented and returned in one
//! breath when the store is back, as the order of what is said in a conversation is kept.

use super::{
    car::{
        self, Car,
        Command::{Rent, Return},
    },
    order::{
        self,
        Command::{Confirm, Refuse},
        Order, Stage,
    },
};
use crate::domain::kernel::{Aggregate, Awaits, Id, Meta, Refused, Saga, Step, Unchanged};
use crate::hears;
use serde::{Deserialize, Serialize};

use Handover::{Confirming, Idle, Refusing, Renting, Returning};

hears!(
    /// What a handover listens to.
    Heard: Order, Car
);

/// How far the cars of an order have come.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub enum Handover {
    /// Nothing was paid, or everything is settled.
    #[default]
    Idle,
    /// The cars were asked for.
    Renting {
        /// Which.
        car: Id<Car>,
    },
    /// The cars are rented, and the order is told so.
    Confirming {
        /// Which.
        car: Id<Car>,
    },
    /// There are no cars, and the order is told so.
    Refusing,
    /// The order is cancelled, and its cars come back.
    Returning,
}

impl Saga for Handover {
    const NAME: &'static str = "rental/handover";
    type Hears = Heard;

    /// Cars say whose they are.
    fn route(heard: &Heard) -> Option<u64> {
        use car::Event as C;
        match heard {
            Heard::Order(order, _) => Some(order.number()),
            Heard::Car(_, C::Rented { order, .. } | C::Returned { order, .. }) => {
                Some(order.number())
            }
            Heard::Car(_, C::Registered { .. } | C::Renamed { .. } | C::Restocked { .. }) => None,
        }
    }

    fn react(self, me: Id<Self>, heard: Heard, _meta: &Meta) -> Step<Self> {
        use {car::Event as C, order::Event as O};
        match (self, heard) {
            (Idle, Heard::Order(order, O::Paid { rent })) => Step::wait(Renting { car: rent.car })
                .tell(rent.car, Rent { order, quantity: rent.quantity }),
            (Renting { car }, Heard::Car(_, C::Rented { .. })) => {
                Step::wait(Confirming { car }).tell(me.of::<Order>(), Confirm)
            }
            (Renting { car } | Confirming { car }, Heard::Order(order, O::Cancelled { .. }))
            | (Idle, Heard::Order(order, O::Cancelled { was: Stage::Confirmed { car } })) => {
                Step::wait(Returning).tell(car, Return { order })
            }
            (Confirming { .. }, Heard::Order(_, O::Confirmed))
            | (Refusing, Heard::Order(_, O::Refused { .. }))
            | (Returning, Heard::Car(_, C::Returned { .. })) => Step::done(),
            (state, _) => Step::wait(state),
        }
    }

    fn refused(self, me: Id<Self>, refused: &Refused) -> Step<Self> {
        match (self, refused.aggregate.as_str(), refused.command.as_str()) {
            (Renting { .. }, Car::NAME, _) => Step::wait(Refusing)
                .tell(me.of::<Order>(), Refuse { because: refused.because.clone() }),
            // It was cancelled before it could be refused, or there never was such a car.
            (Refusing, Order::NAME, _) | (Returning, Car::NAME, "Return") => Step::done(),
            (state, ..) => Step::wait(state),
        }
    }

    /// There was nothing to return.
    fn unchanged(self, _me: Id<Self>, unchanged: &Unchanged) -> Step<Self> {
        match (self, unchanged.command.as_str()) {
            (Returning, "Return") => Step::done(),
            (state, _) => Step::wait(state),
        }
    }

    fn awaits(&self) -> Awaits {
        match self {
            Idle => Awaits::Nobody,
            Renting { .. } | Returning => Awaits::Part(Car::NAME),
            Confirming { .. } | Refusing => Awaits::Part(Order::NAME),
        }
    }
}
