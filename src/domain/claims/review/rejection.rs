//! Why a review says no.

use crate::domain::kernel::{Money, RejectionKind};
use serde::{Deserialize, Serialize};
use thiserror::Error;

/// Why a review says no.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, Error)]
pub enum Rejection {
    /// No claim bears this number, or no examiner has it yet.
    #[error("there is no such review")]
    Unknown,
    /// The examiner speaks of another claim.
    #[error("the review is about another claim")]
    OtherClaim,
    /// An approval of nothing.
    #[error("the price must be at least 1 won")]
    NoPrice,
    /// The examiner has approved the claim.
    #[error("the review has been approved already")]
    IsApproved,
    /// The examiner has declined the claim.
    #[error("the review has been declined already")]
    IsDeclined,
    /// Nobody examines it any more.
    #[error("the review is cancelled")]
    IsCancelled,
    /// The customer is cancelling the claim at this moment.
    #[error("the review is being cancelled")]
    IsBeingCancelled,
    /// What was asked of the desk for an earlier attempt is not answered yet.
    #[error("the review desk has not answered yet")]
    DeskIsBusy,
    /// The desk still has it.
    #[error("the review has not been released")]
    NotReleased,
    /// The question it answers has been answered, or was never asked.
    #[error("the review desk has been heard already")]
    AlreadyAnswered,
    /// The examiner would approve more than the customer claimed.
    #[error("{claimed} were claimed, and {price} are more")]
    AboveClaim {
        /// What was claimed, in won.
        claimed: Money,
        /// What the examiner would approve, in won.
        price: Money,
    },
}

impl crate::domain::kernel::Rejection for Rejection {
    fn kind(&self) -> RejectionKind {
        match self {
            Self::Unknown => RejectionKind::Unknown,
            Self::OtherClaim | Self::NoPrice | Self::AboveClaim { .. } => RejectionKind::Invalid,
            _ => RejectionKind::Conflict,
        }
    }
}
