//! Why a claim says no.

use crate::domain::kernel::{Money, RejectionKind};
use serde::{Deserialize, Serialize};
use thiserror::Error;

/// Why a claim says no.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, Error)]
pub enum Rejection {
    /// Nobody ever claimed under this number.
    #[error("there is no such claim")]
    Unknown,
    /// This number has been claimed under before.
    #[error("the claim has been received already")]
    AlreadyReceived,
    /// A claim for nothing.
    #[error("the price must be at least 1 won")]
    NoPrice,
    /// Nobody examines it.
    #[error("the claim is not under review")]
    NotUnderReview,
    /// The examiner has approved it.
    #[error("the claim has been approved already")]
    IsApproved,
    /// The examiner has declined it.
    #[error("the claim has been declined already")]
    IsDeclined,
    /// The award has been paid out.
    #[error("the claim has been paid already")]
    IsPaid,
    /// It was called off, or is about to be.
    #[error("the claim is cancelled")]
    IsCancelled,
    /// Nobody waits for it to be cancelled, or not any more.
    #[error("the claim is not being cancelled")]
    NotCancelling,
    /// More than a claim can be for.
    #[error("the price must be at most {}", Money::MAX)]
    TooDear,
}

impl crate::domain::kernel::Rejection for Rejection {
    fn kind(&self) -> RejectionKind {
        match self {
            Self::Unknown => RejectionKind::Unknown,
            Self::NoPrice | Self::TooDear => RejectionKind::Invalid,
            _ => RejectionKind::Conflict,
        }
    }
}
