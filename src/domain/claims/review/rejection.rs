//! Reasons why a review rejects a command.

use crate::domain::kernel::{Money, RejectionKind};
use serde::{Deserialize, Serialize};
use thiserror::Error;

/// Reason why a review rejects a command.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, Error)]
pub enum Rejection {
    /// No claim has this number, or no examiner has the claim yet.
    #[error("there is no such review")]
    Unknown,
    /// The examiner named another claim.
    #[error("the review is about another claim")]
    OtherClaim,
    /// The approved price is 0.
    #[error("the price must be at least 1 won")]
    NoPrice,
    /// The examiner has approved the claim.
    #[error("the review has been approved already")]
    IsApproved,
    /// The examiner has declined the claim.
    #[error("the review has been declined already")]
    IsDeclined,
    /// The review is cancelled.
    #[error("the review is cancelled")]
    IsCancelled,
    /// A cancellation of the claim is under way.
    #[error("the review is being cancelled")]
    IsBeingCancelled,
    /// The desk has not answered a request of an earlier attempt yet.
    #[error("the review desk has not answered yet")]
    DeskIsBusy,
    /// The desk has not released the review.
    #[error("the review has not been released")]
    NotReleased,
    /// The request that this command answers has been answered, or was never made.
    #[error("the review desk has been heard already")]
    AlreadyAnswered,
    /// The examiner tried to approve more than the customer claimed.
    #[error("{claimed} were claimed, and {price} are more")]
    AboveClaim {
        /// The price claimed, in won.
        claimed: Money,
        /// The price that the examiner tried to approve, in won.
        price: Money,
    },
    /// The date cannot be meant.
    #[error("`reviewDt` is in milliseconds, from the year 2000 to tomorrow")]
    BadDate,
}

impl crate::domain::kernel::Rejection for Rejection {
    fn kind(&self) -> RejectionKind {
        match self {
            Self::Unknown => RejectionKind::Unknown,
            Self::OtherClaim | Self::NoPrice | Self::AboveClaim { .. } | Self::BadDate => {
                RejectionKind::Invalid
            }
            _ => RejectionKind::Conflict,
        }
    }
}
