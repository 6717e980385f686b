//! Request bodies of the commands of a payment.

use super::Command::{self, Complete};
use crate::domain::kernel::{Malformed, Number, Text, Timestamp};
use serde::Deserialize;

/// Fields that are ignored, because the server sets them.
pub(super) const IGNORED: &[&str] = &["id", "customerId", "contId", "price", "status", "paymentDt"];

const COMPLETED: &[&str] = &["Completed Payment", "completed", "complete"];

/// `{"paymentDt":1622639541714}`; without a date, now.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct CompleteBody {
    claim_id: Option<Number>,
    payment_dt: Option<Number>,
}

impl CompleteBody {
    #[expect(clippy::unnecessary_wraps, reason = "command routes take a fallible function")]
    pub(super) fn means(self) -> Result<Command, Malformed> {
        Ok(complete(self.claim_id, self.payment_dt))
    }
}

/// `{"status":"Completed Payment","paymentDt":1622639541714}`; the whole payment may come with it.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct StatusBody {
    claim_id: Option<Number>,
    status: Text,
    payment_dt: Option<Number>,
}

impl StatusBody {
    pub(super) fn means(self) -> Result<Command, Malformed> {
        self.status.means(&[(COMPLETED, complete(self.claim_id, self.payment_dt))])
    }
}

fn complete(claim: Option<Number>, payment_dt: Option<Number>) -> Command {
    Complete { claim, payment_dt: payment_dt.map(|Number(ms)| Timestamp(ms)) }
}
