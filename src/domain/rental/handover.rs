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
//!  └─────────────┘ cancelled after it was confirmed, or brought back after use
//! ```
//! The car aggregates may be suspended for days; an instance then waits in its state. A refund
//! does not wait: the billing saga of the order makes it, and dispatches no commands to cars. An
//! order cancelled meanwhile is refunded at once. Its cars are rented and then returned when the
//! car aggregates are resumed, because the commands of one saga instance are delivered in order.

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
use crate::domain::kernel::prelude::*;

use Handover::*;

event_set!(
    /// The events that the handover saga receives.
    Heard: Order, Car
);

/// The state of a handover.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub enum Handover {
    /// The order is not paid, or everything is settled.
    #[default]
    Idle,
    /// The cars were requested.
    Renting { car: Id<Car> },
    /// The cars are rented, and `Confirm` was dispatched to the order.
    Confirming { car: Id<Car> },
    /// No cars are available, and `Refuse` was dispatched to the order.
    Refusing,
    /// The order is over, and `Return` was dispatched to the cars.
    Returning,
}

impl Saga for Handover {
    const NAME: &'static str = "rental/handover";
    type Events = Heard;

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
                .send(rent.car, Rent { order: order.of(), quantity: rent.quantity }),
            (Renting { car }, Heard::Car(_, C::Rented { .. })) => {
                Step::wait(Confirming { car }).send(me.of::<Order>(), Confirm)
            }
            (Renting { car } | Confirming { car }, Heard::Order(order, O::Cancelled { .. }))
            | (
                Idle,
                Heard::Order(
                    order,
                    O::Cancelled { was: Stage::Confirmed { car } } | O::Returned { car },
                ),
            ) => Step::wait(Returning).send(car, Return { order: order.of() }),
            (Confirming { .. }, Heard::Order(_, O::Confirmed))
            | (Refusing, Heard::Order(_, O::Refused { .. }))
            | (Returning, Heard::Car(_, C::Returned { .. })) => Step::done(),
            (state, _) => Step::wait(state),
        }
    }

    fn on_rejected(self, me: Id<Self>, refused: &RejectedCommand) -> Step<Self> {
        match self {
            Renting { .. } if refused.is_by::<Car>() => Step::wait(Refusing)
                .send(me.of::<Order>(), Refuse { reason: refused.reason.clone() }),
            // The order was cancelled before it could be refused.
            Refusing if refused.is_by::<Order>() => Step::done(),
            // There is no such car.
            Returning if refused.is_of::<Car>(variant!(Return)) => Step::done(),
            state => Step::wait(state),
        }
    }

    /// Ends the instance when there was nothing to return.
    fn on_no_op(self, _me: Id<Self>, unchanged: &Unchanged) -> Step<Self> {
        match self {
            Returning if unchanged.is_of::<Car>(variant!(Return)) => Step::done(),
            state => Step::wait(state),
        }
    }

    fn waits_for(&self) -> WaitsFor {
        match self {
            Idle => WaitsFor::Nothing,
            Renting { .. } | Returning => WaitsFor::Part(Car::NAME),
            Confirming { .. } | Refusing => WaitsFor::Part(Order::NAME),
        }
    }
}
