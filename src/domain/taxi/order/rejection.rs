//! The reasons why an order rejects a command.

use crate::domain::kernel::RejectionKind;
use serde::{Deserialize, Serialize};
use thiserror::Error;

/// The reasons why an order rejects a command.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, Error)]
pub enum Rejection {
    /// No call was made under this number.
    #[error("there is no such order")]
    Unknown,
    /// A call was already made under this number.
    #[error("the taxi has been called already")]
    AlreadyCalled,
    /// The name is blank or too long.
    #[error("the name must have 1 to 100 characters, or be left out")]
    BadName,
    /// The card or phone number is too long.
    #[error("card and phone numbers have at most 100 characters")]
    TooLong,
    /// The command requires a paid order.
    #[error("the order has not been paid")]
    NotPaid,
    /// The order has been paid and cannot become unpaid.
    #[error("the order has been paid")]
    IsPaid,
    /// The order was confirmed with another taxi.
    #[error("the order has been confirmed already")]
    IsConfirmed,
    /// The order is being cancelled, or is cancelled.
    #[error("the order is cancelled")]
    IsCancelled,
    /// The order was rejected.
    #[error("the order was rejected")]
    WasRejected,
    /// No cancellation is in progress.
    #[error("the order is not being cancelled")]
    NotCancelling,
    /// The ride is over.
    #[error("the ride is over")]
    IsCompleted,
    /// The command requires a confirmed order.
    #[error("the order has not been confirmed")]
    NotConfirmed,
}

impl crate::domain::kernel::Rejection for Rejection {
    fn kind(&self) -> RejectionKind {
        match self {
            Self::Unknown => RejectionKind::Unknown,
            Self::BadName | Self::TooLong => RejectionKind::Invalid,
            _ => RejectionKind::Conflict,
        }
    }
}
