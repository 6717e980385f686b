//! The payment of a student for a course. It has the application's number.

use super::{COURSE_MANAGER, Education, student::Student};
use crate::domain::kernel::{
    payment::{self, Bill, Charging, Receipt, Stage},
    prelude::*,
};

pub type Payment = payment::Payment<Fee>;
/// The outside service that charges for courses.
pub type CardPayment = Charging<Fee>;

/// The bill of a course: the student who pays, and the course.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Fee {
    pub student: Student,
}

impl Bill for Fee {
    type Business = Education;
    const NAME: &'static str = "education/payments";
    const PORT: &'static str = "education/payment";
    const CASHIER: &'static str = COURSE_MANAGER;

    fn details(&self) -> Value {
        let Student { user_id, edu_name, edu_id } = &self.student;
        json!({ "userId": user_id, "eduName": edu_name, "eduId": edu_id })
    }

    fn show(&self, receipt: Receipt) -> impl Serialize {
        let Receipt { number, amount, stage, reason } = receipt;
        let Student { user_id, edu_name, edu_id } = &self.student;
        object! {
            "payId": number, "appId": number, "userId": user_id, "eduName": edu_name,
            "eduId": edu_id, "amount": amount, "status": word(stage), "reason"?: reason,
        }
    }

    fn original_status(stage: Stage) -> Option<&'static str> {
        matches!(stage, Stage::Approved | Stage::Refunded).then_some(word(stage))
    }
}

/// The name of the stage of a payment in this business.
pub(super) const fn word(stage: Stage) -> &'static str {
    match stage {
        Stage::Approved => "Paid",
        Stage::Refunded => "PayCancelled",
        other => other.word(),
    }
}
