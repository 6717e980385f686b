//! Commands, events and rejections of an application.

use super::Student;
use crate::domain::kernel::{FailureKind, Money, RejectionKind};
use serde::{Deserialize, Serialize};
use thiserror::Error;

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
    /// The student has the seat in the course, so the payment can be asked for.
    Place,
    /// Another application of the student holds the seat.
    TurnAway {
        /// The reason, as a sentence.
        reason: String,
    },
    /// The seat of the cancelled or rejected application is free.
    Vacate,
}

/// Events of an application.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum Event {
    /// The student has the seat; the payment is asked for. In versions before the seats: a student
    /// applied.
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
    /// A student applied; the seat in the course is asked for.
    SeatAsked {
        /// The student and the course.
        student: Student,
        /// The price, in won.
        price: Money,
    },
    /// Another application of the student holds the seat, so this one failed.
    TurnedAway {
        /// The reason, as a sentence.
        reason: String,
    },
    /// The application was cancelled before the student had the seat; no payment was asked for.
    Forgone,
    /// The application is cancelled or rejected; its seat is to be given back.
    SeatReleased {
        /// The student and the course.
        student: Student,
    },
    /// The seat of the cancelled or rejected application is free.
    Vacated,
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
    /// The application has the seat, so it cannot be turned away.
    #[error("the student has the seat")]
    IsSeated,
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
