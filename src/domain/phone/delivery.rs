//! The store's work on one order, which clients know as `storeManages`. It bears the order's number.
//!
//! ```text
//!           wanted             the order agrees
//! Received ────────▶ Shipping ─────────────────▶ Shipped
//!  │  └──────────────────│──────────────────────────▲
//!  │ the order is cancelled
//!  └─────────────────────┴──▶ Stopped
//! ```
//! A clerk who ships waits until the order agrees: what is cancelled does not leave the store, even
//! when the store does not know yet.

mod said;
#[cfg(test)]
mod specs;

use super::{PhoneShop, STORE_CLERK, settings::Settings};
use crate::domain::kernel::{
    Aggregate, Decision, Fall, Method, Nothing, Quantity, RejectionKind, Speaker, Standing, Text,
    Timestamp, Vocabulary,
};
use said::ProcessBody;
use serde::{Deserialize, Serialize};
use thiserror::Error;

use Command::{ConfirmShipping, Receive, Ship, Stop};
use Event::{Received, Shipped, ShippingRequested, Stopped};

/// The store's work on one order.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Delivery {
    parcel: Parcel,
    status: Status,
}

/// What goes where.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Parcel {
    /// The phone.
    pub item: Text,
    /// How many.
    pub qty: Quantity,
    /// Where it goes; may be empty.
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

/// What the store can be told.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum Command {
    /// The order was paid.
    Receive {
        /// What goes where.
        parcel: Parcel,
    },
    /// A clerk ships it.
    Ship,
    /// The order agrees that it is shipped.
    ConfirmShipping,
    /// The order is cancelled.
    Stop,
}

/// What can happen at the store.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum Event {
    /// The order reached the store.
    Received {
        /// What goes where.
        parcel: Parcel,
        /// When it is shipped by itself; a clerk ships it when `None`.
        ship_at: Option<Timestamp>,
    },
    /// A clerk wants to ship it.
    ShippingRequested,
    /// It left the store.
    Shipped,
    /// It will not leave the store.
    Stopped,
}

/// Why the store says no.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, Error)]
pub enum Rejection {
    /// No paid order bears this number, or it has not reached the store yet.
    #[error("there is no such delivery")]
    Unknown,
    /// It has left the store.
    #[error("the delivery has been shipped")]
    IsShipped,
    /// Its order is cancelled.
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

    fn speaker(command: &Command) -> Speaker {
        match command {
            Ship => Speaker::Staff(STORE_CLERK),
            Receive { .. } | ConfirmShipping | Stop => Speaker::Inside,
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
        let status = match event {
            Received { parcel, .. } => return Self { parcel, status: Status::Received },
            ShippingRequested => Status::Shipping,
            Shipped => Status::Shipped,
            Stopped => Status::Stopped,
        };
        Self { status, ..self }
    }

    /// Only a clerk who ships waits here, and does not get what was stopped meanwhile.
    fn standing(&self) -> Standing {
        match self.status {
            Status::Shipping => Standing::Pending,
            Status::Stopped => {
                Standing::Fell { how: Fall::Refused, because: Rejection::IsStopped.to_string() }
            }
            Status::Blank | Status::Received | Status::Shipped => Standing::Stands,
        }
    }

    fn show(&self, number: u64) -> impl Serialize {
        let Parcel { item, qty, address } = self.parcel.clone();
        Shown { id: number, order_id: number, item, qty, address, process: self.process() }
    }

    fn possible(&self) -> &'static [&'static str] {
        match self.status {
            Status::Received => &["ship"],
            _ => &[],
        }
    }

    fn vocabulary() -> Vocabulary<Self> {
        Vocabulary::new()
            .ignoring(&["id", "orderId", "item", "qty", "address"])
            .command("ship", |Nothing {}| Ok(Ship))
            .word("ship by process", Method::Patch, ProcessBody::means)
            .word("ship by process", Method::Put, ProcessBody::means)
    }
}

impl Delivery {
    /// How far it has come, as clients are told.
    #[must_use]
    pub const fn process(&self) -> &'static str {
        match self.status {
            Status::Blank => "",
            Status::Received => "Received",
            Status::Shipping => "Shipping",
            Status::Shipped => "Shipped",
            Status::Stopped => "Stopped",
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
