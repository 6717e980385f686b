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
    state
        .each::<Application>(|number, application| check_application(state, number, application))?;
    state.each::<CourseSeat>(|_, seat| check_seat(state, seat))
}

/// Whether no saga of the application is in flight.
fn is_settled(state: &impl StateReader, number: u64) -> bool {
    state.is_settled::<Tuition>(number)
        && state.is_settled::<Admission>(number)
        && state.is_settled::<Seating>(number)
}

/// Checks that a registered or completed application is paid. Any other must be unpaid, refunded,
/// or have a refund that was declined. An application that has a seat must hold it.
fn check_application(
    state: &impl StateReader,
    number: u64,
    Application { student, status, seat, .. }: &Application,
) -> Result<(), String> {
    let payment = state.get::<Payment>(number).stage();
    let enrolment = state.get::<Enrolment>(number).status;
    let is_given_back =
        matches!(payment, Stage::Declined | Stage::Refunded | Stage::RefundDeclined);
    let is_paid_for = match (status, enrolment) {
        (A::Registered, E::Registered) | (A::Completed | A::Overtaken, E::Completed) => {
            payment == Stage::Approved
        }
        (A::Rejected { .. }, E::Blank) => matches!(payment, Stage::Blank | Stage::Declined),
        (A::Cancelling | A::Cancelled, E::Blank) => payment == Stage::Blank || is_given_back,
        (A::Cancelling | A::Cancelled, E::Cancelled) => is_given_back,
        _ => false,
    };
    let holder = state.get::<CourseSeat>(CourseSeat::of(student).number()).holder(student);
    let is_seated = *seat != Hold::Held || holder == Some(Id::new(number));
    ensure(!is_settled(state, number) || (is_paid_for && is_seated), || {
        format!(
            "education/eduApplications {number} is {status:?}, its payment {payment:?}, its \
             enrolment {enrolment:?}, its seat {seat:?}, the holder {holder:?}"
        )
    })
}

/// Checks that the applications that hold a seat stand, each for another student or course.
fn check_seat(state: &impl StateReader, seat: &CourseSeat) -> Result<(), String> {
    for (nth, holder) in seat.holders.iter().enumerate() {
        let number = holder.application.number();
        let application = state.get::<Application>(number);
        let Application { student, seat: hold, .. } = &*application;
        let stands = *hold == Hold::Held && student.as_compared() == holder.student;
        ensure(stands || !is_settled(state, number), || {
            format!("education/eduApplications {number} holds a seat without need")
        })?;
        let is_first = seat.holders[..nth].iter().all(|other| other.student != holder.student);
        ensure(is_first, || format!("{:?} holds a seat twice", holder.student))?;
    }
    Ok(())
}
