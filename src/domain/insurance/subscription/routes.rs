//! Request bodies of the commands of a subscription.

use super::Command::{self, Apply, Cancel};
use crate::domain::kernel::{CANCELLED, Malformed, Text};
use serde::Deserialize;

/// Fields that are ignored: set by the server, or irrelevant to a cancellation by status.
pub(super) const IGNORED: &[&str] =
    &["subscriptionId", "productName", "premium", "customer", "subscriptionStatus", "reason"];

/// Statuses with which clients of the original request a cancellation.
const REQUESTED_BACK: &[&str] = &["reqCancel"];

/// `{"subscriptionStatus":"created","productName":"Fisrtcancer"}`; the status is ignored.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct ApplyBody {
    product_name: Text,
    customer: Option<Text>,
}

impl ApplyBody {
    #[expect(clippy::unnecessary_wraps, reason = "command routes take a fallible function")]
    pub(super) fn means(self) -> Result<Command, Malformed> {
        let product_name = self.product_name.trimmed();
        Ok(Apply { product_name, customer: self.customer.unwrap_or_default() })
    }
}

/// `{"subscriptionStatus":"reqCancel"}`, or a whole subscription with that status.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct StatusBody {
    subscription_status: Text,
}

impl StatusBody {
    pub(super) fn means(self) -> Result<Command, Malformed> {
        self.subscription_status.means(&[(REQUESTED_BACK, Cancel), (CANCELLED, Cancel)])
    }
}
