//! The saga that has a paid order shipped by the store once the order agrees, or stopped when the
//! order is cancelled.
//!
//! ```text
//!       paid             received              at once, in time, or a clerk ships
//! Idle ─────▶ Receiving ──────────▶ Waiting ─────────────▶ Asking ◀─┐ kept: it is asked again
//!                 │                    │                    │ │  └──┘
//!                 │ order cancelled    │                    │ │ order shipped
//!                 └────────────────────┴──▶ Stopping ◀──────┘ ▼
//!                                              │ stopped   Releasing
//!                                              ▼              │ shipped
//!                                             over ◀──────────┘
//! ```
//! A suspended store delays only this saga. The order decides whether it is shipped or cancelled,
//! so a cancellation needs no answer of the store. When the store resumes, it receives first the
//! order and then `Stop`. An order that rejects `Ship` because it is being cancelled either stands
//! after all, and receives `Ship` again, or is cancelled.

use super::{
    STORE_CLERK,
    delivery::{self, Command as D, Delivery, Parcel},
    order::{self, Command as O, Order},
};
use crate::domain::kernel::prelude::*;

use Shipping::*;

event_set!(Heard: Order, Delivery);

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub enum Shipping {
    #[default]
    Idle,
    Receiving,
    /// The store has the order, and it is not time to ship yet.
    Waiting,
    /// The order has to agree to be shipped.
    Asking,
    /// The order agreed, and the delivery is told.
    Releasing,
    /// The order is cancelled, and the delivery is told.
    Stopping,
}

impl Saga for Shipping {
    const NAME: &'static str = "phone/shipping";
    type Events = Heard;

    fn react(self, me: Id<Self>, heard: Heard, meta: &Meta) -> Step<Self> {
        match heard {
            Heard::Order(_, event) => self.on_order(me, event),
            Heard::Delivery(_, event) => self.on_delivery(me, &event, meta.time),
        }
    }

    /// An order that rejects `Ship` is being cancelled, and an event follows.
    fn on_rejected(self, _me: Id<Self>, _refused: &RejectedCommand) -> Step<Self> {
        Step::wait(self)
    }

    fn waits_for(&self) -> WaitsFor {
        match self {
            Idle => WaitsFor::Nothing,
            Waiting => WaitsFor::Person(STORE_CLERK),
            Asking => WaitsFor::Part(Order::NAME),
            Receiving | Releasing | Stopping => WaitsFor::Part(Delivery::NAME),
        }
    }

    /// The time to ship has come.
    fn on_timer(self, me: Id<Self>, _now: Timestamp) -> Step<Self> {
        match self {
            Waiting => ship(me),
            state => Step::wait(state),
        }
    }
}

impl Shipping {
    fn on_order(self, me: Id<Self>, event: order::Event) -> Step<Self> {
        use order::Event as E;
        let delivery = me.of::<Delivery>();
        match (self, event) {
            (Idle, E::Paid { basket, .. }) => {
                let order::Basket { item, qty, address, .. } = basket;
                let parcel = Parcel { item, qty, address };
                Step::wait(Receiving).send(delivery, D::Receive { parcel })
            }
            (Asking, E::Shipped) => Step::wait(Releasing).send(delivery, D::ConfirmShipping),
            (Asking, E::Kept { .. }) => ship(me),
            // The refund may take long; the parcel must not leave the store meanwhile.
            (Receiving | Waiting | Asking, E::Forfeited { .. } | E::Cancelled) => {
                Step::wait(Stopping).send(delivery, D::Stop).clear_timer()
            }
            (state, _) => Step::wait(state),
        }
    }

    fn on_delivery(self, me: Id<Self>, event: &delivery::Event, now: Timestamp) -> Step<Self> {
        use delivery::Event as E;
        match (self, event) {
            (Receiving, E::Received { ship_at: Some(time), .. }) if *time <= now => ship(me),
            (Receiving, E::Received { ship_at, .. }) => Step::wait(Waiting).set_timer_if(*ship_at),
            (Waiting, E::ShippingRequested) => ship(me).clear_timer(),
            (Releasing, E::Shipped) | (Stopping, E::Stopped) => Step::done(),
            (state, _) => Step::wait(state),
        }
    }
}

/// Asks the order whether it may be shipped.
fn ship(me: Id<Shipping>) -> Step<Shipping> {
    Step::wait(Asking).send(me.of::<Order>(), O::Ship)
}
