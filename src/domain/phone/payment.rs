//! The price of one order: asked for, paid, or paid back. It bears the order's number.

use super::{
    PhoneShop, STORE_CLERK,
    order::{self, Order},
};
use crate::domain::kernel::{
    Malformed, Method, Money, Text, Vocabulary,
    payment::{self, Bill, Charging, Receipt, Stage},
};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

/// The price of one order.
pub type Payment = payment::Payment<Sale>;

/// What can happen to it.
pub type Event = payment::Event<Sale>;

/// The outside service that charges.
pub type CardPayment = Charging<Sale>;

/// What is paid for.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Sale {
    /// The phone.
    pub item: Text,
}

impl Bill for Sale {
    type Business = PhoneShop;
    const NAME: &'static str = "phone/payments";
    const PORT: &'static str = "phone/payment";
    const CASHIER: &'static str = STORE_CLERK;

    fn details(&self) -> Value {
        json!({ "item": self.item })
    }

    fn show(&self, receipt: Receipt) -> impl Serialize {
        let Receipt { number, amount, stage, reason } = receipt;
        Shown { id: number, order_id: number, price: amount, process: process(stage), reason }
    }

    fn vocabulary() -> Vocabulary<Payment> {
        let ignored = &["id", "orderId", "price", "reason"];
        Vocabulary::new()
            .ignoring(ignored)
            .word_for::<Order, _>("cancel the order", Method::Patch, ProcessBody::means)
            .word_for::<Order, _>("cancel the order", Method::Put, ProcessBody::means)
    }
}

/// As clients of the original spell it.
const fn process(stage: Stage) -> &'static str {
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

/// The processes of a payment or reward that say: call the order off.
pub(super) const ORDER_CANCELLED: &[&str] =
    &["cancelled", "canceled", "cancel", "ordercancelled", "ordercanceled"];

/// `{"price":200,"process":"OrderCancelled"}`: its order is cancelled.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ProcessBody {
    process: Text,
}

impl ProcessBody {
    pub(super) fn means(self) -> Result<order::Command, Malformed> {
        self.process.means(&[(ORDER_CANCELLED, order::Command::Cancel)])
    }
}
