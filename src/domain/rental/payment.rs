//! The payment of one order of cars. It has the order's number.

use super::{
    CarRental, FLEET_MANAGER,
    car::Car,
    order::{CANCELLED, Order, StatusBody},
    rent::Rent,
};
use crate::domain::kernel::{
    CommandRoutes, Id, Malformed, Method, Money, Number, Quantity,
    payment::{self, Bill, Charging, Receipt, Stage},
};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

/// The payment of one order.
pub type Payment = payment::Payment<Rent>;

/// The events of a payment.
pub type Event = payment::Event<Rent>;

/// The outside service that charges for cars.
pub type CardPayment = Charging<Rent>;

impl Bill for Rent {
    type Business = CarRental;
    const NAME: &'static str = "rental/pays";
    const ALIASES: &'static [&'static str] = &["payments"];
    const PORT: &'static str = "rental/payment";
    const CASHIER: &'static str = FLEET_MANAGER;

    fn details(&self) -> Value {
        json!({ "carId": self.car, "qty": self.quantity })
    }

    fn show(&self, receipt: Receipt) -> impl Serialize {
        let Receipt { number, amount, stage, reason } = receipt;
        let (id, order_id, car_id, qty) = (number, number, self.car, self.quantity);
        Shown { id, order_id, car_id, qty, amount, status: word(stage), reason }
    }

    fn original_status(stage: Stage) -> Option<&'static str> {
        match stage {
            Stage::Requested | Stage::Approved => Some("ORDERD"),
            Stage::RefundRequested | Stage::RefundDeclined | Stage::Refunded => Some(CANCELLED),
            Stage::Blank | Stage::Declined => None,
        }
    }

    fn command_routes() -> CommandRoutes<Payment> {
        CommandRoutes::new()
            .ignoring(&["id", "carId", "qty", "amount", "status", "reason", "transactionId"])
            .on_referenced("restate", RestateBody::means)
            .forward_to::<Order, _>("cancel the order", Method::Patch, StatusBody::cancels)
    }
}

/// The name of the stage of a payment in this business.
pub(super) const fn word(stage: Stage) -> &'static str {
    match stage {
        Stage::Approved => "Paid",
        other => other.word(),
    }
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Shown {
    id: u64,
    order_id: u64,
    car_id: Id<Car>,
    qty: Quantity,
    amount: Money,
    status: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<String>,
}

/// `{"id":"1","carId":"1","orderId":"1","status":"ORDERD","qty":"10"}`: repeats what the order has
/// requested.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct RestateBody {
    order_id: Number,
}

impl RestateBody {
    #[expect(clippy::unnecessary_wraps, reason = "command routes take a fallible function")]
    fn means(self) -> Result<(Number, payment::Command<Rent>), Malformed> {
        Ok((self.order_id, payment::Command::Restate))
    }
}
