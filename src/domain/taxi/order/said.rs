//! What clients send to say something to an order.

use super::{
    Command::{self, Call, Cancel},
    Customer, Grade,
};
use crate::domain::kernel::{Malformed, Text};
use crate::domain::taxi::words;
use serde::{Deserialize, de::IgnoredAny};

/// `{"orderType":"basic","name":"Jung"}`; what only the server decides is read past.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct CallBody {
    order_type: Text,
    name: Text,
    #[serde(default)]
    card_no: Option<Text>,
    #[serde(default)]
    phone: Option<Text>,
    #[serde(default, rename = "id")]
    _id: IgnoredAny,
    #[serde(default, rename = "status")]
    _status: IgnoredAny,
    #[serde(default, rename = "fare")]
    _fare: IgnoredAny,
    #[serde(default, rename = "taxiId")]
    _taxi_id: IgnoredAny,
    #[serde(default, rename = "reason")]
    _reason: IgnoredAny,
    #[serde(default, rename = "_links")]
    _links: IgnoredAny,
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
    #[serde(default, rename = "id")]
    _id: IgnoredAny,
    #[serde(default, rename = "orderType")]
    _order_type: IgnoredAny,
    #[serde(default, rename = "name")]
    _name: IgnoredAny,
    #[serde(default, rename = "cardNo")]
    _card_no: IgnoredAny,
    #[serde(default, rename = "phone")]
    _phone: IgnoredAny,
    #[serde(default, rename = "fare")]
    _fare: IgnoredAny,
    #[serde(default, rename = "taxiId")]
    _taxi_id: IgnoredAny,
    #[serde(default, rename = "reason")]
    _reason: IgnoredAny,
    #[serde(default, rename = "_links")]
    _links: IgnoredAny,
}

impl StatusBody {
    pub(super) fn means(self) -> Result<Command, Malformed> {
        if words::is_one_of(&self.status, words::CANCELLED) {
            return Ok(Cancel);
        }
        Err(words::unknown_status(&self.status, words::CANCELLED))
    }
}
