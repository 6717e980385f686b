//! The request bodies of the commands of a reservation.

use super::{
    By,
    Command::{self, Cancel, Confirm},
};
use crate::domain::kernel::{CANCELLED, Id, Malformed, Number, Text};
use crate::domain::taxi::taxi::Taxi;
use serde::Deserialize;

const CONFIRMED: &[&str] = &["confirmed", "confirm"];

/// `{"taxiId":3}`, or `{}` for any taxi.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct TaxiBody {
    taxi_id: Option<Id<Taxi>>,
}

impl TaxiBody {
    #[expect(clippy::unnecessary_wraps, reason = "command routes take a fallible function")]
    pub(super) fn means(self) -> Result<Command, Malformed> {
        Ok(Confirm { taxi: self.taxi_id })
    }
}

/// `{"status":"confirmed"}`, with or without `taxiId`; the whole reservation may come with it.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct StatusBody {
    status: Text,
    taxi_id: Option<Id<Taxi>>,
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
    taxi_id: Option<Id<Taxi>>,
}

impl ReferBody {
    pub(super) fn means(self) -> Result<(Number, Command), Malformed> {
        Ok((self.order_id, by_status(&self.status, self.taxi_id)?))
    }
}

fn by_status(status: &Text, taxi: Option<Id<Taxi>>) -> Result<Command, Malformed> {
    status.means(&[(CONFIRMED, Confirm { taxi }), (CANCELLED, Cancel { by: By::Dispatcher })])
}
