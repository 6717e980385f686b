//! The order: a customer's call for a taxi, and its outcome.
//!
//! ```text
//!            paid          confirmed             completed
//! Requested ─────▶ Paid ───────────▶ Confirmed ───────────▶ Completed
//!   │   │           │ cancelled        │ cancelled
//!   │   │           └────────┬─────────┘
//!   │   │ cancelled          ▼
//!   │   │          Cancelled(Everything)
//!   │   │       ride undone │  │ money back
//!   │   │                   ▼  ▼
//!   │   └─▶ Cancelled(Money)   Cancelled(Ride)
//!   │ rejected   money back │  │ ride undone
//!   ▼                       ▼  ▼
//! Rejected             Cancelled(Nothing)
//! ```
//! Two sagas undo a cancelled order: the billing saga gives the money back, the ride saga gives the
//! taxi back. Neither waits for the other.

#[cfg(test)]
mod specs;

use super::{
    CallTaxi, DISPATCHER, DRIVER,
    grade::Grade,
    payment::{CardPayment, Fare},
    settings::Settings,
    taxi::Taxi,
};
use crate::domain::kernel::{
    payment::{Billing, Payable, Turn},
    prelude::*,
};

pub use crate::domain::kernel::notice::Customer;

use Command::*;
use Event::*;

pub type OrderBilling = Billing<Order>;

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Order {
    grade: Grade,
    customer: Customer,
    card_no: CardNumber,
    fare: Money,
    pub(super) status: Status,
}

statuses! {
    pub enum Status {
        Blank;
        Requested as pending => "cancel";
        Paid => "cancel";
        Confirmed(Option<Id<Taxi>>) => "complete", "cancel";
        Completed(Option<Id<Taxi>>);
        Cancelled(Left), "cancelled";
        Rejected { how: FailureKind, reason: String } as failed;
    }
}

/// What is still to be undone for a cancelled order. The ride is its reservation and its taxi.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub enum Left {
    Everything,
    Money,
    Ride,
    Nothing,
}

/// The stage of an order when it was cancelled, which determines what is to be undone. A paid order
/// has a reservation, or gets one.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub enum Stage {
    Requested,
    Paid,
    Confirmed { taxi: Option<Id<Taxi>> },
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum Command {
    Call { grade: Grade, customer: Customer, card_no: CardNumber },
    Cancel,
    Pay,
    Confirm { taxi: Option<Id<Taxi>> },
    Reject { how: FailureKind, reason: String },
    // The company cancels the order.
    CallOff { reason: String },
    FinishCancelling,
    Complete,
    // The cancelled order was never paid.
    Close,
    RecordRefund,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum Event {
    Called { grade: Grade, customer: Customer, card_no: CardNumber, fare: Money },
    Paid { customer: Customer, grade: Grade },
    Confirmed { customer: Customer, taxi: Option<Id<Taxi>> },
    // The reason is `None` when the customer cancelled the order.
    Cancelled { customer: Customer, was: Stage, reason: Option<String> },
    Rejected { customer: Customer, how: FailureKind, reason: String },
    Undone,
    Completed { customer: Customer, taxi: Option<Id<Taxi>> },
    Refunded { customer: Customer, amount: Money },
    // The reservation and the taxi of the cancelled order are undone; its money is not yet.
    Released,
}

rejections! {
    pub enum Rejection {
        Unknown: unknown "there is no such order";
        AlreadyCalled: "the taxi has been called already";
        BadName: invalid "the name must have 1 to 100 characters, or be left out";
        TooLong: invalid "card and phone numbers have at most 100 characters";
        NotPaid: "the order has not been paid";
        IsPaid: "the order has been paid";
        IsConfirmed: "the order has been confirmed already";
        IsCancelled: "the order is cancelled";
        WasRejected: "the order was rejected";
        NotCancelling: "the order is not being cancelled";
        IsCompleted: "the ride is over";
        NotConfirmed: "the order has not been confirmed";
    }
}

impl Payable for Order {
    type Bill = Fare;
    const BILLING: &'static str = "taxi/billing";
    const ACCEPT: Command = Pay;
    const REJECT: fn(FailureKind, String) -> Command = |how, reason| Reject { how, reason };
    const CLOSE: Command = Close;
    const REFUNDED: Command = RecordRefund;

    fn turn(event: &Event) -> Option<Turn<Fare>> {
        match event {
            Called { card_no, fare, .. } => {
                Some(Turn::Placed { bill: Fare { card_no: card_no.clone() }, amount: *fare })
            }
            Paid { .. } => Some(Turn::Accepted),
            Cancelled { .. } => Some(Turn::CalledOff),
            Rejected { .. } | Refunded { .. } | Undone => Some(Turn::Over),
            Confirmed { .. } | Released | Completed { .. } => None,
        }
    }
}

impl Aggregate for Order {
    const NAME: &'static str = "taxi/orders";
    const SHAPE: u32 = 2;
    aggregate_types!(CallTaxi, status);

    fn issuer(command: &Command) -> Issuer {
        match command {
            Call { .. } | Cancel => Issuer::Customer,
            Complete => Issuer::Staff(&[DISPATCHER, DRIVER]),
            _ => Issuer::Internal,
        }
    }

    fn decide(&self, command: Command, _now: Timestamp, settings: &Settings) -> Decision<Self> {
        use Status as S;
        let customer = || self.customer.clone();
        let cancelled = |was, reason| Ok(vec![Cancelled { customer: customer(), was, reason }]);
        let refunded = || Refunded { customer: customer(), amount: self.fare };
        match (&self.status, command) {
            (S::Blank, Call { grade, customer, card_no }) => {
                if !customer.name.0.is_empty() && !customer.name.is_name() {
                    return Err(Rejection::BadName);
                }
                if !customer.phone.is_short() || !card_no.is_short() {
                    return Err(Rejection::TooLong);
                }
                Ok(vec![Called { grade, customer, card_no, fare: settings.fare(grade) }])
            }
            (S::Requested, Pay) => Ok(vec![Paid { customer: customer(), grade: self.grade }]),
            (S::Requested, Reject { how, reason }) => {
                Ok(vec![Rejected { customer: customer(), how, reason }])
            }
            (S::Paid, Confirm { taxi }) => Ok(vec![Confirmed { customer: customer(), taxi }]),
            (&S::Confirmed(taxi), Complete) => Ok(vec![Completed { customer: customer(), taxi }]),
            (S::Requested, Cancel) => cancelled(Stage::Requested, None),
            (S::Paid, Cancel) => cancelled(Stage::Paid, None),
            (S::Paid, CallOff { reason }) => cancelled(Stage::Paid, Some(reason)),
            (&S::Confirmed(taxi), Cancel) => cancelled(Stage::Confirmed { taxi }, None),
            (&S::Confirmed(taxi), CallOff { reason }) => {
                cancelled(Stage::Confirmed { taxi }, Some(reason))
            }
            (S::Cancelled(Left::Everything), RecordRefund) => Ok(vec![refunded()]),
            (S::Cancelled(Left::Everything), FinishCancelling) => Ok(vec![Released]),
            (S::Cancelled(Left::Money), RecordRefund) => Ok(vec![refunded(), Undone]),
            (S::Cancelled(Left::Money), Close) | (S::Cancelled(Left::Ride), FinishCancelling) => {
                Ok(vec![Undone])
            }
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
            Confirmed { taxi, .. } => Status::Confirmed(taxi),
            Completed { taxi, .. } => Status::Completed(taxi),
            Cancelled { was: Stage::Requested, .. } | Released => Status::Cancelled(Left::Money),
            Cancelled { .. } => Status::Cancelled(Left::Everything),
            Refunded { .. } => Status::Cancelled(Left::Ride),
            Undone => Status::Cancelled(Left::Nothing),
            Rejected { how, reason, .. } => Status::Rejected { how, reason },
        };
        Self { status, ..self }
    }

    /// Events of orders that were paid before taxis had grades name no grade.
    fn upcasters() -> Upcasters {
        Upcasters::none().fill("Event::Paid", "grade", |_| json!(Grade::Basic))
    }

    fn progress(&self) -> Progress {
        match &self.status {
            Status::Cancelled(Left::Everything | Left::Money | Left::Ride) => Progress::Pending,
            status => status.progress(),
        }
    }

    fn represent(&self, number: u64) -> impl Serialize {
        let taxi = match self.status {
            Status::Confirmed(taxi) | Status::Completed(taxi) => taxi,
            _ => None,
        };
        object! {
            "id": number, "orderType": self.grade, "name": &self.customer.name,
            "phone": &self.customer.phone, "cardNo": &self.card_no, "fare": self.fare,
            "status": self.status.word(), "taxiId"?: taxi,
            "reason"?: self.progress().reason(),
        }
    }

    fn command_routes() -> CommandRoutes<Self> {
        let completed: &[&str] = &["completed", "complete"];
        let status = [(CANCELLED, Cancel), (completed, Complete)];
        let call = body!(|order_type: Text,
                          name: Option<Text>,
                          card_no: Option<CardNumber>,
                          phone: Option<Text>|
         -> Result<_, Malformed> {
            let grade = Grade::read("orderType", &order_type)?;
            if name.as_ref().is_some_and(|name| !name.is_name()) {
                return Err(Malformed::content(Rejection::BadName.to_string()));
            }
            let of = |text: Option<Text>| Personal::from(text.unwrap_or_default());
            let customer = Customer { name: of(name), phone: of(phone) };
            Ok(Call { grade, customer, card_no: card_no.unwrap_or_default() })
        });
        CommandRoutes::new()
            .ignoring("id orderType name cardNo phone status fare taxiId reason")
            .creates("call", call)
            .command("cancel", |Empty {}| Cancel)
            .command("complete", |Empty {}| Complete)
            .on_word("cancel or complete by status", [Patch, Put], "status", status)
    }
}

impl Status {
    /// The rest of the transition table: commands that change nothing, and rejections.
    fn already(&self, command: &Command) -> Decision<Order> {
        match (self, command) {
            (Self::Confirmed(taxi), Confirm { taxi: again }) if taxi == again => Ok(vec![]),
            (Self::Paid | Self::Confirmed(_), Pay)
            | (Self::Completed(_), Complete)
            | (Self::Rejected { .. }, Reject { .. })
            | (Self::Cancelled(_), Cancel | CallOff { .. })
            | (Self::Cancelled(Left::Money), FinishCancelling)
            | (Self::Cancelled(Left::Ride), RecordRefund)
            | (Self::Cancelled(Left::Nothing), FinishCancelling | Close | RecordRefund) => {
                Ok(vec![])
            }

            (Self::Blank, _) => Err(Rejection::Unknown),
            (_, Call { .. }) => Err(Rejection::AlreadyCalled),
            (Self::Rejected { .. }, _) => Err(Rejection::WasRejected),
            (Self::Completed(_), _) => Err(Rejection::IsCompleted),
            (Self::Cancelled(_), Close) => Err(Rejection::IsPaid),
            (Self::Cancelled(_), _) => Err(Rejection::IsCancelled),
            (_, FinishCancelling | Close | RecordRefund) => Err(Rejection::NotCancelling),
            (Self::Requested, _) => Err(Rejection::NotPaid),
            (Self::Paid, Complete) => Err(Rejection::NotConfirmed),
            (Self::Confirmed(_), Confirm { .. }) => Err(Rejection::IsConfirmed),
            (Self::Paid | Self::Confirmed(_), _) => Err(Rejection::IsPaid),
        }
    }
}
