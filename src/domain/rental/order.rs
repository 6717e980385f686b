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

#[cfg(test)]
mod specs;

use super::{CARS_MAX, CarRental, FLEET_MANAGER, car::Car, rent::Rent, settings::Settings};
use crate::domain::kernel::{
    payment::{Bill, Billing, Payable, Turn},
    prelude::*,
};

use Command::*;
use Event::*;

/// The billing saga of an order.
pub type OrderBilling = Billing<Order>;

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Order {
    pub(super) rent: Rent,
    customer: Option<Text>,
    amount: Money,
    pub(super) status: Status,
}

statuses! {
    pub(super) enum Status {
        Blank;
        Requested as pending, "ORDERED" => "cancel";
        Paid, "ORDERED" => "cancel";
        Confirmed, "ORDERED" => "return", "cancel";
        // There are no cars for the order, and the money is being refunded.
        Refunding { reason: String } as pending: "Paid";
        Cancelling as pending: "Cancelled", "CANCELLED";
        Cancelled, "CANCELLED";
        Rejected { how: FailureKind, reason: String } as failed;
        Returned;
    }
}

/// The stage of an order when it was cancelled.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub enum Stage {
    Requested,
    Paid,
    Confirmed { car: Id<Car> },
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum Command {
    Place { car: Id<Car>, quantity: Quantity, customer: Option<Text> },
    Cancel,
    Pay,
    Reject { how: FailureKind, reason: String },
    Confirm,
    // No cars are available for the order.
    Refuse { reason: String },
    // No money of the order is kept any more.
    Close,
    // The customer brought the cars back.
    Return,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum Event {
    Placed { rent: Rent, amount: Money, customer: Option<Text> },
    Paid { rent: Rent },
    Confirmed,
    // No cars are available for the order; the money is refunded.
    Refused { reason: String },
    // The customer cancelled the order; the money is refunded.
    Cancelled { was: Stage },
    // The order was rejected, and no money of it is kept.
    Rejected { how: FailureKind, reason: String },
    // No money of the cancelled order is kept any more.
    Undone,
    // The customer brought the cars back: they can be rented again, and the order is over.
    Returned { car: Id<Car> },
}

rejections! {
    pub enum Rejection {
        Unknown: unknown "there is no such order";
        AlreadyPlaced: "the cars have been ordered already";
        BadCar: invalid "cars are numbered from 1";
        BadQuantity: invalid "an order is for 1 to {CARS_MAX} cars";
        TooDear: invalid "the order costs more than {}", Money::MAX;
        NotPaid: "the order has not been paid";
        IsPaid: "the order has been paid";
        IsConfirmed: "the order has been confirmed";
        IsCancelled: "the order is cancelled";
        WasRejected: "the order was rejected";
        NotCalledOff: "the order has not been called off";
        IsReturned: "the cars have been returned";
        NotConfirmed: "the order has not been confirmed";
        BadCustomer: invalid "the customer must have 1 to 100 characters, or be left out";
    }
}

impl Payable for Order {
    type Bill = Rent;
    const BILLING: &'static str = "rental/billing";
    const ACCEPT: Command = Pay;
    const REJECT: fn(FailureKind, String) -> Command = |how, reason| Reject { how, reason };
    const CLOSE: Command = Close;

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
}

impl Aggregate for Order {
    const NAME: &'static str = "rental/orders";
    const SHAPE: u32 = 2;
    aggregate_types!(CarRental, status);

    fn issuer(command: &Command) -> Issuer {
        match command {
            Place { .. } | Cancel => Issuer::Customer,
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
        match event {
            Placed { rent, amount, customer } => {
                Self { rent, customer, amount, status: Status::Requested }
            }
            later => Self { status: later.status(), ..self },
        }
    }

    fn represent(&self, number: u64) -> impl Serialize {
        object! {
            "id": number, "customerId": &self.customer, "carId": self.rent.car,
            "qty": self.rent.quantity, "amount": self.amount, "status": self.status.word(),
            "reason"?: self.status.reason(),
        }
    }

    fn command_routes() -> CommandRoutes<Self> {
        let status = [(CANCELLED, Cancel), (RETURNED, Return)];
        CommandRoutes::new()
            .ignoring("id orderId customerId carId qty amount status reason")
            .creates(
                "order",
                body!(|car_id: Id<Car>, qty: Option<Quantity>, customer_id: Option<Text>| Place {
                    car: car_id,
                    quantity: qty.unwrap_or(Quantity(1)),
                    customer: customer_id.map(|customer| customer.trimmed()),
                }),
            )
            .command("cancel", |Empty {}| Cancel)
            .command("return", |Empty {}| Return)
            .on_word("cancel or return by status", [Patch, Put], "status", status)
    }
}

/// The status words that end an order whose cars are back.
const RETURNED: &[&str] = &["returned", "return"];

fn placed(rent: Rent, customer: Option<Text>, settings: &Settings) -> Decision<Order> {
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

impl Event {
    /// The status of the order after this event.
    pub(super) fn status(self) -> Status {
        match self {
            Placed { .. } => Status::Requested,
            Paid { .. } => Status::Paid,
            Confirmed => Status::Confirmed,
            Refused { reason } => Status::Refunding { reason },
            Cancelled { .. } => Status::Cancelling,
            Rejected { how, reason } => Status::Rejected { how, reason },
            Undone => Status::Cancelled,
            Returned { .. } => Status::Returned,
        }
    }
}

impl Status {
    pub(super) const fn reason(&self) -> Option<&String> {
        match self {
            Self::Refunding { reason } | Self::Rejected { reason, .. } => Some(reason),
            _ => None,
        }
    }

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
