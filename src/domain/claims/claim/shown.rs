//! Response body of a claim.

use crate::domain::kernel::{Money, Number, Timestamp};
use serde::Serialize;

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Shown {
    pub(super) id: u64,
    pub(super) customer_id: Number,
    pub(super) price: Money,
    pub(super) claim_dt: Timestamp,
    pub(super) status: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) cont_id: Option<Number>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) approved_price: Option<Money>,
}
