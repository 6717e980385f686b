//! The payment of one order of cars. It has the order's number.

use super::{
    CarRental, FLEET_MANAGER,
    order::{self, Order},
    rent::Rent,
};
use crate::domain::kernel::{
    payment::{self, Bill, Charging, Receipt, Stage},
    prelude::*,
};

/// The payment of one order.
pub type Payment = payment::Payment<Rent>;

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

    fn show(&self, Receipt { number, amount, stage, reason }: Receipt) -> impl Serialize {
        object! {
            "id": number, "orderId": number, "carId": self.car, "qty": self.quantity,
            "amount": amount, "status": word(stage), "reason"?: reason,
        }
    }

    fn original_status(stage: Stage) -> Option<&'static str> {
        match stage {
            Stage::Requested | Stage::Approved => Some("ORDERD"),
            Stage::RefundRequested | Stage::RefundDeclined | Stage::Refunded => Some("CANCELLED"),
            Stage::Blank | Stage::Declined => None,
        }
    }

    fn command_routes() -> CommandRoutes<Payment> {
        CommandRoutes::new()
            .ignoring("id carId qty amount status reason transactionId")
            .on_referenced(
                "restate",
                body!(|order_id: Number| (order_id, payment::Command::Restate)),
            )
            .forward_to::<Order, _>(
                "cancel the order",
                [Patch],
                "status",
                [(CANCELLED, order::Command::Cancel)],
            )
    }
}

/// The name of the stage of a payment in this business.
pub(super) const fn word(stage: Stage) -> &'static str {
    match stage {
        Stage::Approved => "Paid",
        other => other.word(),
    }
}
