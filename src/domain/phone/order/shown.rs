//! What clients are shown of an order.

use crate::domain::kernel::{Money, Quantity, Text};
use serde::Serialize;

#[derive(Serialize)]
pub(super) struct Shown {
    pub(super) id: u64,
    pub(super) item: Text,
    pub(super) qty: Quantity,
    /// What one costs, in won.
    pub(super) price: Money,
    /// What all of them cost, in won.
    pub(super) amount: Money,
    pub(super) status: &'static str,
    pub(super) store: Text,
    pub(super) address: Text,
    /// Null until there are points.
    pub(super) point: Option<Money>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) reason: Option<String>,
}
