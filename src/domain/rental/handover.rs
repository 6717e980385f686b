//! The handover saga: rents the cars for a paid order, or returns them.
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
//! The car aggregates may be suspended for days; an instance then waits in its state. The money
//! does not wait: the order's billing handles it and dispatches no commands to cars. An order
//! cancelled meanwhile is refunded at once. Its cars are rented and then returned when the car
//! aggregates are resumed, because the commands of one saga instance are delivered in order.

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
    /// The facts that a handover receives.
    Heard: Order, Car
);

/// The state of a handover.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub enum Handover {
    /// The order is not paid, or everything is settled.
    #[default]
    Idle,
    /// The cars were requested.
    Renting {
        /// The kind of car.
        car: Id<Car>,
    },
    /// The cars are rented, and `Confirm` was dispatched to the order.
    Confirming {
        /// The kind of car.
        car: Id<Car>,
    },
    /// No cars are available, and `Refuse` was dispatched to the order.
    Refusing,
    /// The order is cancelled, and `Return` was dispatched to the cars.
    Returning,
}

impl Saga for Handover {
    const NAME: &'static str = "rental/handover";
    type Hears = Heard;

    /// The number of the order. The events of cars contain it.
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
                .tell(rent.car, Rent { order: order.of(), quantity: rent.quantity }),
            (Renting { car }, Heard::Car(_, C::Rented { .. })) => {
                Step::wait(Confirming { car }).tell(me.of::<Order>(), Confirm)
            }
            (Renting { car } | Confirming { car }, Heard::Order(order, O::Cancelled { .. }))
            | (Idle, Heard::Order(order, O::Cancelled { was: Stage::Confirmed { car } })) => {
                Step::wait(Returning).tell(car, Return { order: order.of() })
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
            // The order was cancelled before it could be refused, or there is no such car.
            (Refusing, Order::NAME, _) | (Returning, Car::NAME, "Return") => Step::done(),
            (state, ..) => Step::wait(state),
        }
    }

    /// Ends the instance when there was nothing to return.
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
