//! The order: a customer's call for a taxi, and its outcome.
//!
//! ```text
//!           paid          confirmed             completed
//! Requested ─────▶ Paid ───────────▶ Confirmed ───────────▶ Completed
//!   │   │ cancelled  │ cancelled         │ cancelled
//!   │   └────────────┴──────┬────────────┘
//!   │ rejected              ▼      everything is undone
//!   ▼                   Cancelling ────────────────────▶ Cancelled
//! Rejected
//! ```
//! Two sagas undo a cancelled order: the billing saga gives the money back, the ride saga gives the
//! taxi back. Neither waits for the other.

mod paying;
mod rejection;
mod routes;
mod shown;
#[cfg(test)]
mod specs;
mod undoing;

use super::{
    CallTaxi, DISPATCHER, DRIVER, grade::Grade, payment::CardPayment, settings::Settings,
    taxi::Taxi,
};
use crate::domain::kernel::{
    Aggregate, CardNumber, CommandRoutes, Decision, Empty, FailureKind, Id, Issuer, Method, Money,
    Port, Progress, Text, Timestamp,
};
pub use paying::OrderBilling;
pub use rejection::Rejection;
use routes::{CallBody, StatusBody};
use serde::{Deserialize, Serialize};
use shown::Shown;
use undoing::Left;
pub use undoing::Stage;

use Command::{
    Call, CallOff, Cancel, Close, Complete, Confirm, FinishCancelling, Pay, RecordRefund, Reject,
};
use Event::{Called, Cancelled, Completed, Confirmed, Paid, Refunded, Rejected, Released, Undone};

/// A call for a taxi.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Order {
    grade: Grade,
    customer: Customer,
    card_no: CardNumber,
    fare: Money,
    status: Status,
}

/// The customer, who receives the messages about the order.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Customer {
    /// The name of the customer; empty when the client gave none.
    pub name: Text,
    /// The phone number of the customer; may be empty.
    pub phone: Text,
}

/// The status of an order.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
enum Status {
    #[default]
    Blank,
    Requested,
    Paid,
    Confirmed {
        taxi: Option<Id<Taxi>>,
    },
    Cancelling(Left),
    Cancelled,
    Rejected {
        how: FailureKind,
        reason: String,
    },
    Completed {
        taxi: Option<Id<Taxi>>,
    },
}

/// The commands of an order.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum Command {
    /// A customer calls for a taxi.
    Call {
        /// The grade of taxi.
        grade: Grade,
        /// The customer who calls.
        customer: Customer,
        /// The card to be charged; may be empty.
        card_no: CardNumber,
    },
    /// The customer cancels the order.
    Cancel,
    /// The payment was approved.
    Pay,
    /// The dispatcher confirmed the order, with this taxi or without one.
    Confirm {
        /// The taxi assigned.
        taxi: Option<Id<Taxi>>,
    },
    /// The payment failed.
    Reject {
        /// The family of the failure.
        how: FailureKind,
        /// The reason, as a sentence.
        reason: String,
    },
    /// The company cancels the order.
    CallOff {
        /// The reason, as a sentence.
        reason: String,
    },
    /// The reservation and the taxi of the cancelled order are undone.
    FinishCancelling,
    /// The ride is over.
    Complete,
    /// The cancelled order was never paid.
    Close,
    /// The money of the cancelled order was given back.
    RecordRefund,
}

/// The events of an order.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum Event {
    /// A customer called for a taxi.
    Called {
        /// The grade of taxi.
        grade: Grade,
        /// The customer who called.
        customer: Customer,
        /// The card to be charged.
        card_no: CardNumber,
        /// The fare, in won.
        fare: Money,
    },
    /// The order was paid.
    Paid {
        /// The customer who called.
        customer: Customer,
        /// The grade of taxi that was paid for.
        #[serde(default)]
        grade: Grade,
    },
    /// The dispatcher confirmed the order.
    Confirmed {
        /// The customer who called.
        customer: Customer,
        /// The taxi assigned, if there is one.
        taxi: Option<Id<Taxi>>,
    },
    /// The order was cancelled; everything done for it is now to be undone.
    Cancelled {
        /// The customer who called.
        customer: Customer,
        /// The stage of the order at that time.
        was: Stage,
        /// The reason, when the customer did not cancel it.
        reason: Option<String>,
    },
    /// The order was rejected.
    Rejected {
        /// The customer who called.
        customer: Customer,
        /// The family of the failure.
        how: FailureKind,
        /// The reason, as a sentence.
        reason: String,
    },
    /// Everything done for the cancelled order has been undone.
    Undone,
    /// The ride is over: the taxi is free again, and the order cannot be cancelled any more.
    Completed {
        /// The customer who called.
        customer: Customer,
        /// The taxi that came, if there was one.
        taxi: Option<Id<Taxi>>,
    },
    /// The money of the cancelled order was given back.
    Refunded {
        /// The customer who called.
        customer: Customer,
        /// The amount, in won.
        amount: Money,
    },
    /// The reservation and the taxi of the cancelled order are undone; its money is not yet.
    Released,
}

impl Aggregate for Order {
    const NAME: &'static str = "taxi/orders";
    const SHAPE: u32 = 2;
    type Business = CallTaxi;
    type Command = Command;
    type Event = Event;
    type Rejection = Rejection;

    fn issuer(command: &Command) -> Issuer {
        match command {
            Call { .. } => Issuer::Anyone,
            Cancel => Issuer::Customer,
            Complete => Issuer::Staff(&[DISPATCHER, DRIVER]),
            Pay
            | Confirm { .. }
            | Reject { .. }
            | CallOff { .. }
            | FinishCancelling
            | Close
            | RecordRefund => Issuer::Internal,
        }
    }

    fn decide(&self, command: Command, _now: Timestamp, settings: &Settings) -> Decision<Self> {
        use Status as S;
        match (&self.status, command) {
            (S::Blank, Call { grade, customer, card_no }) => {
                called(grade, customer, card_no, settings)
            }
            (S::Requested, Pay) => Ok(vec![Paid { customer: self.customer(), grade: self.grade }]),
            (S::Requested, Reject { how, reason }) => {
                Ok(vec![Rejected { customer: self.customer(), how, reason }])
            }
            (S::Paid, Confirm { taxi }) => Ok(vec![Confirmed { customer: self.customer(), taxi }]),
            (S::Requested, Cancel) => Ok(self.cancelled(Stage::Requested, None)),
            (S::Paid, Cancel) => Ok(self.cancelled(Stage::Paid, None)),
            (S::Confirmed { taxi }, Cancel) => {
                Ok(self.cancelled(Stage::Confirmed { taxi: *taxi }, None))
            }
            (S::Paid, CallOff { reason }) => Ok(self.cancelled(Stage::Paid, Some(reason))),
            (S::Confirmed { taxi }, CallOff { reason }) => {
                Ok(self.cancelled(Stage::Confirmed { taxi: *taxi }, Some(reason)))
            }
            (S::Confirmed { taxi }, Complete) => {
                Ok(vec![Completed { customer: self.customer(), taxi: *taxi }])
            }
            (S::Cancelling(left), command) => left.decide(self, &command),
            (state, command) => state.already(&command),
        }
    }

    fn waits_for_port(command: &Command) -> Option<&'static str> {
        matches!(command, Call { .. }).then_some(CardPayment::NAME)
    }

    fn evolve(self, event: Event) -> Self {
        let status = match event {
            Called { grade, customer, card_no, fare } => {
                return Self { grade, customer, card_no, fare, status: Status::Requested };
            }
            Paid { .. } => Status::Paid,
            Confirmed { taxi, .. } => Status::Confirmed { taxi },
            Cancelled { was: Stage::Requested, .. } | Released => Status::Cancelling(Left::Money),
            Cancelled { .. } => Status::Cancelling(Left::Both),
            Refunded { .. } => Status::Cancelling(Left::Ride),
            Rejected { how, reason, .. } => Status::Rejected { how, reason },
            Undone => Status::Cancelled,
            Completed { taxi, .. } => Status::Completed { taxi },
        };
        Self { status, ..self }
    }

    fn progress(&self) -> Progress {
        match &self.status {
            Status::Requested | Status::Cancelling(_) => Progress::Pending,
            Status::Rejected { how, reason } => {
                Progress::Failed { how: *how, reason: reason.clone() }
            }
            Status::Blank
            | Status::Paid
            | Status::Confirmed { .. }
            | Status::Completed { .. }
            | Status::Cancelled => Progress::Established,
        }
    }

    fn represent(&self, number: u64) -> impl Serialize {
        let (taxi_id, reason) = match &self.status {
            Status::Confirmed { taxi } | Status::Completed { taxi } => (*taxi, None),
            Status::Rejected { reason, .. } => (None, Some(reason.clone())),
            _ => (None, None),
        };
        Shown {
            id: number,
            order_type: self.grade,
            name: self.customer.name.clone(),
            phone: self.customer.phone.clone(),
            card_no: self.card_no.clone(),
            fare: self.fare,
            status: self.status(),
            taxi_id,
            reason,
        }
    }

    fn original_status(&self) -> Option<&'static str> {
        matches!(self.status, Status::Cancelling(_) | Status::Cancelled).then_some("cancelled")
    }

    fn available_commands(&self) -> &'static [&'static str] {
        match self.status {
            Status::Requested | Status::Paid => &["cancel"],
            Status::Confirmed { .. } => &["complete", "cancel"],
            _ => &[],
        }
    }

    fn command_routes() -> CommandRoutes<Self> {
        CommandRoutes::new()
            .ignoring(routes::IGNORED)
            .creates("call", CallBody::means)
            .command("cancel", |Empty {}| Ok(Cancel))
            .command("complete", |Empty {}| Ok(Complete))
            .on_item("cancel or complete by status", [Method::Patch], StatusBody::means)
            .on_item("cancel or complete by status", [Method::Put], StatusBody::means)
    }
}

fn called(
    grade: Grade,
    customer: Customer,
    card_no: CardNumber,
    settings: &Settings,
) -> Result<Vec<Event>, Rejection> {
    if !customer.name.0.is_empty() && !customer.name.is_name() {
        return Err(Rejection::BadName);
    }
    if !customer.phone.is_short() || !card_no.is_short() {
        return Err(Rejection::TooLong);
    }
    Ok(vec![Called { grade, customer, card_no, fare: settings.fare(grade) }])
}

impl Order {
    /// The name of the status, as shown to clients.
    #[must_use]
    pub const fn status(&self) -> &'static str {
        self.status.name()
    }

    fn customer(&self) -> Customer {
        self.customer.clone()
    }

    fn cancelled(&self, was: Stage, reason: Option<String>) -> Vec<Event> {
        vec![Cancelled { customer: self.customer(), was, reason }]
    }
}

impl Status {
    /// The rest of the transition table: commands that change nothing, and rejections.
    fn already(&self, command: &Command) -> Decision<Order> {
        match (self, command) {
            (Self::Paid | Self::Confirmed { .. }, Pay)
            | (Self::Cancelling(_) | Self::Cancelled, Cancel | CallOff { .. })
            | (Self::Cancelled, FinishCancelling | Close | RecordRefund)
            | (Self::Completed { .. }, Complete)
            | (Self::Rejected { .. }, Reject { .. }) => Ok(vec![]),
            (Self::Confirmed { taxi }, Confirm { taxi: again }) if taxi == again => Ok(vec![]),

            (Self::Blank, _) => Err(Rejection::Unknown),
            (_, Call { .. }) => Err(Rejection::AlreadyCalled),
            (Self::Rejected { .. }, _) => Err(Rejection::WasRejected),
            (Self::Cancelling(_) | Self::Cancelled, _) => Err(Rejection::IsCancelled),
            (Self::Completed { .. }, _) => Err(Rejection::IsCompleted),
            (_, FinishCancelling | Close | RecordRefund) => Err(Rejection::NotCancelling),
            (Self::Requested, _) => Err(Rejection::NotPaid),
            (Self::Paid, Complete) => Err(Rejection::NotConfirmed),
            (Self::Confirmed { .. }, Confirm { .. }) => Err(Rejection::IsConfirmed),
            (Self::Paid | Self::Confirmed { .. }, _) => Err(Rejection::IsPaid),
        }
    }

    const fn name(&self) -> &'static str {
        match self {
            Self::Blank => "",
            Self::Requested => "Requested",
            Self::Paid => "Paid",
            Self::Confirmed { .. } => "Confirmed",
            Self::Cancelling(_) | Self::Cancelled => "Cancelled",
            Self::Rejected { .. } => "Rejected",
            Self::Completed { .. } => "Completed",
        }
    }
}
