//! Request bodies of the commands of a review.

use super::Command::{self, Approve, Decline, Restate};
use crate::domain::kernel::{Malformed, Money, Number, Text, Timestamp};
use serde::Deserialize;

/// Fields that are ignored: set by the server, or irrelevant to the command.
pub(super) const IGNORED: &[&str] =
    &["id", "examinerId", "customerId", "contId", "price", "status", "reviewDt"];

const APPROVED: &[&str] = &["Approved Review", "approved", "approve"];
const DECLINED: &[&str] = &["Declined Review", "declined", "decline"];
const ASSIGNED: &[&str] = &["Assigned Examiner", "assigned"];

/// `{"contId":80001,"price":450,"reviewDt":1622635799999}`; without a price, the price claimed is
/// approved, and without a date, now.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct ApproveBody {
    claim_id: Option<Number>,
    cont_id: Number,
    price: Option<Money>,
    review_dt: Option<Number>,
}

impl ApproveBody {
    #[expect(clippy::unnecessary_wraps, reason = "command routes take a fallible function")]
    pub(super) fn means(self) -> Result<Command, Malformed> {
        let Self { claim_id, cont_id, price, review_dt } = self;
        Ok(Approve { claim: claim_id, cont_id, price, review_dt: timestamp(review_dt) })
    }
}

/// `{"reviewDt":1622635799999}`; without a date, now.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct DeclineBody {
    claim_id: Option<Number>,
    review_dt: Option<Number>,
}

impl DeclineBody {
    #[expect(clippy::unnecessary_wraps, reason = "command routes take a fallible function")]
    pub(super) fn means(self) -> Result<Command, Malformed> {
        Ok(Decline { claim: self.claim_id, review_dt: timestamp(self.review_dt) })
    }
}

/// `{"claimId":1,"examinerId":101,"customerId":1,"contId":80001,"price":450,
/// "status":"Approved Review","reviewDt":1622635799999}`, or with `"Declined Review"`.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct StatusBody {
    claim_id: Option<Number>,
    cont_id: Option<Number>,
    price: Option<Money>,
    status: Text,
    review_dt: Option<Number>,
}

impl StatusBody {
    pub(super) fn means(self) -> Result<Command, Malformed> {
        let Self { claim_id: claim, cont_id, price, status, review_dt } = self;
        let review_dt = timestamp(review_dt);
        if !status.means(&[(APPROVED, true), (DECLINED, false)])? {
            return Ok(Decline { claim, review_dt });
        }
        let cont_id = cont_id.ok_or_else(|| Malformed::content("missing field `contId`"))?;
        Ok(Approve { claim, cont_id, price, review_dt })
    }
}

fn timestamp(date: Option<Number>) -> Option<Timestamp> {
    date.map(|Number(ms)| Timestamp(ms))
}

/// `{"claimId":1,"status":"Assigned Examiner"}`: repeats the assignment; changes nothing.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct ReferBody {
    claim_id: Number,
    status: Option<Text>,
}

impl ReferBody {
    pub(super) fn means(self) -> Result<(Number, Command), Malformed> {
        match self.status {
            None => Ok((self.claim_id, Restate)),
            Some(status) => Ok((self.claim_id, status.means(&[(ASSIGNED, Restate)])?)),
        }
    }
}
