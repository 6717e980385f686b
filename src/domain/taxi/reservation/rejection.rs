//! The reasons why a reservation rejects a command.

use crate::domain::kernel::RejectionKind;
use serde::{Deserialize, Serialize};
use thiserror::Error;

/// The reasons why a reservation rejects a command.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, Error)]
pub enum Rejection {
    /// No paid order has this number.
    #[error("there is no such reservation")]
    Unknown,
    /// The reservation has been confirmed and keeps its taxi.
    #[error("the reservation has been confirmed already")]
    IsConfirmed,
    /// Another taxi is being looked up or assigned.
    #[error("another taxi is being assigned to the reservation")]
    IsAssigning,
    /// The reservation is cancelled: no taxi comes.
    #[error("the reservation is cancelled")]
    IsCancelled,
    /// No taxi, or not this taxi, was requested.
    #[error("no taxi is wanted for the reservation")]
    NotWanted,
    /// The ride is over.
    #[error("the ride is over")]
    IsCompleted,
}

impl crate::domain::kernel::Rejection for Rejection {
    fn kind(&self) -> RejectionKind {
        match self {
            Self::Unknown => RejectionKind::Unknown,
            _ => RejectionKind::Conflict,
        }
    }
}
