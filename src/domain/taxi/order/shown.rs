//! The representation of an order for clients.

use super::Grade;
use crate::domain::kernel::{CardNumber, Id, Money, Text};
use crate::domain::taxi::taxi::Taxi;
use serde::Serialize;

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Shown {
    pub(super) id: u64,
    pub(super) order_type: Grade,
    pub(super) name: Text,
    pub(super) phone: Text,
    pub(super) card_no: CardNumber,
    pub(super) fare: Money,
    pub(super) status: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) taxi_id: Option<Id<Taxi>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) reason: Option<String>,
}
