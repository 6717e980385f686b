//! Response body of a reward.

use crate::domain::kernel::{Money, Text};
use serde::Serialize;

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Shown {
    pub(super) id: u64,
    pub(super) order_id: u64,
    /// The customer; null when the order names none.
    pub(super) customer_id: Option<Text>,
    /// Number of points granted or requested.
    pub(super) point: Money,
    pub(super) process: &'static str,
}
