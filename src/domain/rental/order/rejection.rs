//! The reasons why an order rejects a command.

use crate::domain::{
    kernel::{Money, RejectionKind},
    rental::CARS_MAX,
};
use serde::{Deserialize, Serialize};
use thiserror::Error;

/// The reasons why an order rejects a command.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, Error)]
pub enum Rejection {
    /// No order was placed under this number.
    #[error("there is no such order")]
    Unknown,
    /// An order was already placed under this number.
    #[error("the cars have been ordered already")]
    AlreadyPlaced,
    /// The number of the car is 0, which identifies no car.
    #[error("cars are numbered from 1")]
    BadCar,
    /// The number of cars is 0 or above the bound.
    #[error("an order is for 1 to {CARS_MAX} cars")]
    BadQuantity,
    /// The amount is above the bound.
    #[error("the order costs more than {}", Money::MAX)]
    TooDear,
    /// The command requires a paid order.
    #[error("the order has not been paid")]
    NotPaid,
    /// The order has been paid and cannot become unpaid.
    #[error("the order has been paid")]
    IsPaid,
    /// The order has its cars.
    #[error("the order has been confirmed")]
    IsConfirmed,
    /// The order is being cancelled, or is cancelled.
    #[error("the order is cancelled")]
    IsCancelled,
    /// The order was refused or rejected.
    #[error("the order was rejected")]
    WasRejected,
    /// No cancellation or refusal is in progress.
    #[error("the order has not been called off")]
    NotCalledOff,
    /// The cars were brought back.
    #[error("the cars have been returned")]
    IsReturned,
    /// The command requires a confirmed order.
    #[error("the order has not been confirmed")]
    NotConfirmed,
    /// The name of the customer is blank or too long.
    #[error("the customer must have 1 to 100 characters, or be left out")]
    BadCustomer,
}

impl crate::domain::kernel::Rejection for Rejection {
    fn kind(&self) -> RejectionKind {
        match self {
            Self::Unknown => RejectionKind::Unknown,
            Self::BadCar | Self::BadQuantity | Self::TooDear | Self::BadCustomer => {
                RejectionKind::Invalid
            }
            _ => RejectionKind::Conflict,
        }
    }
}
