//! A student's application for a course, up to its completion or its end.
//!
//! ```text
//! Seating
//!   │ │ └─ cancel, before the student has the seat ──▶ Cancelled
//!   │ └─── another application has the seat ─────────▶ Rejected
//!   ▼       paid          admitted           enrolled            completed
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
//! because the course may be completed: then the cancellation is refused. A cancellation or a
//! rejection is done once the seat is free, so that the student can apply again.

mod messages;
mod routes;
mod shown;
#[cfg(test)]
mod specs;

pub use messages::{Command, Event, Rejection};

use super::{Education, payment::Fee, settings::Settings, student::Student};
use crate::domain::kernel::{
    Aggregate, CommandRoutes, Decision, Empty, FailureKind, Issuer, Method, Money, Progress,
    Timestamp,
    payment::{Bill, Billing, Payable, Turn},
};
use routes::{ApplyBody, StatusBody};
use serde::{Deserialize, Serialize};
use shown::Shown;

use Command::{
    Admit, Apply, Cancel, Close, Complete, Pay, Place, Register, Reject, TurnAway, Vacate, Withdraw,
};
use Event::{
    Admitted, Applied, CancelRequested, Cancelled, Completed, Forgone, Registered, Rejected,
    Requested, SeatAsked, SeatReleased, TurnedAway, Undone, Vacated,
};

/// Billing saga of an application.
pub type Tuition = Billing<Application>;

/// An application for a course.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Application {
    student: Student,
    price: Money,
    status: Status,
    seat: Hold,
}

/// The hold of an application on the seat of its student in the course.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
enum Hold {
    /// The application has no seat.
    #[default]
    Free,
    /// The application has the seat, or has asked for it.
    Held,
    /// The seat is being given back.
    Released,
}

/// Status of an application.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
enum Status {
    #[default]
    Blank,
    Seating,
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
            Admitted { .. }
            | Registered
            | Completed
            | CancelRequested
            | SeatAsked { .. }
            | TurnedAway { .. }
            | Forgone
            | SeatReleased { .. }
            | Vacated => None,
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
    // 2: with the seat.
    const SHAPE: u32 = 2;
    type Business = Education;
    type Command = Command;
    type Event = Event;
    type Rejection = Rejection;

    fn issuer(command: &Command) -> Issuer {
        match command {
            Apply { .. } => Issuer::Anyone,
            Cancel => Issuer::Customer,
            Place
            | TurnAway { .. }
            | Pay
            | Reject { .. }
            | Admit
            | Register
            | Complete
            | Withdraw
            | Close
            | Vacate => Issuer::Internal,
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
                Ok(vec![SeatAsked { student, price }])
            }
            (S::Seating, Place) => {
                Ok(vec![Requested { student: self.student.clone(), price: self.price }])
            }
            (S::Seating, TurnAway { reason }) => Ok(vec![TurnedAway { reason }]),
            (S::Seating, Cancel) => Ok(self.released(Forgone)),
            (S::Progress(At::Requested), Pay) => Ok(vec![Applied]),
            (S::Progress(At::Requested), Reject { how, reason }) => {
                Ok(self.released(Rejected { how, reason }))
            }
            (S::Progress(At::Applied), Admit) => {
                Ok(vec![Admitted { student: self.student.clone() }])
            }
            (S::Progress(At::Admitted), Register) => Ok(vec![Registered]),
            (S::Progress(At::Registered) | S::Withdrawing(_), Complete) => Ok(vec![Completed]),
            (S::Progress(At::Requested | At::Applied), Cancel) | (S::Withdrawing(_), Withdraw) => {
                Ok(self.released(Cancelled))
            }
            (S::Progress(At::Admitted | At::Registered), Cancel) => Ok(vec![CancelRequested]),
            (S::Cancelling, Close) => Ok(vec![Undone]),
            (_, Vacate) if self.seat == Hold::Released => Ok(vec![Vacated]),
            (state, command) => state.already(&command),
        }
    }

    fn waits_for_port(command: &Command) -> Option<&'static str> {
        matches!(command, Apply { .. }).then_some(Fee::PORT)
    }

    fn evolve(self, event: Event) -> Self {
        let status = match (event, self.status) {
            (SeatAsked { student, price }, _) => {
                return Self { student, price, status: Status::Seating, seat: Hold::Held };
            }
            (Requested { student, price }, _) => {
                return Self { student, price, status: Status::Progress(Stage::Requested), ..self };
            }
            (TurnedAway { reason }, _) => {
                let status = Status::Rejected { how: FailureKind::Refused, reason };
                return Self { status, seat: Hold::Free, ..self };
            }
            (SeatReleased { .. }, status) => return Self { status, seat: Hold::Released, ..self },
            (Vacated, status) => return Self { status, seat: Hold::Free, ..self },
            (Applied, _) => Status::Progress(Stage::Applied),
            (Admitted { .. }, _) => Status::Progress(Stage::Admitted),
            (Registered, _) => Status::Progress(Stage::Registered),
            (CancelRequested, Status::Progress(stage)) => Status::Withdrawing(stage),
            (CancelRequested, status) => status,
            (Completed, Status::Withdrawing(_)) => Status::Completed(Ending::Overtaken),
            (Completed, _) => Status::Completed(Ending::Wanted),
            (Cancelled, _) => Status::Cancelling,
            (Rejected { how, reason }, _) => Status::Rejected { how, reason },
            (Undone | Forgone, _) => Status::Cancelled,
        };
        Self { status, ..self }
    }

    fn progress(&self) -> Progress {
        match &self.status {
            _ if self.seat == Hold::Released => Progress::Pending,
            Status::Seating
            | Status::Progress(Stage::Requested)
            | Status::Withdrawing(_)
            | Status::Cancelling => Progress::Pending,
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

    fn original_status(&self) -> Option<&'static str> {
        match self.status {
            Status::Progress(Stage::Applied | Stage::Admitted | Stage::Registered)
            | Status::Completed(_) => Some(self.status()),
            Status::Cancelling | Status::Cancelled => Some("EduAppCancelled"),
            _ => None,
        }
    }

    fn available_commands(&self) -> &'static [&'static str] {
        match self.status {
            Status::Seating | Status::Progress(_) => &["cancel"],
            _ => &[],
        }
    }

    fn command_routes() -> CommandRoutes<Self> {
        CommandRoutes::new()
            .ignoring(routes::IGNORED)
            .creates("apply", ApplyBody::means)
            .command("cancel", |Empty {}| Ok(Cancel))
            .on_item("cancel by status", [Method::Patch], StatusBody::means)
            .on_item("cancel by status", [Method::Put], StatusBody::means)
    }
}

impl Application {
    /// Returns the status shown to clients.
    #[must_use]
    pub const fn status(&self) -> &'static str {
        match self.status {
            Status::Blank => "",
            Status::Seating => Stage::Requested.word(),
            Status::Progress(stage) | Status::Withdrawing(stage) => stage.word(),
            Status::Completed(_) => "EduCompleted",
            Status::Cancelling | Status::Cancelled => "EduCancelled",
            Status::Rejected { .. } => "Rejected",
        }
    }

    /// Returns the student and the course if the application holds the seat of the one in the other.
    #[must_use]
    pub fn seated(&self) -> Option<&Student> {
        (self.seat == Hold::Held).then_some(&self.student)
    }

    /// Returns this event, followed by the release of the seat if the application holds it.
    fn released(&self, event: Event) -> Vec<Event> {
        let student = self.seated().cloned();
        [event].into_iter().chain(student.map(|student| SeatReleased { student })).collect()
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
    #[expect(clippy::match_same_arms, reason = "each row of the table is a rule of its own")]
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
            | (Self::Progress(_), Place)
            | (Self::Rejected { .. }, Reject { .. } | TurnAway { .. }) => Ok(vec![]),

            (Self::Blank, _) => Err(Rejection::Unknown),
            (_, Vacate) => Ok(vec![]),
            (_, Apply { .. }) => Err(Rejection::AlreadyApplied),
            (Self::Completed(_), _) => Err(Rejection::IsCompleted),
            (Self::Rejected { .. }, _) => Err(Rejection::WasRejected),
            (Self::Cancelling | Self::Cancelled, _) => Err(Rejection::IsCancelled),
            (Self::Withdrawing(_), _) => Err(Rejection::IsWithdrawing),
            (_, Close | Withdraw) => Err(Rejection::NotCancelling),
            (Self::Progress(At::Requested), TurnAway { .. }) => Err(Rejection::IsSeated),
            (Self::Seating | Self::Progress(At::Requested), _) => Err(Rejection::NotPaid),
            (_, Register | Complete) => Err(Rejection::NotAdmitted),
            (Self::Progress(_), _) => Err(Rejection::IsPaid),
        }
    }
}
