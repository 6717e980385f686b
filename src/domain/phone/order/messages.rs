//! What an order can be told, what can happen to it, and why it says no.

use super::Basket;
use crate::domain::kernel::{Fall, Money, Quantity, RejectionKind, Timestamp};
use serde::{Deserialize, Serialize};
use thiserror::Error;

/// What an order can be told.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum Command {
    /// A customer wants phones.
    Place {
        /// What is bought.
        basket: Basket,
        /// What one costs, in won; by the list when `None`. Refused when the list says otherwise.
        price: Option<Money>,
    },
    /// The customer does not want them any more.
    Cancel,
    /// The payment was approved.
    Pay,
    /// It could not be paid.
    Reject {
        /// Which family of answer that is.
        how: Fall,
        /// The reason, as a sentence.
        because: String,
    },
    /// The store is ready to ship it.
    Ship,
    /// The bank granted points for it.
    Credit {
        /// How many.
        points: Money,
    },
    /// The points for it are taken back, for the sake of this attempt to cancel it.
    Forfeit {
        /// Which attempt, from 1.
        attempt: u32,
    },
    /// The points for it cannot be taken back, so this attempt to cancel it comes to nothing.
    Keep {
        /// Which attempt, from 1.
        attempt: u32,
        /// Which family of answer that is.
        how: Fall,
        /// The reason, as a sentence.
        because: String,
    },
    /// The money is back, or there was none.
    FinishCancelling,
}

/// What can happen to an order.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum Event {
    /// A customer ordered phones.
    Ordered {
        /// What is bought.
        basket: Basket,
        /// What one costs, in won.
        price: Money,
        /// What all of them cost, in won.
        amount: Money,
    },
    /// It was paid, or costs nothing.
    Paid {
        /// What is bought.
        basket: Basket,
        /// What all of it cost, in won.
        amount: Money,
    },
    /// It did not come about.
    Rejected {
        /// Which family of answer that is.
        how: Fall,
        /// The reason, as a sentence.
        because: String,
    },
    /// It leaves the store.
    Shipped,
    /// There are points for it.
    Credited {
        /// How many.
        points: Money,
    },
    /// It was cancelled before the payment answered: whatever is paid is to be given back.
    Withdrawn,
    /// The customer wants to cancel it: the points for it are to be taken back.
    CancelRequested {
        /// Which attempt, from 1.
        attempt: u32,
        /// Until when that has to have happened.
        answer_by: Timestamp,
    },
    /// The attempt to cancel it came to nothing; it is as it was before.
    Kept {
        /// Which attempt, from 1.
        attempt: u32,
        /// Which family of answer that is.
        how: Fall,
        /// The reason, as a sentence.
        because: String,
    },
    /// The points for it are taken back: now it is cancelled, and the money is to be given back.
    Forfeited {
        /// What was paid, in won; perhaps nothing.
        amount: Money,
    },
    /// Everything done for it has been undone.
    Cancelled,
}

impl Event {
    /// The status that an order has after this, as clients are told; `None` when it stays.
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

/// Why an order says no.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, Error)]
pub enum Rejection {
    /// Nobody ever ordered under this number.
    #[error("there is no such order")]
    Unknown,
    /// This number has been ordered under before.
    #[error("the phones have been ordered already")]
    AlreadyOrdered,
    /// The item says nothing or too much.
    #[error("the item must have 1 to 100 characters")]
    BadItem,
    /// A store or an address that cannot be one.
    #[error("store and address have at most 100 characters")]
    TooLong,
    /// Nothing was ordered.
    #[error("the quantity must be at least 1")]
    NoneWanted,
    /// More than there is to pay with.
    #[error("the order costs more than {}", Money::MAX)]
    TooDear,
    /// There is no money for what it is told.
    #[error("the order has not been paid")]
    NotPaid,
    /// What is paid does not become unpaid.
    #[error("the order has been paid")]
    IsPaid,
    /// It has left the store.
    #[error("the order has been shipped")]
    IsShipped,
    /// Whether it is cancelled is being decided.
    #[error("the order is being cancelled")]
    IsCancelling,
    /// It is being undone, or was.
    #[error("the order is cancelled")]
    IsCancelled,
    /// It never stood.
    #[error("the order was rejected")]
    WasRejected,
    /// Nobody asked for it to be undone.
    #[error("the order is not being cancelled")]
    NotCancelling,
    /// There were points for it before, and not as many.
    #[error("the points have been credited already")]
    AlreadyCredited,
    /// The list says what one costs, and the customer says something else.
    #[error("the list price of one is {listed}, not {price}")]
    NotListed {
        /// What one costs by the list, in won.
        listed: Money,
        /// What the customer said that one costs, in won.
        price: Money,
    },
    /// More than a shop sells at once.
    #[error("the quantity must be at most {}", Quantity::MAX.0)]
    TooMany,
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
            | Self::TooMany => RejectionKind::Invalid,
            _ => RejectionKind::Conflict,
        }
    }
}
