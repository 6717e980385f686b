//! The payment of an order, as the billing saga leads it.

use super::{
    Command::{self, Close, Pay, RecordRefund, Reject},
    Event::{
        self, Called, Cancelled, Completed, Confirmed, Paid, Refunded, Rejected, Released, Undone,
    },
    Order,
};
use crate::domain::kernel::{
    FailureKind,
    payment::{Billing, Payable, Turn},
};
use crate::domain::taxi::payment::Fare;

/// The billing saga of an order. It needs no other part of the business, so that no suspended part
/// delays a refund.
pub type OrderBilling = Billing<Order>;

impl Payable for Order {
    type Bill = Fare;
    const BILLING: &'static str = "taxi/billing";

    fn turn(event: &Event) -> Option<Turn<Fare>> {
        match event {
            Called { card_no, fare, .. } => {
                let bill = Fare { card_no: card_no.clone() };
                Some(Turn::Placed { bill, amount: *fare })
            }
            Paid { .. } => Some(Turn::Accepted),
            Cancelled { .. } => Some(Turn::CalledOff),
            Rejected { .. } | Refunded { .. } | Undone => Some(Turn::Over),
            Confirmed { .. } | Released | Completed { .. } => None,
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

    fn refunded() -> Command {
        RecordRefund
    }
}
