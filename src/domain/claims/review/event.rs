//! Events of a review, and the status and the description that clients see of each.

use super::{Refusal, Rejection};
use crate::domain::kernel::{Money, Number, Timestamp};
use serde::{Deserialize, Serialize};

use Event::{
    Approved, Assigned, Cancelled, Declined, ReleaseAsked, ReleaseRefused, ReleaseWithdrawn,
    Released, RetainAsked, Retained,
};

/// Review file: the claim, its customer, its examiner, and what was approved.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct File {
    /// The claim, which has the same number as the review.
    pub claim_id: Number,
    /// The customer who claims.
    pub customer_id: Number,
    /// The examiner.
    pub examiner_id: Number,
    /// Price in won: the price claimed, or the approved part of it once the claim is approved.
    pub price: Money,
    /// The contract it is paid under, once it is approved.
    pub cont_id: Option<Number>,
}

impl File {
    /// Returns this file, or an error when it approves more than was claimed.
    pub(super) fn within(self, claimed: Money) -> Result<Self, Rejection> {
        let price = self.price;
        if price > claimed { Err(Rejection::AboveClaim { claimed, price }) } else { Ok(self) }
    }
}

/// Stage of a review that is not being cancelled.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Stage {
    /// The examiner has it.
    Assigned,
    /// The examiner approved the claim.
    Approved,
    /// The examiner declined the claim.
    Declined,
}

/// Events of a review. An attempt is an attempt to cancel the claim, counted by the claim.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum Event {
    /// An examiner was assigned.
    Assigned {
        /// The review file.
        file: File,
    },
    /// The desk is asked to release the review.
    ReleaseAsked {
        /// The review file.
        file: File,
        /// The attempt to cancel.
        attempt: u32,
    },
    /// The desk released the review; it is cancelled as soon as the claim agrees.
    Released {
        /// The review file.
        file: File,
        /// The attempt to cancel.
        attempt: u32,
    },
    /// The desk refused the release, or did not answer: the review goes on.
    ReleaseRefused {
        /// The review file.
        file: File,
        /// The attempt to cancel.
        attempt: u32,
        /// The reason.
        refusal: Refusal,
    },
    /// The claim no longer waits for the release: the review goes on.
    ReleaseWithdrawn {
        /// The review file.
        file: File,
        /// The attempt to cancel.
        attempt: u32,
    },
    /// The desk is asked to take back the review, which it may have released.
    RetainAsked {
        /// The review file.
        file: File,
        /// The attempt to cancel that is over.
        attempt: u32,
        /// The stage of the review meanwhile.
        stage: Stage,
    },
    /// The desk has the review, as if no release had been asked for.
    Retained {
        /// The review file.
        file: File,
        /// The attempt to cancel that is over.
        attempt: u32,
        /// The stage of the review.
        stage: Stage,
    },
    /// The examiner approved the claim.
    Approved {
        /// The review file, with the approved price and the contract.
        file: File,
        /// The time of the decision; older events have none.
        #[serde(default)]
        review_dt: Option<Timestamp>,
    },
    /// The examiner declined the claim.
    Declined {
        /// The review file.
        file: File,
        /// The time of the decision; older events have none.
        #[serde(default)]
        review_dt: Option<Timestamp>,
    },
    /// The review was cancelled; no examiner works on it any more.
    Cancelled {
        /// The review file.
        file: File,
    },
}

impl Event {
    /// Returns the review file.
    #[must_use]
    pub const fn file(&self) -> File {
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

    /// Returns the time of the decision, if this event is one.
    #[must_use]
    pub const fn review_dt(&self) -> Option<Timestamp> {
        match self {
            Approved { review_dt, .. } | Declined { review_dt, .. } => *review_dt,
            _ => None,
        }
    }

    /// Returns the attempt to cancel that this event concerns, if any.
    #[must_use]
    pub const fn attempt(&self) -> Option<u32> {
        match self {
            ReleaseAsked { attempt, .. }
            | Released { attempt, .. }
            | ReleaseRefused { attempt, .. }
            | ReleaseWithdrawn { attempt, .. }
            | RetainAsked { attempt, .. }
            | Retained { attempt, .. } => Some(*attempt),
            Assigned { .. } | Approved { .. } | Declined { .. } | Cancelled { .. } => None,
        }
    }

    /// Returns the status of the review after this event, as shown to clients.
    #[must_use]
    pub const fn status(&self) -> &'static str {
        match self {
            Assigned { .. } | ReleaseRefused { .. } | ReleaseWithdrawn { .. } => {
                Stage::Assigned.name()
            }
            ReleaseAsked { .. } | Released { .. } => "Releasing",
            RetainAsked { stage, .. } | Retained { stage, .. } => stage.name(),
            Approved { .. } => Stage::Approved.name(),
            Declined { .. } => Stage::Declined.name(),
            Cancelled { .. } => "Cancelled",
        }
    }

    /// Returns a description of the event for the customer; `None` for a step between the review and
    /// the desk of the examiners, which means nothing to the customer.
    #[must_use]
    pub const fn what(&self) -> Option<&'static str> {
        Some(match self {
            ReleaseAsked { .. }
            | Released { .. }
            | ReleaseRefused { .. }
            | ReleaseWithdrawn { .. }
            | RetainAsked { .. }
            | Retained { .. } => return None,
            Assigned { .. } => "examiner assigned",
            Approved { .. } => "claim approved by the examiner",
            Declined { .. } => "claim declined by the examiner",
            Cancelled { .. } => "review cancelled",
        })
    }
}

impl Stage {
    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Assigned => "Assigned",
            Self::Approved => "Approved",
            Self::Declined => "Declined",
        }
    }
}
