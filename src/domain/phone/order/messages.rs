//! Commands, events and rejections of an order.

use super::{Basket, ORIGINAL_CANCELLED};
use crate::domain::kernel::{FailureKind, Money, Quantity, RejectionKind, Timestamp};
use serde::{Deserialize, Serialize};
use thiserror::Error;

/// Commands of an order.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum Command {
    /// A customer orders phones.
    Place {
        /// The items, the store and the address.
        basket: Basket,
        /// Price of one, in won; `None` takes the list price. Any other price than a list price is
        /// rejected.
        price: Option<Money>,
    },
    /// The customer cancels the order.
    Cancel,
    /// The payment was approved.
    Pay,
    /// The payment failed.
    Reject {
        /// Kind of the failure, which selects the HTTP status.
        how: FailureKind,
        /// The reason, as a sentence.
        reason: String,
    },
    /// The store is ready to ship the order.
    Ship,
    /// The bank granted points for the order.
    Credit {
        /// Number of points.
        points: Money,
    },
    /// The points for the order are taken back, in this attempt to cancel.
    Forfeit {
        /// Number of the attempt to cancel, from 1.
        attempt: u32,
    },
    /// The points for the order cannot be taken back, so this attempt to cancel fails.
    Keep {
        /// Number of the attempt to cancel, from 1.
        attempt: u32,
        /// Kind of the failure, which selects the HTTP status.
        how: FailureKind,
        /// The reason, as a sentence.
        reason: String,
    },
    /// The refund is complete, or nothing was paid.
    FinishCancelling,
}

/// Events of an order.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum Event {
    /// A customer ordered phones.
    Ordered {
        /// The items, the store and the address.
        basket: Basket,
        /// Price of one, in won.
        price: Money,
        /// Price of all of them, in won.
        amount: Money,
    },
    /// The order was paid, or costs nothing.
    Paid {
        /// The items, the store and the address.
        basket: Basket,
        /// Price of the whole order, in won.
        amount: Money,
    },
    /// The order failed before it was paid.
    Rejected {
        /// Kind of the failure, which selects the HTTP status.
        how: FailureKind,
        /// The reason, as a sentence.
        reason: String,
    },
    /// The order is to leave the store.
    Shipped,
    /// The points for the order are known.
    Credited {
        /// Number of points.
        points: Money,
    },
    /// The order was cancelled before the payment answered; what was paid is to be refunded.
    Withdrawn,
    /// The customer wants to cancel the order; the points for it are to be taken back.
    CancelRequested {
        /// Number of the attempt to cancel, from 1.
        attempt: u32,
        /// Time by which the points must be taken back.
        answer_by: Timestamp,
    },
    /// The attempt to cancel failed; the order is paid as before.
    Kept {
        /// Number of the attempt to cancel, from 1.
        attempt: u32,
        /// Kind of the failure, which selects the HTTP status.
        how: FailureKind,
        /// The reason, as a sentence.
        reason: String,
    },
    /// The points are taken back, so the order is cancelled; what was paid is to be refunded.
    Forfeited {
        /// The amount paid, in won; may be 0.
        amount: Money,
    },
    /// Everything done for the order has been undone.
    Cancelled,
}

impl Event {
    /// Returns the original's word for the status after this event, where it has one.
    #[must_use]
    pub const fn original_status(&self) -> Option<&'static str> {
        match self {
            Self::Withdrawn | Self::Forfeited { .. } | Self::Cancelled => Some(ORIGINAL_CANCELLED),
            _ => None,
        }
    }

    /// Returns the status shown to clients after this event; `None` when it does not change.
    #[must_use]
    pub const fn leads_to(&self) -> Option<&'static str> {
        match self {
            Self::Ordered { .. } => Some("Requested"),
            Self::Paid { .. } | Self::Kept { .. } => Some("Paid"),
            Self::Rejected { .. } => Some("Rejected"),
            Self::Shipped => Some("Shipped"),
            Self::CancelRequested { .. } => Some("Cancelling"),
            Self::Withdrawn | Self::Forfeited { .. } | Self::Cancelled => Some("Cancelled"),
            Self::Credited { .. } => None,
        }
    }
}

/// Reason why an order rejects a command.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, Error)]
pub enum Rejection {
    /// No order was ever placed under this number.
    #[error("there is no such order")]
    Unknown,
    /// An order was already placed under this number.
    #[error("the phones have been ordered already")]
    AlreadyOrdered,
    /// The name of the item is empty or too long.
    #[error("the item must have 1 to 100 characters")]
    BadItem,
    /// The store or the address is too long.
    #[error("store and address have at most 100 characters")]
    TooLong,
    /// The quantity is 0.
    #[error("the quantity must be at least 1")]
    NoneWanted,
    /// The amount exceeds the maximum.
    #[error("the order costs more than {}", Money::MAX)]
    TooDear,
    /// The command requires a paid order.
    #[error("the order has not been paid")]
    NotPaid,
    /// The order is paid, so it cannot be rejected.
    #[error("the order has been paid")]
    IsPaid,
    /// The order has been shipped.
    #[error("the order has been shipped")]
    IsShipped,
    /// A cancellation is pending.
    #[error("the order is being cancelled")]
    IsCancelling,
    /// The order is cancelled, or everything done for it is being undone.
    #[error("the order is cancelled")]
    IsCancelled,
    /// The order was rejected before it was paid.
    #[error("the order was rejected")]
    WasRejected,
    /// No cancellation is under way.
    #[error("the order is not being cancelled")]
    NotCancelling,
    /// Another number of points was credited before.
    #[error("the points have been credited already")]
    AlreadyCredited,
    /// The customer's price differs from the list price.
    #[error("the list price of one is {listed}, not {price}")]
    NotListed {
        /// List price of one, in won.
        listed: Money,
        /// The customer's price of one, in won.
        price: Money,
    },
    /// The quantity exceeds the maximum of one order.
    #[error("the quantity must be at most {}", Quantity::MAX.0)]
    TooMany,
    /// The name of the customer is blank or too long.
    #[error("the customer must have 1 to 100 characters, or be left out")]
    BadCustomer,
}

impl crate::domain::kernel::Rejection for Rejection {
    fn kind(&self) -> RejectionKind {
        match self {
            Self::Unknown => RejectionKind::Unknown,
            Self::BadItem
            | Self::TooLong
            | Self::NoneWanted
            | Self::TooDear
            | Self::NotListed { .. }
            | Self::TooMany
            | Self::BadCustomer => RejectionKind::Invalid,
            _ => RejectionKind::Conflict,
        }
    }
}
