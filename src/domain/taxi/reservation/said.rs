//! What clients send to say something to a reservation.

use super::{
    By,
    Command::{self, Cancel, Confirm},
};
use crate::domain::kernel::{Id, Malformed, Number, Text};
use crate::domain::taxi::{taxi::Taxi, words};
use serde::{Deserialize, de::IgnoredAny};

const KNOWN: &[&str] = &["confirmed", "confirm", "cancelled", "canceled", "cancel"];
const CONFIRMED: &[&str] = &["confirmed", "confirm"];

/// `{"taxiId":3}`, or `{}` for any taxi.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct TaxiBody {
    #[serde(default)]
    taxi_id: Option<Id<Taxi>>,
}

impl TaxiBody {
    #[expect(clippy::unnecessary_wraps, reason = "the vocabulary asks for a result")]
    pub(super) fn means(self) -> Result<Command, Malformed> {
        Ok(Confirm { taxi: self.taxi_id })
    }
}

/// `{"status":"confirmed"}`, with or without `taxiId`; the whole reservation may come with it.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct StatusBody {
    status: Text,
    #[serde(default)]
    taxi_id: Option<Id<Taxi>>,
    #[serde(default, rename = "id")]
    _id: IgnoredAny,
    #[serde(default, rename = "orderId")]
    _order_id: IgnoredAny,
    #[serde(default, rename = "_links")]
    _links: IgnoredAny,
}

impl StatusBody {
    pub(super) fn means(self) -> Result<Command, Malformed> {
        by_status(&self.status, self.taxi_id)
    }
}

/// `{"orderId":1,"status":"confirmed"}`: the reservation is the one of that order.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct ReferBody {
    order_id: Number,
    status: Text,
    #[serde(default)]
    taxi_id: Option<Id<Taxi>>,
    #[serde(default, rename = "id")]
    _id: IgnoredAny,
    #[serde(default, rename = "_links")]
    _links: IgnoredAny,
}

impl ReferBody {
    pub(super) fn means(self) -> Result<(Number, Command), Malformed> {
        Ok((self.order_id, by_status(&self.status, self.taxi_id)?))
    }
}

fn by_status(status: &Text, taxi: Option<Id<Taxi>>) -> Result<Command, Malformed> {
    if words::is_one_of(status, CONFIRMED) {
        return Ok(Confirm { taxi });
    }
    if words::is_one_of(status, words::CANCELLED) {
        return Ok(Cancel { by: By::Dispatcher });
    }
    Err(words::unknown_status(status, KNOWN))
}
