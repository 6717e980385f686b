//! Request bodies of the commands of a payment.

use super::Command::{self, Complete};
use crate::domain::kernel::{Malformed, Number, Text};
use serde::Deserialize;

/// Fields that are ignored, because the server sets them.
pub(super) const IGNORED: &[&str] = &["id", "customerId", "contId", "price", "status", "paymentDt"];

const COMPLETED: &[&str] = &["Completed Payment", "completed", "complete"];

/// `{}`
#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct CompleteBody {
    claim_id: Option<Number>,
}

impl CompleteBody {
    #[expect(clippy::unnecessary_wraps, reason = "command routes take a fallible function")]
    pub(super) fn means(self) -> Result<Command, Malformed> {
        Ok(Complete { claim: self.claim_id })
    }
}

/// `{"status":"Completed Payment","paymentDt":1622639541714}`; the whole payment may come with it.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct StatusBody {
    claim_id: Option<Number>,
    status: Text,
}

impl StatusBody {
    pub(super) fn means(self) -> Result<Command, Malformed> {
        self.status.means(&[(COMPLETED, Complete { claim: self.claim_id })])
    }
}
