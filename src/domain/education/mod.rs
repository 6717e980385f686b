//! Education business: a student applies for a course, pays, is enrolled, and completes it.

pub mod admission;
pub mod application;
pub mod enrolment;
mod invariants;
pub mod my_page;
pub mod payment;
pub mod seat;
pub mod seating;
pub mod settings;
pub mod student;

use super::kernel::{Business, Host, StateReader};
use admission::Admission;
use application::{Application, Tuition};
use enrolment::Enrolment;
use my_page::MyPage;
use payment::{CardPayment, Payment};
use seat::CourseSeat;
use seating::Seating;
use settings::Settings;

/// The business of enrolling in courses.
#[derive(Clone, Copy, Debug)]
pub struct Education;

impl Business for Education {
    const NAME: &'static str = "education";
    type Settings = Settings;

    const UNRECORDED_SHAPES: Option<&'static str> = Some(include_str!("unrecorded_shapes.json"));

    fn install(host: &mut impl Host) {
        host.aggregate::<Application>()
            .aggregate::<Payment>()
            .aggregate::<Enrolment>()
            .aggregate::<CourseSeat>()
            .saga::<Seating>()
            .saga::<Tuition>()
            .saga::<Admission>()
            .port::<CardPayment>()
            .view::<MyPage>();
    }

    fn check_invariants(state: &impl StateReader) -> Result<(), String> {
        invariants::check(state)
    }
}

/// Role of the staff who mark courses as completed and settle refunds by hand.
pub const COURSE_MANAGER: &str = "course-manager";
