//! Response body of an order.

use crate::domain::kernel::{Money, Quantity, Text};
use serde::Serialize;

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Shown {
    pub(super) id: u64,
    /// The customer; null when the client named none.
    pub(super) customer_id: Option<Text>,
    pub(super) item: Text,
    pub(super) qty: Quantity,
    /// Price of one, in won.
    pub(super) price: Money,
    /// Price of all of them, in won.
    pub(super) amount: Money,
    pub(super) status: &'static str,
    pub(super) store: Text,
    pub(super) address: Text,
    /// The points; null until they are known.
    pub(super) point: Option<Money>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) reason: Option<String>,
}
