//! The business: a customer orders and pays; the order is handed over, or the money goes back.

mod overview;
mod payment;
#[cfg(test)]
mod specs;
#[cfg(test)]
mod worlds;

use Command::*;
use Event::*;
use madang::domain::kernel::prelude::*;
use overview::Overview;

pub struct Bakery;

impl Business for Bakery {
    const NAME: &'static str = "bakery";
    const STAFF: &'static [&'static str] = &[CLERK];
    const EXAMPLES: &'static [(&'static str, &'static str)] =
        &[("orders", r#"{"customer":"Kim","quantity":2}"#)];
    type Settings = Empty;

    fn install(host: &mut impl Host) {
        payment::install::<Order>(host);
        host.view::<Overview>();
    }
}

const PRICE: Money = Money(4_000);
const CLERK: &str = "clerk";

/// An order, as the events so far have left it.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Order {
    customer: Text,
    quantity: Quantity,
    status: Status,
}

statuses! {
    pub enum Status {
        Unknown;
        Requested as pending => "cancel";
        Paid => "cancel", "hand-over";
        HandedOver;
        Cancelling as pending;
        Cancelled;
        Rejected { how: FailureKind, reason: String } as failed;
    }
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub enum Command {
    Place { customer: Text, quantity: Quantity },
    Cancel,
    HandOver,
    Pay,
    Reject { how: FailureKind, reason: String },
    Close,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum Event {
    Placed { customer: Text, quantity: Quantity, amount: Money },
    Paid,
    HandedOver,
    Cancelled,
    Rejected { how: FailureKind, reason: String },
    Closed,
}

impl Event {
    /// The status of an order after this event.
    fn status(&self) -> Status {
        match self {
            Placed { .. } => Status::Requested,
            Paid => Status::Paid,
            HandedOver => Status::HandedOver,
            Cancelled => Status::Cancelling,
            Rejected { how, reason } => Status::Rejected { how: *how, reason: reason.clone() },
            Closed => Status::Cancelled,
        }
    }
}

rejections! {
    pub enum Rejection {
        Unknown: unknown "there is no such order";
        BadCustomer: invalid "the customer must have 1 to 100 characters";
        BadQuantity: invalid "an order is for 1 to {} pieces", Quantity::MAX.0;
        AlreadyPlaced: "the order has been placed already";
        NotPaid: "the order has not been paid";
        IsOver: "the order is over";
    }
}

impl Aggregate for Order {
    const NAME: &'static str = "bakery/orders";
    aggregate_types!(Bakery, status);

    fn issuer(command: &Command) -> Issuer {
        match command {
            Place { .. } | Cancel => Issuer::Customer,
            HandOver => Issuer::Staff(&[CLERK]),
            Pay | Reject { .. } | Close => Issuer::Internal,
        }
    }

    fn decide(&self, command: Command, _: Timestamp, _: &Empty) -> Decision<Self> {
        use Status as S;
        match (&self.status, command) {
            (_, Place { customer, .. }) if !customer.is_name() => Err(Rejection::BadCustomer),
            (S::Unknown, Place { customer, quantity }) => match PRICE.times(quantity) {
                Some(amount) if quantity.0 > 0 => Ok(vec![Placed { customer, quantity, amount }]),
                _ => Err(Rejection::BadQuantity),
            },
            (S::Requested, Pay) => Ok(vec![Paid]),
            (S::Requested, Reject { how, reason }) => Ok(vec![Rejected { how, reason }]),
            (S::Requested | S::Paid, Cancel) => Ok(vec![Cancelled]),
            (S::Paid, HandOver) => Ok(vec![HandedOver]),
            (S::Cancelling, Close) => Ok(vec![Closed]),
            // What is so already is accepted and changes nothing.
            (S::Paid | S::HandedOver, Pay)
            | (S::HandedOver, HandOver)
            | (S::Cancelling | S::Cancelled, Cancel)
            | (S::Rejected { .. }, Reject { .. })
            | (S::Rejected { .. } | S::Cancelled, Close) => Ok(vec![]),
            (S::Unknown, _) => Err(Rejection::Unknown),
            (_, Place { .. }) => Err(Rejection::AlreadyPlaced),
            (S::Requested, _) => Err(Rejection::NotPaid),
            (_, _) => Err(Rejection::IsOver),
        }
    }

    fn evolve(self, event: Event) -> Self {
        let status = event.status();
        match event {
            Placed { customer, quantity, .. } => Self { customer, quantity, status },
            _ => Self { status, ..self },
        }
    }

    fn represent(&self, number: u64) -> impl Serialize {
        object! {
            "id": number, "customer": &self.customer, "quantity": self.quantity,
            "status": self.status.word(), "reason"?: self.progress().reason(),
        }
    }

    fn command_routes() -> CommandRoutes<Self> {
        CommandRoutes::by_name("place", &["cancel", "hand-over"])
    }
}
