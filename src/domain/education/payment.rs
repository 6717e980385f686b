//! Payment of a student for a course. It has the application's number.

use super::{COURSE_MANAGER, Education, student::Student};
use crate::domain::kernel::{
    CommandRoutes, Money, Number, Text,
    payment::{self, Bill, Charging, Receipt, Stage},
};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

/// Payment of a student for a course.
pub type Payment = payment::Payment<Fee>;

/// Events of the payment.
pub type Event = payment::Event<Fee>;

/// Port to the external service that charges for courses.
pub type CardPayment = Charging<Fee>;

/// Bill of a course: the student who pays, and the course.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Fee {
    /// The student, and the course.
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
        let Student { user_id, edu_name, edu_id } = self.student.clone();
        let (pay_id, app_id, status) = (number, number, word(stage));
        Shown { pay_id, app_id, user_id, edu_name, edu_id, amount, status, reason }
    }

    fn original_status(stage: Stage) -> Option<&'static str> {
        matches!(stage, Stage::Approved | Stage::Refunded).then_some(word(stage))
    }

    fn command_routes() -> CommandRoutes<Payment> {
        CommandRoutes::new()
    }
}

/// Returns the status of a payment, in the words of this business.
pub(super) const fn word(stage: Stage) -> &'static str {
    match stage {
        Stage::Approved => "Paid",
        Stage::Refunded => "PayCancelled",
        other => other.word(),
    }
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Shown {
    pay_id: u64,
    app_id: u64,
    user_id: Text,
    edu_name: Text,
    edu_id: Number,
    amount: Money,
    status: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<String>,
}
