//! The request bodies of the commands of an order.

use super::{
    Command::{self, Call, Cancel, Complete},
    Customer, Grade, Rejection,
};
use crate::domain::kernel::{CANCELLED, CardNumber, Malformed, Text};
use serde::Deserialize;

/// The fields that are skipped: only the server sets them, or a change by status does not need
/// them.
pub(super) const IGNORED: &[&str] =
    &["id", "orderType", "name", "cardNo", "phone", "status", "fare", "taxiId", "reason"];

/// `{"orderType":"basic","name":"Jung"}`; the name may be left out, and fields that only the server
/// sets are skipped.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct CallBody {
    order_type: Text,
    name: Option<Text>,
    card_no: Option<CardNumber>,
    phone: Option<Text>,
}

impl CallBody {
    pub(super) fn means(self) -> Result<Command, Malformed> {
        let grade = Grade::read("orderType", &self.order_type)?;
        if self.name.as_ref().is_some_and(|name| !name.is_name()) {
            return Err(Malformed::content(Rejection::BadName.to_string()));
        }
        let (name, phone) = (self.name.unwrap_or_default(), self.phone.unwrap_or_default());
        let customer = Customer { name, phone };
        Ok(Call { grade, customer, card_no: self.card_no.unwrap_or_default() })
    }
}

/// The status words that end a ride.
const COMPLETED: &[&str] = &["completed", "complete"];

/// `{"status":"cancelled"}` or `{"status":"completed"}`, or a whole order with that status.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct StatusBody {
    status: Text,
}

impl StatusBody {
    pub(super) fn means(self) -> Result<Command, Malformed> {
        self.status.means(&[(CANCELLED, Cancel), (COMPLETED, Complete)])
    }
}
