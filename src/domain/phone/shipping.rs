//! Leads a paid order through the store: it is shipped when the order agrees, or stopped when the
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
//! A store that is suspended holds up only this. The order decides whether it is shipped or
//! cancelled, so a cancellation needs no answer of the store: it goes through, and when the store
//! is back it hears first of the order and then that it is to be stopped. An order that refuses to
//! be shipped because it is being cancelled either stands after all, and is asked again, or is
//! cancelled.

use super::{
    STORE_CLERK,
    delivery::{
        self,
        Command::{ConfirmShipping, Receive, Stop},
        Delivery, Parcel,
    },
    order::{self, Command::Ship, Order},
};
use crate::domain::kernel::{Aggregate, Awaits, Id, Meta, Refused, Saga, Step, Timestamp};
use crate::hears;
use serde::{Deserialize, Serialize};

use Shipping::{Asking, Idle, Receiving, Releasing, Stopping, Waiting};

hears!(
    /// What shipping listens to.
    Heard: Order, Delivery
);

/// How far an order has come in the store.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub enum Shipping {
    /// There is nothing to ship, or it is settled.
    #[default]
    Idle,
    /// The store was told.
    Receiving,
    /// The store has it, and it is not time yet.
    Waiting,
    /// It is to be shipped, if the order agrees.
    Asking,
    /// The order agrees, and the store is told so.
    Releasing,
    /// The order is cancelled, and the store is told so.
    Stopping,
}

impl Saga for Shipping {
    const NAME: &'static str = "phone/shipping";
    type Hears = Heard;

    fn route(heard: &Heard) -> Option<u64> {
        Some(heard.number())
    }

    fn react(self, me: Id<Self>, heard: Heard, meta: &Meta) -> Step<Self> {
        match heard {
            Heard::Order(_, event) => self.on_order(me, event),
            Heard::Delivery(_, event) => self.on_delivery(me, &event, meta.time),
        }
    }

    /// An order refuses to be shipped when it is being cancelled, and says what came of that.
    fn refused(self, _me: Id<Self>, _refused: &Refused) -> Step<Self> {
        Step::wait(self)
    }

    fn awaits(&self) -> Awaits {
        match self {
            Idle => Awaits::Nobody,
            Waiting => Awaits::Person(STORE_CLERK),
            Asking => Awaits::Part(Order::NAME),
            Receiving | Releasing | Stopping => Awaits::Part(Delivery::NAME),
        }
    }

    /// It is time to ship.
    fn woken(self, me: Id<Self>, _now: Timestamp) -> Step<Self> {
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
                Step::wait(Receiving).tell(delivery, Receive { parcel })
            }
            (Asking, E::Shipped) => Step::wait(Releasing).tell(delivery, ConfirmShipping),
            (Asking, E::Kept { .. }) => ship(me),
            (Receiving | Waiting | Asking, E::Cancelled) => {
                Step::wait(Stopping).tell(delivery, Stop).without_alarm()
            }
            (state, _) => Step::wait(state),
        }
    }

    fn on_delivery(self, me: Id<Self>, event: &delivery::Event, now: Timestamp) -> Step<Self> {
        use delivery::Event as E;
        match (self, event) {
            (Receiving, E::Received { ship_at: Some(time), .. }) if *time <= now => ship(me),
            (Receiving, E::Received { ship_at, .. }) => Step::wait(Waiting).wake_at_if(*ship_at),
            (Waiting, E::ShippingRequested) => ship(me).without_alarm(),
            (Releasing, E::Shipped) | (Stopping, E::Stopped) => Step::done(),
            (state, _) => Step::wait(state),
        }
    }
}

/// Asks the order whether it may be shipped.
fn ship(me: Id<Shipping>) -> Step<Shipping> {
    Step::wait(Asking).tell(me.of::<Order>(), Ship)
}
