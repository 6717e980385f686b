//! Reasons why a claim rejects a command.

use crate::domain::kernel::{Money, RejectionKind};
use serde::{Deserialize, Serialize};
use thiserror::Error;

/// Reason why a claim rejects a command.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, Error)]
pub enum Rejection {
    /// No claim was ever received under this number.
    #[error("there is no such claim")]
    Unknown,
    /// A claim was already received under this number.
    #[error("the claim has been received already")]
    AlreadyReceived,
    /// The price is 0.
    #[error("the price must be at least 1 won")]
    NoPrice,
    /// No examiner has the claim.
    #[error("the claim is not under review")]
    NotUnderReview,
    /// The examiner has approved the claim.
    #[error("the claim has been approved already")]
    IsApproved,
    /// The examiner has declined the claim.
    #[error("the claim has been declined already")]
    IsDeclined,
    /// The award has been paid out.
    #[error("the claim has been paid already")]
    IsPaid,
    /// The claim was cancelled, or is about to be.
    #[error("the claim is cancelled")]
    IsCancelled,
    /// No attempt to cancel is under way, or not any more.
    #[error("the claim is not being cancelled")]
    NotCancelling,
    /// The price exceeds the maximum of a claim.
    #[error("the price must be at most {}", Money::MAX)]
    TooDear,
    /// The date cannot be meant.
    #[error("`claimDt` is in milliseconds, from the year 2000 to tomorrow")]
    BadDate,
}

impl crate::domain::kernel::Rejection for Rejection {
    fn kind(&self) -> RejectionKind {
        match self {
            Self::Unknown => RejectionKind::Unknown,
            Self::NoPrice | Self::TooDear | Self::BadDate => RejectionKind::Invalid,
            _ => RejectionKind::Conflict,
        }
    }
}
