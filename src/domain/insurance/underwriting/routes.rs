//! Request bodies of the commands of an underwriting.

use super::{
    Command::{self, Decide},
    Verdict,
};
use crate::domain::insurance::subscription::Subscription;
use crate::domain::kernel::{Id, Malformed, Text};
use serde::Deserialize;

/// Fields that are ignored, because the server sets them.
pub(super) const IGNORED: &[&str] = &["underwritingId", "subscriptionId", "underwriterId"];

const APPROVED: &[&str] = &["approveSubscription", "approve", "approved"];
const REFUSED: &[&str] = &["refuseSubscription", "refuse", "refused"];

/// Returns the command for a verdict that names no subscription.
pub(super) const fn decided(verdict: Verdict) -> Command {
    Decide { verdict, about: None }
}

/// `{"underwritingStatus":"approveSubscription","subscriptionId":1}`; a subscription that is named
/// must be the right one.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct StatusBody {
    underwriting_status: Text,
    subscription_id: Option<Id<Subscription>>,
}

impl StatusBody {
    pub(super) fn means(self) -> Result<Command, Malformed> {
        let meanings = [(APPROVED, Verdict::Approve), (REFUSED, Verdict::Refuse)];
        let verdict = self.underwriting_status.means(&meanings)?;
        Ok(Decide { verdict, about: self.subscription_id })
    }
}
