//! What clients send to say something to an order.

use super::Command::{self, Cancel, Place};
use crate::domain::kernel::{CANCELLED, Id, Malformed, Quantity, Text};
use crate::domain::rental::car::Car;
use serde::Deserialize;

/// What only the server decides, or is none of the matter when an order is cancelled by its status.
pub(super) const IGNORED: &[&str] =
    &["id", "orderId", "carId", "qty", "amount", "status", "reason"];

/// `{"carId":1,"qty":2}`; without `qty`, one car.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct OrderBody {
    car_id: Id<Car>,
    qty: Option<Quantity>,
}

impl OrderBody {
    #[expect(clippy::unnecessary_wraps, reason = "the vocabulary asks for a result")]
    pub(super) fn means(self) -> Result<Command, Malformed> {
        Ok(Place { car: self.car_id, quantity: self.qty.unwrap_or(Quantity(1)) })
    }
}

/// `{"status":"CANCELLED"}`, or a whole order with that status.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct StatusBody {
    status: Text,
}

impl StatusBody {
    pub(super) fn means(self) -> Result<Command, Malformed> {
        self.status.means(&[(CANCELLED, Cancel)])
    }
}
