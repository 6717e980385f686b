//! A customer's order of cars, and what became of it.
//!
//! ```text
//!            paid          rented
//! Requested ─────▶ Paid ────────▶ Confirmed
//!   │   │           │ │ cancelled    │ cancelled
//!   │   │ cancelled │ └──────┬───────┘
//!   │   └───────────┼────────┤
//!   │ unpaid        │ no car ▼     money back
//!   │               ▼   Cancelling ───────────▶ Cancelled
//!   │           Refunding
//!   ▼               │ money back
//! Rejected ◀────────┘
//! ```
//! An order without a car stays Paid, with the reason, until the money is back. The cars of a
//! cancelled order come back by themselves, and nobody waits for them.

mod said;
#[cfg(test)]
mod specs;

use super::{CarRental, car::Car, payment::Rent, settings::Settings};
use crate::domain::kernel::{
    Aggregate, Decision, Fall, Id, Method, Money, Nothing, Quantity, RejectionKind, Speaker,
    Standing, Timestamp, Vocabulary,
    payment::{Bill, Billing, Payable, Turn},
};
use said::{OrderBody, StatusBody};
use serde::{Deserialize, Serialize};
use thiserror::Error;

use Command::{Cancel, Close, Confirm, Pay, Place, Refuse, Reject};
use Event::{Cancelled, Confirmed, Paid, Placed, Refused, Rejected, Undone};

/// The most cars of one kind, and so the most that can be ordered.
pub(super) const CARS_MAX: u32 = Quantity::MAX.0;

/// Leads the money of an order.
pub type OrderBilling = Billing<Order>;

/// An order of cars.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Order {
    rent: Rent,
    amount: Money,
    status: Status,
}

/// How far an order has come.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
enum Status {
    #[default]
    Blank,
    Requested,
    Paid,
    Confirmed,
    Refunding {
        because: String,
    },
    Cancelling,
    Cancelled,
    Rejected {
        how: Fall,
        because: String,
    },
}

/// How far an order had come when it was cancelled.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub enum Stage {
    /// The payment had not answered.
    Requested,
    /// It was paid, and cars were asked for.
    Paid,
    /// It had this car.
    Confirmed {
        /// The car to be returned.
        car: Id<Car>,
    },
}

/// What an order can be told.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum Command {
    /// A customer wants cars.
    Place {
        /// Which.
        car: Id<Car>,
        /// How many.
        quantity: Quantity,
    },
    /// The customer does not want them any more.
    Cancel,
    /// The payment was approved.
    Pay,
    /// It could not be paid.
    Reject {
        /// Which family of answer that is.
        how: Fall,
        /// The reason, as a sentence.
        because: String,
    },
    /// The cars are rented.
    Confirm,
    /// There are no cars for it.
    Refuse {
        /// The reason, as a sentence.
        because: String,
    },
    /// No money of it is kept any more.
    Close,
}

/// What can happen to an order.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum Event {
    /// A customer ordered cars.
    Placed {
        /// Which, and how many.
        rent: Rent,
        /// What they cost, in won.
        amount: Money,
    },
    /// It was paid.
    Paid {
        /// The cars to be rented.
        rent: Rent,
    },
    /// The cars are the customer's.
    Confirmed,
    /// There are no cars for it; the money goes back.
    Refused {
        /// The reason, as a sentence.
        because: String,
    },
    /// The customer called it off; the money goes back.
    Cancelled {
        /// How far it had come.
        was: Stage,
    },
    /// It did not come about, and no money is kept.
    Rejected {
        /// Which family of answer that is.
        how: Fall,
        /// The reason, as a sentence.
        because: String,
    },
    /// No money of the cancelled order is kept any more.
    Undone,
}

/// Why an order says no.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, Error)]
pub enum Rejection {
    /// Nobody ever ordered under this number.
    #[error("there is no such order")]
    Unknown,
    /// This number has been ordered under before.
    #[error("the cars have been ordered already")]
    AlreadyPlaced,
    /// Nobody's car.
    #[error("cars are numbered from 1")]
    BadCar,
    /// None, or more than there can be.
    #[error("an order is for 1 to {CARS_MAX} cars")]
    BadQuantity,
    /// More than anybody has.
    #[error("the order costs more than {}", Money::MAX)]
    TooDear,
    /// There is no money for what it is told.
    #[error("the order has not been paid")]
    NotPaid,
    /// What is paid does not become unpaid.
    #[error("the order has been paid")]
    IsPaid,
    /// It has its cars.
    #[error("the order has been confirmed")]
    IsConfirmed,
    /// It is being undone, or was.
    #[error("the order is cancelled")]
    IsCancelled,
    /// It does not stand, or never stood.
    #[error("the order was rejected")]
    WasRejected,
    /// Nobody called it off.
    #[error("the order has not been called off")]
    NotCalledOff,
}

impl crate::domain::kernel::Rejection for Rejection {
    fn kind(&self) -> RejectionKind {
        match self {
            Self::Unknown => RejectionKind::Unknown,
            Self::BadCar | Self::BadQuantity | Self::TooDear => RejectionKind::Invalid,
            _ => RejectionKind::Conflict,
        }
    }
}

impl Payable for Order {
    type Bill = Rent;
    const BILLING: &'static str = "rental/billing";

    fn turn(event: &Event) -> Option<Turn<Rent>> {
        match event {
            Placed { rent, amount } => Some(Turn::Placed { bill: rent.clone(), amount: *amount }),
            Paid { .. } => Some(Turn::Accepted),
            Refused { .. } | Cancelled { .. } => Some(Turn::CalledOff),
            Rejected { .. } | Undone => Some(Turn::Over),
            Confirmed => None,
        }
    }

    fn accept() -> Command {
        Pay
    }

    fn reject(how: Fall, because: String) -> Command {
        Reject { how, because }
    }

    fn close() -> Command {
        Close
    }
}

impl Aggregate for Order {
    const NAME: &'static str = "rental/orders";
    type Business = CarRental;
    type Command = Command;
    type Event = Event;
    type Rejection = Rejection;

    fn speaker(command: &Command) -> Speaker {
        match command {
            Place { .. } => Speaker::Anyone,
            Cancel => Speaker::Customer,
            Pay | Reject { .. } | Confirm | Refuse { .. } | Close => Speaker::Inside,
        }
    }

    fn decide(&self, command: Command, _now: Timestamp, settings: &Settings) -> Decision<Self> {
        use Status as S;
        let cancelled = |was| Ok(vec![Cancelled { was }]);
        match (&self.status, command) {
            (S::Blank, Place { car, quantity }) => placed(Rent { car, quantity }, settings),
            (S::Requested, Pay) => Ok(vec![Paid { rent: self.rent.clone() }]),
            (S::Requested, Reject { how, because }) => Ok(vec![Rejected { how, because }]),
            (S::Requested, Cancel) => cancelled(Stage::Requested),
            (S::Paid, Confirm) => Ok(vec![Confirmed]),
            (S::Paid, Refuse { because }) => Ok(vec![Refused { because }]),
            (S::Paid, Cancel) => cancelled(Stage::Paid),
            (S::Confirmed, Cancel) => cancelled(Stage::Confirmed { car: self.rent.car }),
            (S::Refunding { because }, Close) => {
                Ok(vec![Rejected { how: Fall::Refused, because: because.clone() }])
            }
            (S::Cancelling, Close) => Ok(vec![Undone]),
            (state, command) => state.already(&command),
        }
    }

    fn through(command: &Command) -> Option<&'static str> {
        matches!(command, Place { .. }).then_some(Rent::PORT)
    }

    fn evolve(self, event: Event) -> Self {
        let status = match event {
            Placed { rent, amount } => return Self { rent, amount, status: Status::Requested },
            Paid { .. } => Status::Paid,
            Confirmed => Status::Confirmed,
            Refused { because } => Status::Refunding { because },
            Cancelled { .. } => Status::Cancelling,
            Rejected { how, because } => Status::Rejected { how, because },
            Undone => Status::Cancelled,
        };
        Self { status, ..self }
    }

    fn standing(&self) -> Standing {
        match &self.status {
            Status::Requested | Status::Refunding { .. } | Status::Cancelling => Standing::Pending,
            Status::Rejected { how, because } => {
                Standing::Fell { how: *how, because: because.clone() }
            }
            Status::Blank | Status::Paid | Status::Confirmed | Status::Cancelled => {
                Standing::Stands
            }
        }
    }

    fn show(&self, number: u64) -> impl Serialize {
        let reason = match &self.status {
            Status::Refunding { because } | Status::Rejected { because, .. } => {
                Some(because.clone())
            }
            _ => None,
        };
        let Rent { car: car_id, quantity: qty } = self.rent;
        Shown { id: number, car_id, qty, amount: self.amount, status: self.status(), reason }
    }

    fn possible(&self) -> &'static [&'static str] {
        match self.status {
            Status::Requested | Status::Paid | Status::Confirmed => &["cancel"],
            _ => &[],
        }
    }

    fn vocabulary() -> Vocabulary<Self> {
        Vocabulary::new()
            .ignoring(said::IGNORED)
            .creates("order", OrderBody::means)
            .command("cancel", |Nothing {}| Ok(Cancel))
            .word("cancel by status", Method::Patch, StatusBody::means)
            .word("cancel by status", Method::Put, StatusBody::means)
    }
}

fn placed(rent: Rent, settings: &Settings) -> Result<Vec<Event>, Rejection> {
    if rent.car == Id::default() {
        return Err(Rejection::BadCar);
    }
    if !(1..=CARS_MAX).contains(&rent.quantity.0) {
        return Err(Rejection::BadQuantity);
    }
    let amount = settings.price_per_car.times(rent.quantity).ok_or(Rejection::TooDear)?;
    Ok(vec![Placed { rent, amount }])
}

impl Order {
    /// How it stands, in the words that clients are shown.
    #[must_use]
    pub const fn status(&self) -> &'static str {
        match self.status {
            Status::Blank => "",
            Status::Requested => "Requested",
            Status::Paid | Status::Refunding { .. } => "Paid",
            Status::Confirmed => "Confirmed",
            Status::Cancelling | Status::Cancelled => "Cancelled",
            Status::Rejected { .. } => "Rejected",
        }
    }

    /// The cars it is for.
    #[must_use]
    pub const fn rent(&self) -> &Rent {
        &self.rent
    }
}

impl Status {
    /// The lower half of the table: what is already so, and what is refused.
    fn already(&self, command: &Command) -> Decision<Order> {
        match (self, command) {
            (Self::Paid | Self::Confirmed, Pay)
            | (Self::Confirmed, Confirm)
            | (Self::Refunding { .. }, Refuse { .. })
            | (Self::Cancelling | Self::Cancelled, Cancel)
            | (Self::Cancelled | Self::Rejected { .. }, Close)
            | (Self::Rejected { .. }, Reject { .. }) => Ok(vec![]),

            (Self::Blank, _) => Err(Rejection::Unknown),
            (_, Place { .. }) => Err(Rejection::AlreadyPlaced),
            (Self::Refunding { .. } | Self::Rejected { .. }, _) => Err(Rejection::WasRejected),
            (Self::Cancelling | Self::Cancelled, _) => Err(Rejection::IsCancelled),
            (_, Close) => Err(Rejection::NotCalledOff),
            (Self::Requested, _) => Err(Rejection::NotPaid),
            (Self::Confirmed, Refuse { .. }) => Err(Rejection::IsConfirmed),
            (Self::Paid | Self::Confirmed, _) => Err(Rejection::IsPaid),
        }
    }
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Shown {
    id: u64,
    car_id: Id<Car>,
    qty: Quantity,
    amount: Money,
    status: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<String>,
}
