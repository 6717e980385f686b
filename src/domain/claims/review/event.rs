//! The events of a review, and the status of the review after each.

use super::Status;
use crate::domain::kernel::prelude::*;

use Event::*;

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct File {
    /// The claim, which has the same number as the review.
    pub claim_id: Number,
    pub customer_id: Number,
    pub examiner_id: Number,
    /// The price claimed, or the approved part of it once the claim is approved.
    pub price: Money,
    /// The contract it is paid under, once it is approved.
    pub cont_id: Option<Number>,
}

/// Why a claim was not cancelled. The kind selects the HTTP status.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Refusal {
    pub how: FailureKind,
    pub reason: String,
}

/// The stage of a review that is not being cancelled.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Stage {
    Assigned,
    Approved,
    Declined,
}

/// The events of a review. Older decisions have no time.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum Event {
    Assigned { file: File },
    ReleaseAsked { file: File, attempt: u32 },
    // The desk released the review; it is cancelled as soon as the claim agrees.
    Released { file: File, attempt: u32 },
    // The desk refused the release, or did not answer: the review goes on.
    ReleaseRefused { file: File, attempt: u32, refusal: Refusal },
    // The claim no longer waits for the release: the review goes on.
    ReleaseWithdrawn { file: File, attempt: u32 },
    // The desk is asked to take back the review, which it may have released.
    RetainAsked { file: File, attempt: u32, stage: Stage },
    // The desk has the review, as if no release had been asked for.
    Retained { file: File, attempt: u32, stage: Stage },
    Approved { file: File, review_dt: Option<Timestamp> },
    Declined { file: File, review_dt: Option<Timestamp> },
    Cancelled { file: File },
}

impl Event {
    pub(in super::super) const fn file(&self) -> File {
        match self {
            Assigned { file }
            | ReleaseAsked { file, .. }
            | Released { file, .. }
            | ReleaseRefused { file, .. }
            | ReleaseWithdrawn { file, .. }
            | RetainAsked { file, .. }
            | Retained { file, .. }
            | Approved { file, .. }
            | Declined { file, .. }
            | Cancelled { file } => *file,
        }
    }

    /// The time of the decision, when this event is one.
    pub(in super::super) const fn review_dt(&self) -> Option<Timestamp> {
        match self {
            Approved { review_dt, .. } | Declined { review_dt, .. } => *review_dt,
            _ => None,
        }
    }

    /// The status of the review after this event.
    pub(in super::super) const fn status(&self) -> Status {
        match *self {
            ReleaseAsked { attempt, .. } => Status::Releasing { attempt },
            Released { attempt, .. } => Status::Released { attempt },
            Cancelled { .. } => Status::Cancelled,
            Approved { .. }
            | RetainAsked { stage: Stage::Approved, .. }
            | Retained { stage: Stage::Approved, .. } => Status::Approved,
            Declined { .. }
            | RetainAsked { stage: Stage::Declined, .. }
            | Retained { stage: Stage::Declined, .. } => Status::Declined,
            _ => Status::Assigned,
        }
    }
}
