//! Response body of a subscription.

use crate::domain::kernel::{Money, Text};
use serde::Serialize;

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Shown {
    pub(super) subscription_id: u64,
    pub(super) product_name: Text,
    pub(super) premium: Option<Money>,
    pub(super) customer: Text,
    pub(super) subscription_status: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) reason: Option<String>,
}
