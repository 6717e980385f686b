//! A student's application for a course, up to its completion or its end.
//!
//! ```text
//! Seating
//!   │ │ └─ cancel, before the student has the seat ──▶ Cancelled
//!   │ └─── another application has the seat ─────────▶ Rejected
//!   ▼       paid          admitted           enrolled            completed
//! Requested ────▶ Applied ────────▶ Admitted ────────▶ Registered ───────▶ Completed
//!   │   │           │                  │ cancel            │ cancel
//!   │   │ cancel    │ cancel           ▼                   ▼      completed
//!   │   └─────┬─────┘               Leaving           Withdrawing ────────▶ Overtaken
//!   │ unpaid  ▼                        │ withdrawn         │   (from Leaving as well)
//!   ▼     Cancelling ◀─────────────────┴───────────────────┘
//! Rejected    │ money back
//!             ▼
//!         Cancelled
//! ```
//! Until its admission the application decides a cancellation. Later the enrolment decides it,
//! because the course may be completed: then the cancellation is refused. A cancellation or a
//! rejection is done once the seat is free, so that the student can apply again.

#[cfg(test)]
mod specs;

use super::{Education, payment::Fee, settings::Settings, student::Student};
use crate::domain::kernel::{
    payment::{Bill, Billing, Payable, Turn},
    prelude::{self, *},
};

use Command::*;
use Event::*;
use Status as S;

/// The billing saga of an application.
pub type Tuition = Billing<Application>;

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Application {
    pub(super) student: Student,
    price: Money,
    pub(super) status: Status,
    pub(super) seat: Hold,
}

/// The hold of an application on the seat of its student in the course.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) enum Hold {
    #[default]
    Free,
    /// The application has the seat, or has asked for it.
    Held,
    /// The seat is being given back.
    Released,
}

statuses! {
    pub enum Status {
        Blank;
        Seating as pending: "Requested" => "cancel";
        Requested as pending => "cancel";
        Applied: "EduApplied", "EduApplied" => "cancel";
        Admitted: "EduApplied", "EduApplied" => "cancel";
        Registered: "EduRegistered", "EduRegistered" => "cancel";
        /// The enrolment decides about the cancellation of a student who is not enrolled yet.
        Leaving as pending: "EduApplied";
        /// The enrolment decides about the cancellation of a student who is enrolled.
        Withdrawing as pending: "EduRegistered";
        Completed: "EduCompleted", "EduCompleted";
        /// The course was completed while a cancellation was pending.
        Overtaken: "EduCompleted", "EduCompleted";
        Cancelling as pending: "EduCancelled", "EduAppCancelled";
        Cancelled: "EduCancelled", "EduAppCancelled";
        Rejected { how: FailureKind, reason: String } as failed;
    }
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum Command {
    Apply { student: Student },
    Cancel,
    Pay,
    Reject { how: FailureKind, reason: String },
    Admit,
    Register,
    Complete,
    // The enrolment is cancelled.
    Withdraw,
    // No money of the cancelled application is kept any more.
    Close,
    // The student has the seat in the course, so the payment can be asked for.
    Place,
    // Another application of the student holds the seat.
    TurnAway { reason: String },
    // The seat of the cancelled or rejected application is free.
    Vacate,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum Event {
    // The student has the seat; the payment is asked for. In versions before the seats: a student
    // applied.
    Requested { student: Student, price: Money },
    Applied,
    Admitted { student: Student },
    Registered,
    Completed,
    // The student wants to cancel, and the enrolment has to decide.
    CancelRequested,
    // The application is cancelled; what was paid is to be refunded.
    Cancelled,
    Rejected { how: FailureKind, reason: String },
    Undone,
    // A student applied; the seat in the course is asked for.
    SeatAsked { student: Student, price: Money },
    // Another application of the student holds the seat, so this one failed.
    TurnedAway { reason: String },
    // The application was cancelled before the student had the seat; no payment was asked for.
    Forgone,
    // The application is cancelled or rejected; its seat is to be given back.
    SeatReleased { student: Student },
    Vacated,
}

rejections! {
    pub enum Rejection {
        Unknown: unknown "there is no such application";
        AlreadyApplied: "the course has been applied for already";
        BadName: invalid "the student and the course must have names of 1 to 100 characters";
        NotPaid: "the application has not been paid";
        IsPaid: "the application has been paid";
        NotAdmitted: "the student is not being enrolled";
        NotCancelling: "the application is not being cancelled";
        IsWithdrawing: "the application is being cancelled";
        IsCompleted: "the course has been completed";
        IsCancelled: "the application is cancelled";
        WasRejected: "the application was rejected";
        IsSeated: "the student has the seat";
    }
}

impl Payable for Application {
    type Bill = Fee;
    const BILLING: &'static str = "education/tuition";
    const ACCEPT: Command = Pay;
    const REJECT: fn(FailureKind, String) -> Command = |how, reason| Reject { how, reason };
    const CLOSE: Command = Close;

    fn turn(event: &Event) -> Option<Turn<Fee>> {
        match event {
            Requested { student, price } => {
                Some(Turn::Placed { bill: Fee { student: student.clone() }, amount: *price })
            }
            Applied => Some(Turn::Accepted),
            Cancelled => Some(Turn::CalledOff),
            Rejected { .. } | Undone => Some(Turn::Over),
            _ => None,
        }
    }
}

impl Aggregate for Application {
    const NAME: &'static str = "education/eduApplications";
    const SHAPE: u32 = 2;
    aggregate_types!(Education, status);

    fn issuer(command: &Command) -> Issuer {
        match command {
            Apply { .. } | Cancel => Issuer::Customer,
            _ => Issuer::Internal,
        }
    }

    fn decide(&self, command: Command, _now: Timestamp, settings: &Settings) -> Decision<Self> {
        let event = match (&self.status, command) {
            (S::Blank, Apply { student }) if !student.is_named() => return Err(Rejection::BadName),
            (S::Blank, Apply { student }) => {
                SeatAsked { price: settings.price(&student.edu_name), student }
            }
            (S::Seating, Place) => Requested { student: self.student.clone(), price: self.price },
            (S::Seating, TurnAway { reason }) => TurnedAway { reason },
            (S::Seating, Cancel) => Forgone,
            (S::Requested, Pay) => Applied,
            (S::Requested, Reject { how, reason }) => Rejected { how, reason },
            (S::Requested | S::Applied, Cancel) | (S::Leaving | S::Withdrawing, Withdraw) => {
                Cancelled
            }
            (S::Applied, Admit) => Admitted { student: self.student.clone() },
            (S::Admitted, Register) => Registered,
            (S::Admitted | S::Registered, Cancel) => CancelRequested,
            (S::Registered | S::Leaving | S::Withdrawing, Complete) => Completed,
            (S::Cancelling, Close) => Undone,
            (_, Vacate) if self.seat == Hold::Released => Vacated,
            (status, command) => return status.already(&command),
        };
        let is_over = matches!(event, Forgone | Rejected { .. } | Cancelled);
        let gives_back = is_over && self.seat == Hold::Held;
        let released = gives_back.then(|| SeatReleased { student: self.student.clone() });
        Ok([event].into_iter().chain(released).collect())
    }

    fn waits_for_port(command: &Command) -> Option<&'static str> {
        matches!(command, Apply { .. }).then_some(Fee::PORT)
    }

    fn evolve(self, event: Event) -> Self {
        let status = self.status.after(&event);
        match event {
            SeatAsked { student, price } => Self { student, price, status, seat: Hold::Held },
            Requested { student, price } => Self { student, price, status, ..self },
            SeatReleased { .. } => Self { status, seat: Hold::Released, ..self },
            TurnedAway { .. } | Vacated => Self { status, seat: Hold::Free, ..self },
            _ => Self { status, ..self },
        }
    }

    fn progress(&self) -> Progress {
        match &self.status {
            _ if self.seat == Hold::Released => Progress::Pending,
            S::Overtaken => {
                let reason = Rejection::IsCompleted.to_string();
                Progress::Failed { how: FailureKind::Refused, reason }
            }
            status => status.progress(),
        }
    }

    fn represent(&self, number: u64) -> impl Serialize {
        let Student { user_id, edu_name, edu_id } = &self.student;
        object! {
            "appId": number, "userId": user_id, "eduName": edu_name, "eduId": edu_id,
            "price": self.price, "status": self.status.word(),
            "reason"?: self.status.progress().reason(),
        }
    }

    fn command_routes() -> CommandRoutes<Self> {
        let cancelled = [(EDU_CANCELLED, Cancel), (prelude::CANCELLED, Cancel)];
        CommandRoutes::new()
            .ignoring("id appId userId eduName eduId price status reason")
            .creates(
                "apply",
                body!(|user_id: Text, edu_name: Text, edu_id: Number| Apply {
                    student: Student { user_id, edu_name, edu_id },
                }),
            )
            .command("cancel", |Empty {}| Cancel)
            .on_word("cancel by status", [Patch, Put], "status", cancelled)
    }
}

/// The statuses with which clients of the original request a cancellation.
const EDU_CANCELLED: &[&str] =
    &["EduAppCancelled", "EduCancelled", "EduAppCanceled", "EduCanceled"];

impl Status {
    /// The status after this event.
    pub(super) fn after(&self, event: &Event) -> Self {
        match (event, self) {
            (SeatAsked { .. }, _) => S::Seating,
            (Requested { .. }, _) => S::Requested,
            (Applied, _) => S::Applied,
            (Admitted { .. }, _) => S::Admitted,
            (Registered, _) => S::Registered,
            (CancelRequested, S::Registered) => S::Withdrawing,
            (CancelRequested, _) => S::Leaving,
            (Completed, S::Leaving | S::Withdrawing) => S::Overtaken,
            (Completed, _) => S::Completed,
            (Cancelled, _) => S::Cancelling,
            (Undone | Forgone, _) => S::Cancelled,
            (Rejected { how, reason }, _) => S::Rejected { how: *how, reason: reason.clone() },
            (TurnedAway { reason }, _) => {
                S::Rejected { how: FailureKind::Refused, reason: reason.clone() }
            }
            (SeatReleased { .. } | Vacated, status) => status.clone(),
        }
    }

    /// The rest of the transition table: commands that change nothing, and rejections.
    fn already(&self, command: &Command) -> Decision<Application> {
        match (self, command) {
            (S::Blank, _) => Err(Rejection::Unknown),
            (_, Vacate)
            | (S::Requested | S::Applied | S::Admitted | S::Registered, Place)
            | (S::Applied | S::Admitted | S::Registered, Pay)
            | (S::Admitted | S::Registered, Admit)
            | (S::Registered, Register)
            | (S::Completed | S::Overtaken, Complete)
            | (S::Leaving | S::Withdrawing | S::Cancelling | S::Cancelled, Cancel)
            | (S::Cancelling | S::Cancelled, Withdraw)
            | (S::Cancelled | S::Rejected { .. }, Close)
            | (S::Rejected { .. }, Reject { .. } | TurnAway { .. }) => Ok(vec![]),

            (_, Apply { .. }) => Err(Rejection::AlreadyApplied),
            (S::Completed | S::Overtaken, _) => Err(Rejection::IsCompleted),
            (S::Rejected { .. }, _) => Err(Rejection::WasRejected),
            (S::Cancelling | S::Cancelled, _) => Err(Rejection::IsCancelled),
            (S::Leaving | S::Withdrawing, _) => Err(Rejection::IsWithdrawing),
            (_, Close | Withdraw) => Err(Rejection::NotCancelling),
            (S::Requested, TurnAway { .. }) => Err(Rejection::IsSeated),
            (S::Seating | S::Requested, _) => Err(Rejection::NotPaid),
            (_, Register | Complete) => Err(Rejection::NotAdmitted),
            (S::Applied | S::Admitted | S::Registered, _) => Err(Rejection::IsPaid),
        }
    }
}
