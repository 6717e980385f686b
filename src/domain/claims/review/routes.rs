//! The routes of the commands of a review, and the bodies of their requests.

use super::{
    super::dates::timestamp,
    Command::{self, Approve, Decline, Restate},
    Review,
};
use crate::domain::kernel::prelude::*;

/// Fields that are ignored: set by the server, or irrelevant to the command.
const IGNORED: &str = "id examinerId customerId contId price status reviewDt";

const APPROVED: &[&str] = &["Approved Review", "approved", "approve"];
const DECLINED: &[&str] = &["Declined Review", "declined", "decline"];
const ASSIGNED: &[&str] = &["Assigned Examiner", "assigned"];

pub(super) fn all() -> CommandRoutes<Review> {
    CommandRoutes::new()
        .ignoring(IGNORED)
        .on_referenced("restate", ReferBody::means)
        .command("approve", ApproveBody::means)
        .command("decline", DeclineBody::means)
        .on_item("decide by status", [Put, Patch], StatusBody::means)
}

/// `{"contId":80001,"price":450,"reviewDt":1622635799999}`; without a price, the price claimed is
/// approved, and without a date, now.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct ApproveBody {
    claim_id: Option<Number>,
    cont_id: Number,
    price: Option<Money>,
    review_dt: Option<Number>,
}

impl ApproveBody {
    fn means(self) -> Command {
        let Self { claim_id: claim, cont_id, price, review_dt } = self;
        Approve { claim, cont_id, price, review_dt: timestamp(review_dt) }
    }
}

/// `{"reviewDt":1622635799999}`; without a date, now.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct DeclineBody {
    claim_id: Option<Number>,
    review_dt: Option<Number>,
}

impl DeclineBody {
    fn means(self) -> Command {
        Decline { claim: self.claim_id, review_dt: timestamp(self.review_dt) }
    }
}

/// `{"claimId":1,"examinerId":101,"customerId":1,"contId":80001,"price":450,
/// "status":"Approved Review","reviewDt":1622635799999}`, or with `"Declined Review"`.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct StatusBody {
    claim_id: Option<Number>,
    cont_id: Option<Number>,
    price: Option<Money>,
    status: Text,
    review_dt: Option<Number>,
}

impl StatusBody {
    fn means(self) -> Result<Command, Malformed> {
        let Self { claim_id, cont_id, price, status, review_dt } = self;
        if !status.means("status", &[(APPROVED, true), (DECLINED, false)])? {
            return Ok(DeclineBody { claim_id, review_dt }.means());
        }
        let cont_id = cont_id.ok_or_else(|| Malformed::content("missing field `contId`"))?;
        Ok(ApproveBody { claim_id, cont_id, price, review_dt }.means())
    }
}

/// `{"claimId":1,"status":"Assigned Examiner"}`: repeats the assignment.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct ReferBody {
    claim_id: Number,
    status: Option<Text>,
}

impl ReferBody {
    fn means(self) -> Result<(Number, Command), Malformed> {
        match self.status {
            None => Ok((self.claim_id, Restate)),
            Some(status) => Ok((self.claim_id, status.means("status", &[(ASSIGNED, Restate)])?)),
        }
    }
}
