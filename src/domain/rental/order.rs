//! The order: a customer's order of cars, and its outcome.
//!
//! ```text
//!            paid          rented             returned
//! Requested ─────▶ Paid ────────▶ Confirmed ──────────▶ Returned
//!   │   │           │ │ cancelled    │ cancelled
//!   │   │ cancelled │ └──────┬───────┘
//!   │   └───────────┼────────┤
//!   │ unpaid        │ no car ▼     money back
//!   │               ▼   Cancelling ───────────▶ Cancelled
//!   │           Refunding
//!   ▼               │ money back
//! Rejected ◀────────┘
//! ```
//! An order without a car stays Paid, with the reason, until the money is refunded. The cars of a
//! cancelled order are returned by the handover; the cancellation does not wait for them. An order
//! whose cars were brought back after use is over: it cannot be cancelled.

mod rejection;
mod routes;
#[cfg(test)]
mod specs;

use super::{CARS_MAX, CarRental, FLEET_MANAGER, car::Car, rent::Rent, settings::Settings};
use crate::domain::kernel::{
    Aggregate, CommandRoutes, Decision, Empty, FailureKind, Id, Issuer, Method, Money, Progress,
    Quantity, Text, Timestamp,
    payment::{Bill, Billing, Payable, Turn},
};
pub use rejection::Rejection;
use routes::OrderBody;
pub(super) use routes::StatusBody;
use serde::{Deserialize, Serialize};

use Command::{Cancel, Close, Confirm, Pay, Place, Refuse, Reject, Return};
use Event::{Cancelled, Confirmed, Paid, Placed, Refused, Rejected, Returned, Undone};

/// The billing saga of an order.
pub type OrderBilling = Billing<Order>;

/// An order of cars.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Order {
    rent: Rent,
    customer: Option<Text>,
    amount: Money,
    status: Status,
}

/// The status of an order.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
enum Status {
    #[default]
    Blank,
    Requested,
    Paid,
    Confirmed,
    Refunding {
        reason: String,
    },
    Cancelling,
    Cancelled,
    Rejected {
        how: FailureKind,
        reason: String,
    },
    Returned,
}

/// The stage of an order when it was cancelled.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub enum Stage {
    /// The payment had not answered.
    Requested,
    /// The order was paid, and cars were requested.
    Paid,
    /// The order had this car.
    Confirmed {
        /// The car to be returned.
        car: Id<Car>,
    },
}

/// The commands of an order.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum Command {
    /// A customer orders cars.
    Place {
        /// The kind of car.
        car: Id<Car>,
        /// The number of cars.
        quantity: Quantity,
        /// The customer, as the client names them; `None` when it does not.
        customer: Option<Text>,
    },
    /// The customer cancels the order.
    Cancel,
    /// The payment was approved.
    Pay,
    /// The payment failed.
    Reject {
        /// The family of the failure.
        how: FailureKind,
        /// The reason, as a sentence.
        reason: String,
    },
    /// The cars are rented.
    Confirm,
    /// No cars are available for the order.
    Refuse {
        /// The reason, as a sentence.
        reason: String,
    },
    /// No money of the order is kept any more.
    Close,
    /// The customer brought the cars back.
    Return,
}

/// The events of an order.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum Event {
    /// A customer ordered cars.
    Placed {
        /// The kind and number of cars.
        rent: Rent,
        /// The price of all cars, in won.
        amount: Money,
        /// The customer, as the client named them.
        #[serde(default)]
        customer: Option<Text>,
    },
    /// The order was paid.
    Paid {
        /// The cars to be rented.
        rent: Rent,
    },
    /// The cars are rented to the customer.
    Confirmed,
    /// No cars are available for the order; the money is refunded.
    Refused {
        /// The reason, as a sentence.
        reason: String,
    },
    /// The customer cancelled the order; the money is refunded.
    Cancelled {
        /// The stage of the order at that time.
        was: Stage,
    },
    /// The order was rejected, and no money of it is kept.
    Rejected {
        /// The family of the failure.
        how: FailureKind,
        /// The reason, as a sentence.
        reason: String,
    },
    /// No money of the cancelled order is kept any more.
    Undone,
    /// The customer brought the cars back: they can be rented again, and the order is over.
    Returned {
        /// The kind of car.
        car: Id<Car>,
    },
}

impl Payable for Order {
    type Bill = Rent;
    const BILLING: &'static str = "rental/billing";

    fn turn(event: &Event) -> Option<Turn<Rent>> {
        match event {
            Placed { rent, amount, .. } => {
                Some(Turn::Placed { bill: rent.clone(), amount: *amount })
            }
            Paid { .. } => Some(Turn::Accepted),
            Refused { .. } | Cancelled { .. } => Some(Turn::CalledOff),
            Rejected { .. } | Undone => Some(Turn::Over),
            Confirmed | Returned { .. } => None,
        }
    }

    fn accept() -> Command {
        Pay
    }

    fn reject(how: FailureKind, reason: String) -> Command {
        Reject { how, reason }
    }

    fn close() -> Command {
        Close
    }
}

impl Aggregate for Order {
    const NAME: &'static str = "rental/orders";
    const SHAPE: u32 = 2;
    type Business = CarRental;
    type Command = Command;
    type Event = Event;
    type Rejection = Rejection;

    fn issuer(command: &Command) -> Issuer {
        match command {
            Place { .. } => Issuer::Anyone,
            Cancel => Issuer::Customer,
            Return => Issuer::Staff(&[FLEET_MANAGER]),
            Pay | Reject { .. } | Confirm | Refuse { .. } | Close => Issuer::Internal,
        }
    }

    fn decide(&self, command: Command, _now: Timestamp, settings: &Settings) -> Decision<Self> {
        use Status as S;
        let cancelled = |was| Ok(vec![Cancelled { was }]);
        match (&self.status, command) {
            (S::Blank, Place { car, quantity, customer }) => {
                placed(Rent { car, quantity }, customer, settings)
            }
            (S::Requested, Pay) => Ok(vec![Paid { rent: self.rent.clone() }]),
            (S::Requested, Reject { how, reason }) => Ok(vec![Rejected { how, reason }]),
            (S::Requested, Cancel) => cancelled(Stage::Requested),
            (S::Paid, Confirm) => Ok(vec![Confirmed]),
            (S::Paid, Refuse { reason }) => Ok(vec![Refused { reason }]),
            (S::Paid, Cancel) => cancelled(Stage::Paid),
            (S::Confirmed, Cancel) => cancelled(Stage::Confirmed { car: self.rent.car }),
            (S::Confirmed, Return) => Ok(vec![Returned { car: self.rent.car }]),
            (S::Refunding { reason }, Close) => {
                Ok(vec![Rejected { how: FailureKind::Refused, reason: reason.clone() }])
            }
            (S::Cancelling, Close) => Ok(vec![Undone]),
            (state, command) => state.already(&command),
        }
    }

    fn waits_for_port(command: &Command) -> Option<&'static str> {
        matches!(command, Place { .. }).then_some(Rent::PORT)
    }

    fn evolve(self, event: Event) -> Self {
        let status = match event {
            Placed { rent, amount, customer } => {
                return Self { rent, customer, amount, status: Status::Requested };
            }
            Paid { .. } => Status::Paid,
            Confirmed => Status::Confirmed,
            Refused { reason } => Status::Refunding { reason },
            Cancelled { .. } => Status::Cancelling,
            Rejected { how, reason } => Status::Rejected { how, reason },
            Undone => Status::Cancelled,
            Returned { .. } => Status::Returned,
        };
        Self { status, ..self }
    }

    fn progress(&self) -> Progress {
        match &self.status {
            Status::Requested | Status::Refunding { .. } | Status::Cancelling => Progress::Pending,
            Status::Rejected { how, reason } => {
                Progress::Failed { how: *how, reason: reason.clone() }
            }
            Status::Blank
            | Status::Paid
            | Status::Confirmed
            | Status::Returned
            | Status::Cancelled => Progress::Established,
        }
    }

    fn represent(&self, number: u64) -> impl Serialize {
        let reason = match &self.status {
            Status::Refunding { reason } | Status::Rejected { reason, .. } => Some(reason.clone()),
            _ => None,
        };
        let Rent { car: car_id, quantity: qty } = self.rent;
        let (amount, customer_id) = (self.amount, self.customer.clone());
        Shown { id: number, customer_id, car_id, qty, amount, status: self.status(), reason }
    }

    fn original_status(&self) -> Option<&'static str> {
        match self.status {
            Status::Requested | Status::Paid | Status::Confirmed => Some(ORDERED),
            Status::Cancelling | Status::Cancelled => Some(CANCELLED),
            _ => None,
        }
    }

    fn available_commands(&self) -> &'static [&'static str] {
        match self.status {
            Status::Requested | Status::Paid => &["cancel"],
            Status::Confirmed => &["return", "cancel"],
            _ => &[],
        }
    }

    fn command_routes() -> CommandRoutes<Self> {
        CommandRoutes::new()
            .ignoring(routes::IGNORED)
            .creates("order", OrderBody::means)
            .command("cancel", |Empty {}| Ok(Cancel))
            .command("return", |Empty {}| Ok(Return))
            .on_item("cancel or return by status", Method::Patch, StatusBody::means)
            .on_item("cancel or return by status", Method::Put, StatusBody::means)
    }
}

/// The original's word for an order that stands.
pub(super) const ORDERED: &str = "ORDERED";

/// The original's word for a cancelled order.
pub(super) const CANCELLED: &str = "CANCELLED";

fn placed(
    rent: Rent,
    customer: Option<Text>,
    settings: &Settings,
) -> Result<Vec<Event>, Rejection> {
    if rent.car == Id::default() {
        return Err(Rejection::BadCar);
    }
    if !(1..=CARS_MAX).contains(&rent.quantity.0) {
        return Err(Rejection::BadQuantity);
    }
    if customer.as_ref().is_some_and(|customer| !customer.is_name()) {
        return Err(Rejection::BadCustomer);
    }
    let amount = settings.price_per_car.times(rent.quantity).ok_or(Rejection::TooDear)?;
    Ok(vec![Placed { rent, amount, customer }])
}

impl Order {
    /// The name of the status, as shown to clients.
    #[must_use]
    pub const fn status(&self) -> &'static str {
        match self.status {
            Status::Blank => "",
            Status::Requested => "Requested",
            Status::Paid | Status::Refunding { .. } => "Paid",
            Status::Confirmed => "Confirmed",
            Status::Cancelling | Status::Cancelled => "Cancelled",
            Status::Rejected { .. } => "Rejected",
            Status::Returned => "Returned",
        }
    }

    /// The kind and number of cars ordered.
    #[must_use]
    pub const fn rent(&self) -> &Rent {
        &self.rent
    }
}

impl Status {
    /// The rest of the transition table: commands that change nothing, and rejections.
    fn already(&self, command: &Command) -> Decision<Order> {
        match (self, command) {
            (Self::Paid | Self::Confirmed, Pay)
            | (Self::Confirmed, Confirm)
            | (Self::Refunding { .. }, Refuse { .. })
            | (Self::Cancelling | Self::Cancelled, Cancel)
            | (Self::Cancelled | Self::Rejected { .. }, Close)
            | (Self::Returned, Return)
            | (Self::Rejected { .. }, Reject { .. }) => Ok(vec![]),

            (Self::Blank, _) => Err(Rejection::Unknown),
            (_, Place { .. }) => Err(Rejection::AlreadyPlaced),
            (Self::Refunding { .. } | Self::Rejected { .. }, _) => Err(Rejection::WasRejected),
            (Self::Cancelling | Self::Cancelled, _) => Err(Rejection::IsCancelled),
            (Self::Returned, _) => Err(Rejection::IsReturned),
            (_, Close) => Err(Rejection::NotCalledOff),
            (Self::Requested, _) => Err(Rejection::NotPaid),
            (Self::Paid, Return) => Err(Rejection::NotConfirmed),
            (Self::Confirmed, Refuse { .. }) => Err(Rejection::IsConfirmed),
            (Self::Paid | Self::Confirmed, _) => Err(Rejection::IsPaid),
        }
    }
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Shown {
    id: u64,
    customer_id: Option<Text>,
    car_id: Id<Car>,
    qty: Quantity,
    amount: Money,
    status: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<String>,
}
