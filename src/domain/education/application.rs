//! A student's application for a course, up to its completion or its end.
//!
//! ```text
//!           paid          admitted           enrolled            completed
//! Requested ────▶ Applied ────────▶ Admitted ────────▶ Registered ───────▶ Completed
//!   │   │           │                  │ cancel            │ cancel           ▲
//!   │   │ cancel    │ cancel           ▼                   ▼     completed    │
//!   │   └─────┬─────┘               Withdrawing ─ the enrolment is asked ─────┘
//!   │ unpaid  ▼                        │ withdrawn
//!   ▼     Cancelling ◀─────────────────┘
//! Rejected    │ money back
//!             ▼
//!         Cancelled
//! ```
//! Until its admission the application decides a cancellation. Later the enrolment decides it,
//! because the course may be completed: then the cancellation is refused.

mod routes;
mod shown;
#[cfg(test)]
mod specs;

use super::{Education, payment::Fee, settings::Settings, student::Student};
use crate::domain::kernel::{
    Aggregate, CommandRoutes, Decision, Empty, FailureKind, Issuer, Method, Money, Progress,
    RejectionKind, Timestamp,
    payment::{Bill, Billing, Payable, Turn},
};
use routes::{ApplyBody, StatusBody};
use serde::{Deserialize, Serialize};
use shown::Shown;
use thiserror::Error;

use Command::{Admit, Apply, Cancel, Close, Complete, Pay, Register, Reject, Withdraw};
use Event::{
    Admitted, Applied, CancelRequested, Cancelled, Completed, Registered, Rejected, Requested,
    Undone,
};

/// Billing saga of an application.
pub type Tuition = Billing<Application>;

/// An application for a course.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Application {
    student: Student,
    price: Money,
    status: Status,
}

/// Status of an application.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
enum Status {
    #[default]
    Blank,
    Progress(Stage),
    Withdrawing(Stage),
    /// The course is completed, possibly while a cancellation was pending.
    Completed(Ending),
    Cancelling,
    Cancelled,
    Rejected {
        how: FailureKind,
        reason: String,
    },
}

/// Stage of an application that stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Stage {
    /// The payment has not answered yet.
    Requested,
    /// The application is paid.
    Applied,
    /// The application is paid, and the student is about to be enrolled.
    Admitted,
    /// The student is enrolled.
    Registered,
}

/// Whether a cancellation was pending when the course was completed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Ending {
    /// No cancellation was pending.
    Wanted,
    /// A cancellation was pending, and came too late.
    Overtaken,
}

/// Commands of an application.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum Command {
    /// A student applies for a course.
    Apply {
        /// The student and the course.
        student: Student,
    },
    /// The student cancels the application.
    Cancel,
    /// The payment was approved.
    Pay,
    /// The payment failed.
    Reject {
        /// Kind of the failure, which selects the HTTP status.
        how: FailureKind,
        /// The reason, as a sentence.
        reason: String,
    },
    /// The student is about to be enrolled.
    Admit,
    /// The student is enrolled.
    Register,
    /// The student has completed the course.
    Complete,
    /// The enrolment is cancelled.
    Withdraw,
    /// What was paid, if anything, has been refunded.
    Close,
}

/// Events of an application.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum Event {
    /// A student applied.
    Requested {
        /// The student and the course.
        student: Student,
        /// The price, in won.
        price: Money,
    },
    /// The application was paid.
    Applied,
    /// The student is about to be enrolled.
    Admitted {
        /// The student and the course.
        student: Student,
    },
    /// The student is enrolled.
    Registered,
    /// The student has completed the course.
    Completed,
    /// The student wants to cancel, and the enrolment has to decide.
    CancelRequested,
    /// The application is cancelled; what was paid is to be refunded.
    Cancelled,
    /// The application failed before it was paid.
    Rejected {
        /// Kind of the failure, which selects the HTTP status.
        how: FailureKind,
        /// The reason, as a sentence.
        reason: String,
    },
    /// What was paid for the cancelled application, if anything, has been refunded.
    Undone,
}

/// Reason why an application rejects a command.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, Error)]
pub enum Rejection {
    /// No application was ever made under this number.
    #[error("there is no such application")]
    Unknown,
    /// An application was already made under this number.
    #[error("the course has been applied for already")]
    AlreadyApplied,
    /// A name is empty or too long.
    #[error("the student and the course must have names of 1 to 100 characters")]
    BadName,
    /// The command requires a paid application.
    #[error("the application has not been paid")]
    NotPaid,
    /// The application is paid, so it cannot be rejected.
    #[error("the application has been paid")]
    IsPaid,
    /// The student is not admitted.
    #[error("the student is not being enrolled")]
    NotAdmitted,
    /// No cancellation is under way.
    #[error("the application is not being cancelled")]
    NotCancelling,
    /// A cancellation is waiting for the enrolment's answer.
    #[error("the application is being cancelled")]
    IsWithdrawing,
    /// The course is completed.
    #[error("the course has been completed")]
    IsCompleted,
    /// The application is cancelled.
    #[error("the application is cancelled")]
    IsCancelled,
    /// The application was rejected before it was paid.
    #[error("the application was rejected")]
    WasRejected,
}

impl crate::domain::kernel::Rejection for Rejection {
    fn kind(&self) -> RejectionKind {
        match self {
            Self::Unknown => RejectionKind::Unknown,
            Self::BadName => RejectionKind::Invalid,
            _ => RejectionKind::Conflict,
        }
    }
}

impl Payable for Application {
    type Bill = Fee;
    const BILLING: &'static str = "education/tuition";

    fn turn(event: &Event) -> Option<Turn<Fee>> {
        match event {
            Requested { student, price } => {
                Some(Turn::Placed { bill: Fee { student: student.clone() }, amount: *price })
            }
            Applied => Some(Turn::Accepted),
            Cancelled => Some(Turn::CalledOff),
            Rejected { .. } | Undone => Some(Turn::Over),
            Admitted { .. } | Registered | Completed | CancelRequested => None,
        }
    }

    fn accept() -> Command {
        Pay
    }

    fn reject(how: FailureKind, reason: String) -> Command {
        Reject { how, reason }
    }

    fn close() -> Command {
        Close
    }
}

impl Aggregate for Application {
    const NAME: &'static str = "education/eduApplications";
    type Business = Education;
    type Command = Command;
    type Event = Event;
    type Rejection = Rejection;

    fn issuer(command: &Command) -> Issuer {
        match command {
            Apply { .. } => Issuer::Anyone,
            Cancel => Issuer::Customer,
            Pay | Reject { .. } | Admit | Register | Complete | Withdraw | Close => {
                Issuer::Internal
            }
        }
    }

    fn decide(&self, command: Command, _now: Timestamp, settings: &Settings) -> Decision<Self> {
        use Stage as At;
        use Status as S;
        match (&self.status, command) {
            (S::Blank, Apply { student }) => {
                if !student.is_named() {
                    return Err(Rejection::BadName);
                }
                let price = settings.price(&student.edu_name);
                Ok(vec![Requested { student, price }])
            }
            (S::Progress(At::Requested), Pay) => Ok(vec![Applied]),
            (S::Progress(At::Requested), Reject { how, reason }) => {
                Ok(vec![Rejected { how, reason }])
            }
            (S::Progress(At::Applied), Admit) => {
                Ok(vec![Admitted { student: self.student.clone() }])
            }
            (S::Progress(At::Admitted), Register) => Ok(vec![Registered]),
            (S::Progress(At::Registered) | S::Withdrawing(_), Complete) => Ok(vec![Completed]),
            (S::Progress(At::Requested | At::Applied), Cancel) | (S::Withdrawing(_), Withdraw) => {
                Ok(vec![Cancelled])
            }
            (S::Progress(At::Admitted | At::Registered), Cancel) => Ok(vec![CancelRequested]),
            (S::Cancelling, Close) => Ok(vec![Undone]),
            (state, command) => state.already(&command),
        }
    }

    fn waits_for_port(command: &Command) -> Option<&'static str> {
        matches!(command, Apply { .. }).then_some(Fee::PORT)
    }

    fn evolve(self, event: Event) -> Self {
        let status = match (event, self.status) {
            (Requested { student, price }, _) => {
                return Self { student, price, status: Status::Progress(Stage::Requested) };
            }
            (Applied, _) => Status::Progress(Stage::Applied),
            (Admitted { .. }, _) => Status::Progress(Stage::Admitted),
            (Registered, _) => Status::Progress(Stage::Registered),
            (CancelRequested, Status::Progress(stage)) => Status::Withdrawing(stage),
            (CancelRequested, status) => status,
            (Completed, Status::Withdrawing(_)) => Status::Completed(Ending::Overtaken),
            (Completed, _) => Status::Completed(Ending::Wanted),
            (Cancelled, _) => Status::Cancelling,
            (Rejected { how, reason }, _) => Status::Rejected { how, reason },
            (Undone, _) => Status::Cancelled,
        };
        Self { status, ..self }
    }

    fn progress(&self) -> Progress {
        match &self.status {
            Status::Progress(Stage::Requested) | Status::Withdrawing(_) | Status::Cancelling => {
                Progress::Pending
            }
            Status::Rejected { how, reason } => {
                Progress::Failed { how: *how, reason: reason.clone() }
            }
            Status::Completed(Ending::Overtaken) => {
                let reason = Rejection::IsCompleted.to_string();
                Progress::Failed { how: FailureKind::Refused, reason }
            }
            Status::Blank
            | Status::Progress(_)
            | Status::Completed(Ending::Wanted)
            | Status::Cancelled => Progress::Established,
        }
    }

    fn represent(&self, number: u64) -> impl Serialize {
        let Student { user_id, edu_name, edu_id } = self.student.clone();
        let reason = match &self.status {
            Status::Rejected { reason, .. } => Some(reason.clone()),
            _ => None,
        };
        let (app_id, price, status) = (number, self.price, self.status());
        Shown { app_id, user_id, edu_name, edu_id, price, status, reason }
    }

    fn available_commands(&self) -> &'static [&'static str] {
        match self.status {
            Status::Progress(_) => &["cancel"],
            _ => &[],
        }
    }

    fn command_routes() -> CommandRoutes<Self> {
        CommandRoutes::new()
            .ignoring(routes::IGNORED)
            .creates("apply", ApplyBody::means)
            .command("cancel", |Empty {}| Ok(Cancel))
            .on_item("cancel by status", Method::Patch, StatusBody::means)
            .on_item("cancel by status", Method::Put, StatusBody::means)
    }
}

impl Application {
    /// Returns the status shown to clients.
    #[must_use]
    pub const fn status(&self) -> &'static str {
        match self.status {
            Status::Blank => "",
            Status::Progress(stage) | Status::Withdrawing(stage) => stage.word(),
            Status::Completed(_) => "EduCompleted",
            Status::Cancelling | Status::Cancelled => "EduCancelled",
            Status::Rejected { .. } => "Rejected",
        }
    }
}

impl Stage {
    /// Returns the name that clients of the original use.
    const fn word(self) -> &'static str {
        match self {
            Self::Requested => "Requested",
            Self::Applied | Self::Admitted => "EduApplied",
            Self::Registered => "EduRegistered",
        }
    }
}

impl Status {
    /// Decides the lower half of the table: commands that change nothing, and rejections.
    fn already(&self, command: &Command) -> Decision<Application> {
        use Stage as At;
        match (self, command) {
            (Self::Progress(At::Applied | At::Admitted | At::Registered), Pay)
            | (Self::Progress(At::Admitted | At::Registered), Admit)
            | (Self::Progress(At::Registered), Register)
            | (Self::Withdrawing(_) | Self::Cancelling | Self::Cancelled, Cancel)
            | (Self::Cancelling | Self::Cancelled, Withdraw)
            | (Self::Cancelled | Self::Rejected { .. }, Close)
            | (Self::Completed(_), Complete)
            | (Self::Rejected { .. }, Reject { .. }) => Ok(vec![]),

            (Self::Blank, _) => Err(Rejection::Unknown),
            (_, Apply { .. }) => Err(Rejection::AlreadyApplied),
            (Self::Completed(_), _) => Err(Rejection::IsCompleted),
            (Self::Rejected { .. }, _) => Err(Rejection::WasRejected),
            (Self::Cancelling | Self::Cancelled, _) => Err(Rejection::IsCancelled),
            (Self::Withdrawing(_), _) => Err(Rejection::IsWithdrawing),
            (_, Close | Withdraw) => Err(Rejection::NotCancelling),
            (Self::Progress(At::Requested), _) => Err(Rejection::NotPaid),
            (_, Register | Complete) => Err(Rejection::NotAdmitted),
            (Self::Progress(_), _) => Err(Rejection::IsPaid),
        }
    }
}
