//! What clients send to say something to an order.

use super::{
    Command::{self, Call, Cancel},
    Customer, Grade,
};
use crate::domain::kernel::{CANCELLED, CardNumber, Malformed, Text};
use serde::Deserialize;

/// What only the server decides, or is none of the matter when an order is cancelled by its status.
pub(super) const IGNORED: &[&str] =
    &["id", "orderType", "name", "cardNo", "phone", "status", "fare", "taxiId", "reason"];

/// `{"orderType":"basic","name":"Jung"}`; what only the server decides is read past.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct CallBody {
    order_type: Text,
    name: Text,
    card_no: Option<CardNumber>,
    phone: Option<Text>,
}

impl CallBody {
    pub(super) fn means(self) -> Result<Command, Malformed> {
        let grade = match self.order_type.0.trim().to_ascii_lowercase().as_str() {
            "basic" => Grade::Basic,
            "prime" => Grade::Prime,
            "platinum" => Grade::Platinum,
            other => {
                return Err(Malformed::content(format!(
                    "unknown orderType `{other}`, expected basic or prime or platinum"
                )));
            }
        };
        let customer = Customer { name: self.name, phone: self.phone.unwrap_or_default() };
        Ok(Call { grade, customer, card_no: self.card_no.unwrap_or_default() })
    }
}

/// `{"status":"cancelled"}`, or a whole order with that status.
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
