//! Response body of an application.

use crate::domain::kernel::{Money, Number, Text};
use serde::Serialize;

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Shown {
    pub(super) app_id: u64,
    pub(super) user_id: Text,
    pub(super) edu_name: Text,
    pub(super) edu_id: Number,
    pub(super) price: Money,
    pub(super) status: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) reason: Option<String>,
}
