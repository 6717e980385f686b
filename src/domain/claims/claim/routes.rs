//! Request bodies of the commands of a claim.

use super::Command::{self, Cancel, Receive};
use crate::domain::kernel::{CANCELLED, Malformed, Money, Number, Text, Timestamp};
use serde::Deserialize;

/// Fields that are ignored: set by the server, or irrelevant to a cancellation by status.
pub(super) const IGNORED: &[&str] =
    &["id", "customerId", "price", "claimDt", "status", "contId", "approvedPrice"];

const RECEIVED: &[&str] = &["Received Claim", "received"];
const CANCELLED_CLAIM: &[&str] = &["Canceled Claim", "Cancelled Claim"];

/// `{"customerId":1,"price":500,"status":"Received Claim","claimDt":1622635791863}`; the last two
/// may be left out.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct ReceiveBody {
    customer_id: Number,
    price: Money,
    status: Option<Text>,
    claim_dt: Option<Number>,
}

impl ReceiveBody {
    pub(super) fn means(self) -> Result<Command, Malformed> {
        let Self { customer_id, price, status, claim_dt } = self;
        let claim_dt = claim_dt.map(|Number(ms)| Timestamp(ms));
        let command = Receive { customer_id, price, claim_dt };
        match status {
            None => Ok(command),
            Some(status) => status.means(&[(RECEIVED, command)]),
        }
    }
}

/// `{"status":"Canceled Claim"}`, or a whole claim with that status.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct StatusBody {
    status: Text,
}

impl StatusBody {
    pub(super) fn means(self) -> Result<Command, Malformed> {
        self.status.means(&[(CANCELLED_CLAIM, Cancel), (CANCELLED, Cancel)])
    }
}
