//! The enrolment: a student's place in a course. It has the application's number.
//!
//! ```text
//!         enrolled             completed
//! Blank ──────────▶ Registered ─────────▶ Completed
//!                       │ cancelled
//!                       ▼
//!                   Cancelled
//! ```
//! Of `Complete` and `Cancel`, the command that arrives first holds, and the other is rejected.

#[cfg(test)]
mod specs;

use super::{COURSE_MANAGER, Education, settings::Settings, student::Student};
use crate::domain::kernel::prelude::*;

use Command::*;
use Event::*;

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Enrolment {
    student: Student,
    pub(super) status: Status,
}

statuses! {
    #[derive(Copy, Eq)]
    pub enum Status {
        Blank;
        Registered: "EduRegistered", "EduRegistered" => "complete";
        Completed: "EduCompleted", "EduCompleted";
        Cancelled: "EduCancelled", "EduCancelled";
    }
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum Command {
    // Probes whether enrolments are suspended, before a student is enrolled; changes nothing.
    Knock,
    Enrol { student: Student },
    Complete,
    Cancel,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum Event {
    Registered { student: Student },
    Completed,
    Cancelled,
}

rejections! {
    pub enum Rejection {
        Unknown: unknown "there is no such enrolment";
        AlreadyEnrolled: "another student is enrolled already";
        IsCompleted: "the course has been completed";
        IsCancelled: "the enrolment is cancelled";
    }
}

impl Aggregate for Enrolment {
    const NAME: &'static str = "education/educations";
    aggregate_types!(Education, status);

    fn issuer(command: &Command) -> Issuer {
        match command {
            Complete => Issuer::Staff(&[COURSE_MANAGER]),
            Knock | Enrol { .. } | Cancel => Issuer::Internal,
        }
    }

    fn decide(&self, command: Command, _now: Timestamp, _settings: &Settings) -> Decision<Self> {
        use Status as S;
        match (self.status, command) {
            (S::Blank, Enrol { student }) => Ok(vec![Registered { student }]),
            (S::Registered, Complete) => Ok(vec![Completed]),
            (S::Registered, Cancel) => Ok(vec![Cancelled]),

            (_, Knock) | (S::Completed, Complete) | (S::Cancelled, Cancel) => Ok(vec![]),
            (S::Registered, Enrol { student }) if student == self.student => Ok(vec![]),
            (S::Registered, Enrol { .. }) => Err(Rejection::AlreadyEnrolled),
            (S::Blank, Complete | Cancel) => Err(Rejection::Unknown),
            (S::Completed, Enrol { .. } | Cancel) => Err(Rejection::IsCompleted),
            (S::Cancelled, Enrol { .. } | Complete) => Err(Rejection::IsCancelled),
        }
    }

    fn evolve(self, event: Event) -> Self {
        match event {
            Registered { student } => Self { student, status: Status::Registered },
            Completed => Self { status: Status::Completed, ..self },
            Cancelled => Self { status: Status::Cancelled, ..self },
        }
    }

    fn represent(&self, number: u64) -> impl Serialize {
        let Student { user_id, edu_name, edu_id } = &self.student;
        object! {
            "takingId": number, "appId": number, "userId": user_id, "eduName": edu_name,
            "eduId": edu_id, "status": self.status.word(),
        }
    }

    fn command_routes() -> CommandRoutes<Self> {
        let completed: [(&[&str], _); 1] = [(&["EduCompleted", "completed", "complete"], Complete)];
        CommandRoutes::new()
            .ignoring("id takingId appId userId eduName eduId status")
            .command("complete", |Empty {}| Complete)
            .on_word("complete by status", [Patch, Put], "status", completed)
    }
}
