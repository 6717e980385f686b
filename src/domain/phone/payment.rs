//! The payment of one order. It has the order's number.

use super::{
    CARD_PAYMENT, PhoneShop, STORE_CLERK,
    order::{self, Order},
};
use crate::domain::kernel::{
    payment::{self, Bill, Charging, Receipt, Stage},
    prelude::*,
};

/// The payment of one order.
pub type Payment = payment::Payment<Sale>;

/// The events of a payment.
pub type Event = payment::Event<Sale>;

/// The outside service that charges for phones.
pub type CardPayment = Charging<Sale>;

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
