//! What can happen to a review, and what is told about it.

use super::{Refusal, Rejection};
use crate::domain::kernel::{Money, Number};
use serde::{Deserialize, Serialize};

use Event::{
    Approved, Assigned, Cancelled, Declined, ReleaseAsked, ReleaseRefused, ReleaseWithdrawn,
    Released, RetainAsked, Retained,
};

/// What there is to examine, and what came of it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct File {
    /// The claim, whose number the review bears.
    pub claim_id: Number,
    /// Who claims.
    pub customer_id: Number,
    /// Who examines.
    pub examiner_id: Number,
    /// How much is claimed, and once it is approved, how much of it; in won.
    pub price: Money,
    /// The contract it is paid under, once it is approved.
    pub cont_id: Option<Number>,
}

impl File {
    /// The same, unless it approves more than was claimed.
    pub(super) fn within(self, claimed: Money) -> Result<Self, Rejection> {
        let price = self.price;
        if price > claimed { Err(Rejection::AboveClaim { claimed, price }) } else { Ok(self) }
    }
}

/// How far a review has come that nobody is cancelling.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Stage {
    /// The examiner has it.
    Assigned,
    /// The examiner approved the claim.
    Approved,
    /// The examiner declined the claim.
    Declined,
}

/// What can happen to a review. An attempt is one to cancel the claim, counted by the claim.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum Event {
    /// An examiner got it.
    Assigned {
        /// What there is to examine.
        file: File,
    },
    /// The desk is to release it.
    ReleaseAsked {
        /// What there is to examine.
        file: File,
        /// For which attempt.
        attempt: u32,
    },
    /// The desk released it; it is cancelled as soon as the claim agrees.
    Released {
        /// What there is to examine.
        file: File,
        /// For which attempt.
        attempt: u32,
    },
    /// The desk will not release it, or did not answer: the review goes on.
    ReleaseRefused {
        /// What there is to examine.
        file: File,
        /// For which attempt.
        attempt: u32,
        /// Why.
        refusal: Refusal,
    },
    /// The claim does not wait for the release any more: the review goes on.
    ReleaseWithdrawn {
        /// What there is to examine.
        file: File,
        /// Of which attempt.
        attempt: u32,
    },
    /// The desk is to take back what it may have released.
    RetainAsked {
        /// What there is to examine, and what came of it.
        file: File,
        /// After which attempt.
        attempt: u32,
        /// How the review stands meanwhile.
        stage: Stage,
    },
    /// The desk has it, as if it had never been asked to release it.
    Retained {
        /// What there is to examine, and what came of it.
        file: File,
        /// After which attempt.
        attempt: u32,
        /// How the review stands.
        stage: Stage,
    },
    /// The examiner approved the claim.
    Approved {
        /// What was examined, and what came of it.
        file: File,
    },
    /// The examiner declined the claim.
    Declined {
        /// What was examined.
        file: File,
    },
    /// Nobody examines it any more.
    Cancelled {
        /// What there was to examine.
        file: File,
    },
}

impl Event {
    /// What there is to examine, and what came of it.
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
            | Approved { file }
            | Declined { file }
            | Cancelled { file } => *file,
        }
    }

    /// Which attempt to cancel it is about, when it is about one.
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

    /// Why the review was not released, when it was not.
    #[must_use]
    pub const fn refusal(&self) -> Option<&Refusal> {
        match self {
            ReleaseRefused { refusal, .. } => Some(refusal),
            _ => None,
        }
    }

    /// How the review stands with this, as clients are told.
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

    /// What happened, in words.
    #[must_use]
    pub const fn what(&self) -> &'static str {
        match self {
            Assigned { .. } => "examiner assigned",
            ReleaseAsked { .. } => "release of the review asked for",
            Released { .. } => "review released",
            ReleaseRefused { .. } => "release of the review refused",
            ReleaseWithdrawn { .. } => "release of the review withdrawn",
            RetainAsked { .. } => "desk asked to take the review back",
            Retained { .. } => "review taken back",
            Approved { .. } => "review approved",
            Declined { .. } => "review declined",
            Cancelled { .. } => "review cancelled",
        }
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
