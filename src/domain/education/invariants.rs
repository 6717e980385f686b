//! The invariants of the education business: exactly the students who are enrolled, or have
//! completed the course, have paid, and each of them for one application at most.

use super::{
    admission::Admission,
    application::{Application, Hold, Status as A, Tuition},
    enrolment::{Enrolment, Status as E},
    payment::Payment,
    seat::CourseSeat,
    seating::Seating,
};
use crate::domain::kernel::{payment::Stage, prelude::*};

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

/// Whether no saga of the application is in flight.
fn is_settled(state: &impl StateReader, number: u64) -> bool {
    state.is_settled::<Tuition>(number)
        && state.is_settled::<Admission>(number)
        && state.is_settled::<Seating>(number)
}

/// Checks that a registered or completed application is paid. Any other must be unpaid, refunded,
/// or have a refund that was declined.
fn check_application(
    state: &impl StateReader,
    number: u64,
    application: &Application,
) -> Result<(), String> {
    let payment = state.get::<Payment>(number).stage();
    let is_given_back =
        matches!(payment, Stage::Declined | Stage::Refunded | Stage::RefundDeclined);
    let (status, enrolment) = (&application.status, state.get::<Enrolment>(number).status);
    let holds = match (status, enrolment) {
        (A::Registered, E::Registered) | (A::Completed | A::Overtaken, E::Completed) => {
            payment == Stage::Approved
        }
        (A::Rejected { .. }, E::Blank) => matches!(payment, Stage::Blank | Stage::Declined),
        (A::Cancelling | A::Cancelled, E::Blank) => payment == Stage::Blank || is_given_back,
        (A::Cancelling | A::Cancelled, E::Cancelled) => is_given_back,
        _ => false,
    };
    if holds {
        return Ok(());
    }
    Err(format!(
        "education/eduApplications {number} is {status:?}, its payment {payment:?}, its enrolment \
         {enrolment:?}"
    ))
}

/// Checks that an application that has a seat holds it.
fn check_seated(
    state: &impl StateReader,
    number: u64,
    Application { student, seat, .. }: &Application,
) -> Result<(), String> {
    let holder = state.get::<CourseSeat>(CourseSeat::of(student).number()).holder(student);
    if *seat != Hold::Held || holder == Some(Id::new(number)) {
        return Ok(());
    }
    Err(format!("education/eduApplications {number} has a seat that {holder:?} holds"))
}

/// Checks that the applications that hold a seat stand, each for another student or course.
fn check_seat(state: &impl StateReader, seat: &CourseSeat) -> Result<(), String> {
    for (nth, holder) in seat.holders.iter().enumerate() {
        let number = holder.application.number();
        let Application { student, seat: hold, .. } = state.get(number);
        let stands = hold == Hold::Held && student.as_compared() == holder.student;
        if is_settled(state, number) && !stands {
            return Err(format!("education/eduApplications {number} holds a seat without need"));
        }
        if seat.holders[..nth].iter().any(|other| other.student == holder.student) {
            return Err(format!("{:?} holds a seat twice", holder.student));
        }
    }
    Ok(())
}
