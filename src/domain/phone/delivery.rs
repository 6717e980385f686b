//! The delivery: the store's work on one order, whose number it has. Clients use `storeManages`.
//!
//! ```text
//!           wanted             the order agrees
//! Received ────────▶ Shipping ─────────────────▶ Shipped
//!  │  └──────────────────│──────────────────────────▲
//!  │ the order is cancelled
//!  └─────────────────────┴──▶ Stopped
//! ```
//! A clerk's request to ship waits until the order agrees. A cancelled order therefore does not
//! leave the store, even before `Stop` arrives.

#[cfg(test)]
mod specs;

use super::{PhoneShop, STORE_CLERK, settings::Settings};
use crate::domain::kernel::prelude::*;

use Command::*;
use Event::*;

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Delivery {
    parcel: Parcel,
    pub status: Status,
}

/// What is shipped; the address may be empty.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Parcel {
    pub item: Text,
    pub qty: Quantity,
    pub address: Personal,
}

statuses! {
    #[derive(Copy, Eq)]
    pub enum Status {
        Blank;
        Received => "ship";
        Shipping as pending;
        Shipped;
        Stopped;
    }
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum Command {
    // The order was paid.
    Receive { parcel: Parcel },
    // A clerk ships the order.
    Ship,
    // The order agreed to be shipped.
    ConfirmShipping,
    // The order is cancelled.
    Stop,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum Event {
    // The order reached the store. It is shipped by itself at `ship_at`, or else by a clerk.
    Received { parcel: Parcel, ship_at: Option<Timestamp> },
    ShippingRequested,
    Shipped,
    Stopped,
}

rejections! {
    pub enum Rejection {
        Unknown: unknown "there is no such delivery";
        IsShipped: "the delivery has been shipped";
        IsStopped: "the delivery is stopped, because its order is cancelled";
    }
}

impl Aggregate for Delivery {
    const NAME: &'static str = "phone/storeManages";
    aggregate_types!(PhoneShop, status);

    fn issuer(command: &Command) -> Issuer {
        match command {
            Ship => Issuer::Staff(&[STORE_CLERK]),
            Receive { .. } | ConfirmShipping | Stop => Issuer::Internal,
        }
    }

    fn decide(&self, command: Command, now: Timestamp, settings: &Settings) -> Decision<Self> {
        use Status as S;
        match (self.status, command) {
            (S::Blank, Receive { parcel }) => {
                Ok(vec![Received { parcel, ship_at: settings.ship_at(now) }])
            }
            (S::Received, Ship) => Ok(vec![ShippingRequested]),
            (S::Received | S::Shipping, ConfirmShipping) => Ok(vec![Shipped]),
            (S::Received | S::Shipping, Stop) => Ok(vec![Stopped]),

            (_, Receive { .. })
            | (S::Shipping | S::Shipped, Ship)
            | (S::Shipped, ConfirmShipping)
            | (S::Stopped, Stop) => Ok(vec![]),

            (S::Blank, _) => Err(Rejection::Unknown),
            (S::Shipped, Stop) => Err(Rejection::IsShipped),
            (S::Stopped, Ship | ConfirmShipping) => Err(Rejection::IsStopped),
        }
    }

    fn evolve(self, event: Event) -> Self {
        match event {
            Received { parcel, .. } => Self { parcel, status: Status::Received },
            ShippingRequested => Self { status: Status::Shipping, ..self },
            Shipped => Self { status: Status::Shipped, ..self },
            Stopped => Self { status: Status::Stopped, ..self },
        }
    }

    /// A clerk who ships waits for the order, and fails when the delivery is stopped meanwhile.
    fn progress(&self) -> Progress {
        match self.status {
            Status::Stopped => {
                let reason = Rejection::IsStopped.to_string();
                Progress::Failed { how: FailureKind::Refused, reason }
            }
            status => status.progress(),
        }
    }

    fn represent(&self, number: u64) -> impl Serialize {
        let Parcel { item, qty, address } = &self.parcel;
        object! {
            "id": number, "orderId": number, "item": item, "qty": qty, "address": address,
            "process": self.status.word(),
        }
    }

    fn command_routes() -> CommandRoutes<Self> {
        let shipped: [(&[&str], Command); 1] = [(&["shipped", "ship"], Ship)];
        CommandRoutes::new()
            .ignoring("id orderId item qty address")
            .command("ship", |Empty {}| Ship)
            .on_word("ship by process", [Patch, Put], "process", shipped)
    }
}
