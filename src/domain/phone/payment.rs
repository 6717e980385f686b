//! The payment of one order. It has the order's number.

use super::{
    CARD_PAYMENT, PhoneShop, STORE_CLERK,
    order::{self, Command::*, Event as E, Order},
};
use crate::domain::kernel::{
    payment::{self, Bill, Billing, Charging, Payable, Receipt, Stage, Turn},
    prelude::*,
};

/// The payment of one order.
pub type Payment = payment::Payment<Sale>;

/// The outside service that charges for phones.
pub type CardPayment = Charging<Sale>;

/// The saga that has an order paid, and refunded when it is cancelled.
pub type OrderBilling = Billing<Order>;

/// What is paid for.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Sale {
    pub item: Text,
}

impl Bill for Sale {
    type Business = PhoneShop;
    const NAME: &'static str = "phone/payments";
    const PORT: &'static str = CARD_PAYMENT;
    const CASHIER: &'static str = STORE_CLERK;

    fn details(&self) -> Value {
        json!({ "item": self.item })
    }

    fn show(&self, receipt: Receipt) -> impl Serialize {
        let Receipt { number, amount, stage, reason } = receipt;
        object! {
            "id": number, "orderId": number, "price": amount, "process": process(stage),
            "reason"?: reason,
        }
    }

    fn original_status(stage: Stage) -> Option<&'static str> {
        match stage {
            Stage::Approved => Some(process(stage)),
            Stage::RefundRequested | Stage::RefundDeclined | Stage::Refunded => {
                Some("OrderCancelled")
            }
            Stage::Blank | Stage::Requested | Stage::Declined => None,
        }
    }

    fn command_routes() -> CommandRoutes<Payment> {
        CommandRoutes::new()
            .ignoring("id orderId price reason transactionId")
            .forward_to::<Order, _>("cancel the order", [Patch, Put], "process", CANCEL)
    }
}

impl Payable for Order {
    type Bill = Sale;
    const BILLING: &'static str = "phone/billing";
    const ACCEPT: order::Command = Pay;
    const REJECT: fn(FailureKind, String) -> order::Command = |how, reason| Reject { how, reason };
    const CLOSE: order::Command = FinishCancelling;

    /// An order that costs nothing has no payment.
    fn turn(event: &E) -> Option<Turn<Sale>> {
        match event {
            E::Ordered { amount, .. } | E::Forfeited { amount } if *amount == Money::ZERO => None,
            E::Ordered { basket, amount, .. } => {
                let bill = Sale { item: basket.item.clone() };
                Some(Turn::Placed { bill, amount: *amount })
            }
            E::Paid { .. } => Some(Turn::Accepted),
            E::Withdrawn | E::Forfeited { .. } => Some(Turn::CalledOff),
            E::Rejected { .. } | E::Cancelled => Some(Turn::Over),
            E::Shipped | E::Credited { .. } | E::CancelRequested { .. } | E::Kept { .. } => None,
        }
    }

    /// In versions before, the phases stood beside a state that watched the time limit.
    fn billing_upcasters() -> Upcasters {
        Upcasters::none().change("Billing", |billing| {
            let phase = match billing.as_str() {
                Some("Booking") => "Accepting",
                Some(phase) => phase,
                None if billing["Watching"].is_object() => "Idle",
                None => return,
            };
            *billing = json!({ "phase": phase, "of": null });
        })
    }
}

/// The name of the stage of a payment, as clients of the original spell it.
pub(super) const fn process(stage: Stage) -> &'static str {
    match stage {
        Stage::Approved => "Payed",
        other => other.word(),
    }
}

/// The values of `process` on a payment or a reward that cancel the order.
pub(super) const CANCEL: [(&[&str], order::Command); 1] = [(
    &["cancelled", "canceled", "cancel", "ordercancelled", "ordercanceled"],
    order::Command::Cancel,
)];
