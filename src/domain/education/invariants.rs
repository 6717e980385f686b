//! Consistency checks of the education business: exactly the students who are enrolled, or have
//! completed the course, have paid.

use super::{
    admission::Admission,
    application::{Application, Tuition},
    enrolment::Enrolment,
    payment::Payment,
};
use crate::domain::kernel::{StateReader, payment::Stage};

/// Checks all applications.
///
/// # Errors
/// A description of the first inconsistency.
pub(super) fn check(state: &impl StateReader) -> Result<(), String> {
    state.each::<Application>(|number, application| {
        let is_settled =
            state.is_settled::<Tuition>(number) && state.is_settled::<Admission>(number);
        if is_settled { check_application(state, number, application) } else { Ok(()) }
    })
}

/// Checks that a registered or completed application is paid. Any other must be unpaid, refunded,
/// or have a refund that was declined.
fn check_application(
    state: &impl StateReader,
    number: u64,
    application: &Application,
) -> Result<(), String> {
    let payment = state.get::<Payment>(number).stage();
    let enrolment = state.get::<Enrolment>(number);
    let is_kept = payment == Stage::Approved;
    let is_given_back =
        matches!(payment, Stage::Declined | Stage::Refunded | Stage::RefundDeclined);
    let holds = match (application.status(), enrolment.status()) {
        ("EduRegistered", "EduRegistered") | ("EduCompleted", "EduCompleted") => is_kept,
        ("Rejected", "") => payment == Stage::Declined,
        ("EduCancelled", "" | "EduCancelled") => is_given_back,
        _ => false,
    };
    if holds {
        return Ok(());
    }
    let (status, taken) = (application.status(), enrolment.status());
    Err(format!(
        "education/eduApplications {number} is {status}, its payment {payment:?}, enrolment `{taken}`"
    ))
}
