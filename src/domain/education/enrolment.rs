//! Enrolment: a student's place in a course. It has the application's number.
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
use crate::domain::kernel::{
    Aggregate, CommandRoutes, Decision, Empty, Issuer, Malformed, Method, Number, RejectionKind,
    Text, Timestamp,
};
use serde::{Deserialize, Serialize};
use thiserror::Error;

use Command::{Cancel, Complete, Enrol, Knock};
use Event::{Cancelled, Completed, Registered};

/// Enrolment of a student in a course.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Enrolment {
    student: Student,
    status: Status,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
enum Status {
    #[default]
    Blank,
    Registered,
    Completed,
    Cancelled,
}

/// Commands of an enrolment.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum Command {
    /// Probes whether enrolments are suspended, before a student is enrolled; changes nothing.
    Knock,
    /// Enrols the student in the course.
    Enrol {
        /// The student and the course.
        student: Student,
    },
    /// The student has completed the course.
    Complete,
    /// Cancels the enrolment.
    Cancel,
}

/// Events of an enrolment.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum Event {
    /// The student is enrolled.
    Registered {
        /// The student and the course.
        student: Student,
    },
    /// The student has completed the course.
    Completed,
    /// The enrolment is cancelled.
    Cancelled,
}

/// Reason why an enrolment rejects a command.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, Error)]
pub enum Rejection {
    /// No student is enrolled under this number.
    #[error("there is no such enrolment")]
    Unknown,
    /// Another student is enrolled under this number.
    #[error("another student is enrolled already")]
    AlreadyEnrolled,
    /// The course is completed.
    #[error("the course has been completed")]
    IsCompleted,
    /// The enrolment is cancelled.
    #[error("the enrolment is cancelled")]
    IsCancelled,
}

impl crate::domain::kernel::Rejection for Rejection {
    fn kind(&self) -> RejectionKind {
        match self {
            Self::Unknown => RejectionKind::Unknown,
            _ => RejectionKind::Conflict,
        }
    }
}

impl Aggregate for Enrolment {
    const NAME: &'static str = "education/educations";
    type Business = Education;
    type Command = Command;
    type Event = Event;
    type Rejection = Rejection;

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
        let Student { user_id, edu_name, edu_id } = self.student.clone();
        let (taking_id, app_id, status) = (number, number, self.status());
        Shown { taking_id, app_id, user_id, edu_name, edu_id, status }
    }

    fn original_status(&self) -> Option<&'static str> {
        (self.status != Status::Blank).then_some(self.status())
    }

    fn available_commands(&self) -> &'static [&'static str] {
        match self.status {
            Status::Registered => &["complete"],
            Status::Blank | Status::Completed | Status::Cancelled => &[],
        }
    }

    fn command_routes() -> CommandRoutes<Self> {
        CommandRoutes::new()
            .ignoring(&["id", "takingId", "appId", "userId", "eduName", "eduId", "status"])
            .command("complete", |Empty {}| Ok(Complete))
            .on_item("complete by status", [Method::Patch], StatusBody::means)
            .on_item("complete by status", [Method::Put], StatusBody::means)
    }
}

impl Enrolment {
    /// Returns the status shown to clients.
    #[must_use]
    pub const fn status(&self) -> &'static str {
        match self.status {
            Status::Blank => "",
            Status::Registered => "EduRegistered",
            Status::Completed => "EduCompleted",
            Status::Cancelled => "EduCancelled",
        }
    }
}

/// `{"status":"EduCompleted"}`, or a whole enrolment with that status.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct StatusBody {
    status: Text,
}

impl StatusBody {
    fn means(self) -> Result<Command, Malformed> {
        self.status.means(&[(&["EduCompleted", "completed", "complete"], Complete)])
    }
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Shown {
    taking_id: u64,
    app_id: u64,
    user_id: Text,
    edu_name: Text,
    edu_id: Number,
    status: &'static str,
}
