//! Payment of one order. It has the order's number.

use super::{
    CARD_PAYMENT, PhoneShop, STORE_CLERK,
    order::{self, Order},
};
use crate::domain::kernel::{
    CommandRoutes, Method, Money, Text,
    payment::{self, Bill, Charging, Receipt, Stage},
};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

/// Payment of one order.
pub type Payment = payment::Payment<Sale>;

/// Events of the payment.
pub type Event = payment::Event<Sale>;

/// Port to the external service that charges.
pub type CardPayment = Charging<Sale>;

/// Bill of a sale: the item.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Sale {
    /// The phone.
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
        Shown { id: number, order_id: number, price: amount, process: process(stage), reason }
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
        let ignored = &["id", "orderId", "price", "reason", "transactionId"];
        CommandRoutes::new().ignoring(ignored).forward_to::<Order, _>(
            "cancel the order",
            [Method::Patch, Method::Put],
            "process",
            [(ORDER_CANCELLED, order::Command::Cancel)],
        )
    }
}

/// Returns the status as clients of the original spell it.
pub(super) const fn process(stage: Stage) -> &'static str {
    match stage {
        Stage::Approved => "Payed",
        other => other.word(),
    }
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Shown {
    id: u64,
    order_id: u64,
    price: Money,
    process: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<String>,
}

/// Values of `process` on a payment or reward that request the cancellation of the order.
pub(super) const ORDER_CANCELLED: &[&str] =
    &["cancelled", "canceled", "cancel", "ordercancelled", "ordercanceled"];
