//! Delivery: the store's work on one order; clients use `storeManages`. It has the order's number.
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

mod routes;
#[cfg(test)]
mod specs;

use super::{PhoneShop, STORE_CLERK, settings::Settings};
use crate::domain::kernel::{
    Aggregate, CommandRoutes, Decision, Empty, FailureKind, Issuer, Method, Progress, Quantity,
    RejectionKind, Text, Timestamp,
};
use routes::ProcessBody;
use serde::{Deserialize, Serialize};
use thiserror::Error;

use Command::{ConfirmShipping, Receive, Ship, Stop};
use Event::{Received, Shipped, ShippingRequested, Stopped};

/// Delivery of one order by the store.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Delivery {
    parcel: Parcel,
    status: Status,
}

/// Parcel: the item, the quantity and the address.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Parcel {
    /// The phone.
    pub item: Text,
    /// Number of phones.
    pub qty: Quantity,
    /// Address to which the parcel is shipped; may be empty.
    pub address: Text,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
enum Status {
    #[default]
    Blank,
    Received,
    Shipping,
    Shipped,
    Stopped,
}

/// Commands of a delivery.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum Command {
    /// The order was paid.
    Receive {
        /// Parcel: the item, the quantity and the address.
        parcel: Parcel,
    },
    /// A clerk ships the order.
    Ship,
    /// The order agreed to be shipped.
    ConfirmShipping,
    /// The order is cancelled.
    Stop,
}

/// Events of a delivery.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum Event {
    /// The order reached the store.
    Received {
        /// Parcel: the item, the quantity and the address.
        parcel: Parcel,
        /// Time at which it is shipped automatically; `None` leaves it to a clerk.
        ship_at: Option<Timestamp>,
    },
    /// A clerk wants to ship the order.
    ShippingRequested,
    /// The order left the store.
    Shipped,
    /// The order will not leave the store.
    Stopped,
}

/// Reason why a delivery rejects a command.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, Error)]
pub enum Rejection {
    /// No paid order has this number, or the order has not reached the store yet.
    #[error("there is no such delivery")]
    Unknown,
    /// The order has left the store.
    #[error("the delivery has been shipped")]
    IsShipped,
    /// The order is cancelled.
    #[error("the delivery is stopped, because its order is cancelled")]
    IsStopped,
}

impl crate::domain::kernel::Rejection for Rejection {
    fn kind(&self) -> RejectionKind {
        match self {
            Self::Unknown => RejectionKind::Unknown,
            Self::IsShipped | Self::IsStopped => RejectionKind::Conflict,
        }
    }
}

impl Aggregate for Delivery {
    const NAME: &'static str = "phone/storeManages";
    type Business = PhoneShop;
    type Command = Command;
    type Event = Event;
    type Rejection = Rejection;

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

            (S::Received | S::Shipping | S::Shipped | S::Stopped, Receive { .. })
            | (S::Shipping | S::Shipped, Ship)
            | (S::Shipped, ConfirmShipping)
            | (S::Stopped, Stop) => Ok(vec![]),

            (S::Blank, Ship | ConfirmShipping | Stop) => Err(Rejection::Unknown),
            (S::Shipped, Stop) => Err(Rejection::IsShipped),
            (S::Stopped, Ship | ConfirmShipping) => Err(Rejection::IsStopped),
        }
    }

    fn evolve(self, event: Event) -> Self {
        let status = event.status();
        match event {
            Received { parcel, .. } => Self { parcel, status },
            ShippingRequested | Shipped | Stopped => Self { status, ..self },
        }
    }

    /// Lets a clerk who ships wait for the order, and fails when the delivery is stopped meanwhile.
    fn progress(&self) -> Progress {
        match self.status {
            Status::Shipping => Progress::Pending,
            Status::Stopped => Progress::Failed {
                how: FailureKind::Refused,
                reason: Rejection::IsStopped.to_string(),
            },
            Status::Blank | Status::Received | Status::Shipped => Progress::Established,
        }
    }

    fn represent(&self, number: u64) -> impl Serialize {
        let Parcel { item, qty, address } = self.parcel.clone();
        Shown { id: number, order_id: number, item, qty, address, process: self.process() }
    }

    fn available_commands(&self) -> &'static [&'static str] {
        match self.status {
            Status::Received => &["ship"],
            _ => &[],
        }
    }

    fn command_routes() -> CommandRoutes<Self> {
        CommandRoutes::new()
            .ignoring(&["id", "orderId", "item", "qty", "address"])
            .command("ship", |Empty {}| Ok(Ship))
            .on_item("ship by process", [Method::Patch], ProcessBody::means)
            .on_item("ship by process", [Method::Put], ProcessBody::means)
    }
}

impl Delivery {
    /// Returns the status shown to clients.
    #[must_use]
    pub const fn process(&self) -> &'static str {
        self.status.word()
    }
}

impl Event {
    /// Returns the status shown to clients after this event.
    #[must_use]
    pub const fn leads_to(&self) -> &'static str {
        self.status().word()
    }

    const fn status(&self) -> Status {
        match self {
            Received { .. } => Status::Received,
            ShippingRequested => Status::Shipping,
            Shipped => Status::Shipped,
            Stopped => Status::Stopped,
        }
    }
}

impl Status {
    const fn word(self) -> &'static str {
        match self {
            Self::Blank => "",
            Self::Received => "Received",
            Self::Shipping => "Shipping",
            Self::Shipped => "Shipped",
            Self::Stopped => "Stopped",
        }
    }
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Shown {
    id: u64,
    order_id: u64,
    item: Text,
    qty: Quantity,
    address: Text,
    process: &'static str,
}
