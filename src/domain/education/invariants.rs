//! Consistency checks of the education business: exactly the students who are enrolled, or have
//! completed the course, have paid, and each of them for one application at most.

use super::{
    admission::Admission,
    application::{Application, Tuition},
    enrolment::Enrolment,
    payment::Payment,
    seat::CourseSeat,
    seating::Seating,
};
use crate::domain::kernel::{StateReader, payment::Stage};

/// Checks all applications and all seats.
///
/// # Errors
/// A description of the first inconsistency.
pub(super) fn check(state: &impl StateReader) -> Result<(), String> {
    state.each::<Application>(|number, application| {
        if !is_settled(state, number) {
            return Ok(());
        }
        check_application(state, number, application)?;
        check_seated(state, number, application)
    })?;
    state.each::<CourseSeat>(|_, seat| check_seat(state, seat))
}

/// Returns whether no saga of the application is running.
fn is_settled(state: &impl StateReader, number: u64) -> bool {
    state.is_settled::<Tuition>(number)
        && state.is_settled::<Admission>(number)
        && state.is_settled::<Seating>(number)
}

/// Checks that an application that has a seat holds it.
fn check_seated(
    state: &impl StateReader,
    number: u64,
    application: &Application,
) -> Result<(), String> {
    let Some(student) = application.seated() else { return Ok(()) };
    let holder = state.get::<CourseSeat>(CourseSeat::of(student).number()).holder(student);
    if holder.is_some_and(|holder| holder.number() == number) {
        return Ok(());
    }
    Err(format!("education/eduApplications {number} has a seat that {holder:?} holds"))
}

/// Checks that the applications that hold a seat stand, each for another student or course.
fn check_seat(state: &impl StateReader, seat: &CourseSeat) -> Result<(), String> {
    for (nth, holder) in seat.holders().iter().enumerate() {
        let number = holder.application.number();
        let application = state.get::<Application>(number);
        let stands = application
            .seated()
            .is_some_and(|student| CourseSeat::of(student) == CourseSeat::of(&holder.student));
        if is_settled(state, number) && !stands {
            return Err(format!("education/eduApplications {number} holds a seat without need"));
        }
        if seat.holders()[..nth].iter().any(|other| other.student == holder.student) {
            return Err(format!("{:?} holds a seat twice", holder.student));
        }
    }
    Ok(())
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
        ("Rejected", "") => matches!(payment, Stage::Blank | Stage::Declined),
        ("EduCancelled", "") => payment == Stage::Blank || is_given_back,
        ("EduCancelled", "EduCancelled") => is_given_back,
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
