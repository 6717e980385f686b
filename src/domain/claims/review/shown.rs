//! Response body of a review.

use crate::domain::kernel::{Money, Number, Timestamp};
use serde::Serialize;

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Shown {
    pub(super) id: u64,
    pub(super) claim_id: Number,
    pub(super) examiner_id: Number,
    pub(super) customer_id: Number,
    pub(super) cont_id: Option<Number>,
    pub(super) price: Money,
    pub(super) status: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) review_dt: Option<Timestamp>,
}
