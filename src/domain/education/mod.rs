//! The education business: a student applies for a course, pays, is enrolled, and completes it.

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

use super::kernel::{self, prelude::*};

#[derive(Clone, Copy, Debug)]
pub struct Education;

impl Business for Education {
    const NAME: &'static str = "education";
    const STAFF: &'static [&'static str] = &[COURSE_MANAGER];
    type Settings = settings::Settings;
    const MEANINGS: Meanings = settings::Settings::MEANINGS;
    const EXAMPLES: &'static [(&'static str, &'static str)] =
        &[("eduApplications", r#"{"userId":"jung","eduName":"MSA","eduId":1}"#)];

    const UNRECORDED_SHAPES: Option<&'static str> = Some(include_str!("unrecorded_shapes.json"));

    fn install(host: &mut impl Host) {
        kernel::payment::install::<application::Application>(host);
        host.aggregate::<enrolment::Enrolment>()
            .aggregate::<seat::CourseSeat>()
            .saga::<seating::Seating>()
            .saga::<admission::Admission>()
            .view::<my_page::MyPage>();
    }

    fn check_invariants(state: &impl StateReader) -> Result<(), String> {
        invariants::check(state)
    }
}

/// The role of the staff who mark courses as completed and settle refunds by hand.
pub const COURSE_MANAGER: &str = "course-manager";
