//! The request bodies of the commands of an order.

use super::Command::{self, Cancel, Place, Return};
use crate::domain::kernel::{CANCELLED, Id, Malformed, Quantity, Text};
use crate::domain::rental::car::Car;
use serde::Deserialize;

/// The fields that are skipped: only the server sets them, or a change by status does not need
/// them.
pub(super) const IGNORED: &[&str] =
    &["id", "orderId", "customerId", "carId", "qty", "amount", "status", "reason"];

/// `{"carId":1,"qty":2,"customerId":7}`; without `qty`, one car. The customer may be left out.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct OrderBody {
    car_id: Id<Car>,
    qty: Option<Quantity>,
    customer_id: Option<Text>,
}

impl OrderBody {
    #[expect(clippy::unnecessary_wraps, reason = "command routes take a fallible function")]
    pub(super) fn means(self) -> Result<Command, Malformed> {
        let customer = self.customer_id.map(|customer| customer.trimmed());
        Ok(Place { car: self.car_id, quantity: self.qty.unwrap_or(Quantity(1)), customer })
    }
}

/// The status words that end an order whose cars are back.
const RETURNED: &[&str] = &["returned", "return"];

/// `{"status":"CANCELLED"}` or `{"status":"RETURNED"}`, or a whole order with that status.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(in crate::domain::rental) struct StatusBody {
    status: Text,
}

impl StatusBody {
    pub(super) fn means(self) -> Result<Command, Malformed> {
        self.status.means(&[(CANCELLED, Cancel), (RETURNED, Return)])
    }

    /// The command of a status that clients set on a payment.
    pub(in crate::domain::rental) fn cancels(self) -> Result<Command, Malformed> {
        self.status.means(&[(CANCELLED, Cancel)])
    }
}
