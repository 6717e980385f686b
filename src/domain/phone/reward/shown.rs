//! What clients are shown of a reward.

use crate::domain::kernel::Money;
use serde::Serialize;

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Shown {
    pub(super) id: u64,
    pub(super) order_id: u64,
    /// How many points it is worth, or is to be.
    pub(super) point: Money,
    pub(super) process: &'static str,
}
