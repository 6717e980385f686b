//! Request bodies of the commands of an application.

use super::Command::{self, Apply, Cancel};
use crate::domain::education::student::Student;
use crate::domain::kernel::{CANCELLED, Malformed, Number, Text};
use serde::Deserialize;

/// Fields that are ignored: set by the server, or irrelevant to a cancellation by status.
pub(super) const IGNORED: &[&str] =
    &["id", "appId", "userId", "eduName", "eduId", "price", "status", "reason"];

/// Statuses with which clients of the original request a cancellation.
const EDU_CANCELLED: &[&str] =
    &["EduAppCancelled", "EduCancelled", "EduAppCanceled", "EduCanceled"];

/// `{"userId":"eunmi","eduName":"MSA","eduId":1}`
#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct ApplyBody {
    user_id: Text,
    edu_name: Text,
    edu_id: Number,
}

impl ApplyBody {
    #[expect(clippy::unnecessary_wraps, reason = "command routes take a fallible function")]
    pub(super) fn means(self) -> Result<Command, Malformed> {
        let Self { user_id, edu_name, edu_id } = self;
        Ok(Apply { student: Student { user_id, edu_name, edu_id } })
    }
}

/// `{"status":"EduAppCancelled"}`, or a whole application with that status.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct StatusBody {
    status: Text,
}

impl StatusBody {
    pub(super) fn means(self) -> Result<Command, Malformed> {
        self.status.means(&[(EDU_CANCELLED, Cancel), (CANCELLED, Cancel)])
    }
}
