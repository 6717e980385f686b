//! What is paid for, and what a payment means for its order.

use super::{
    CLERK,
    Command::{self, *},
    Event::{self, *},
    Order,
};
use madang::domain::kernel::{
    payment::{Bill, Payable, Turn},
    prelude::*,
};

pub use madang::domain::kernel::payment::install;

/// What a payment is for.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Pieces {
    quantity: Quantity,
}

impl Bill for Pieces {
    type Business = super::Bakery;
    const NAME: &'static str = "bakery/payments";
    const PORT: &'static str = "bakery/payment";
    const CASHIER: &'static str = CLERK;

    fn details(&self) -> Value {
        json!({ "quantity": self.quantity })
    }
}

impl Payable for Order {
    type Bill = Pieces;
    const BILLING: &'static str = "bakery/billing";
    const ACCEPT: Command = Pay;
    const REJECT: fn(FailureKind, String) -> Command = |how, reason| Reject { how, reason };
    const CLOSE: Command = Close;

    fn turn(event: &Event) -> Option<Turn<Pieces>> {
        Some(match *event {
            Placed { quantity, amount, .. } => Turn::Placed { bill: Pieces { quantity }, amount },
            Paid => Turn::Accepted,
            Cancelled => Turn::CalledOff,
            Rejected { .. } | Closed => Turn::Over,
            HandedOver => return None,
        })
    }
}
