//! Commands, events and rejections of a subscription.

use super::Terms;
use crate::domain::kernel::{FailureKind, Money, RejectionKind, Text};
use serde::{Deserialize, Serialize};
use thiserror::Error;

/// Commands of a subscription.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum Command {
    /// A customer applies for a policy.
    Apply {
        /// Name of the product.
        product_name: Text,
        /// The customer; may be empty.
        customer: Text,
    },
    /// The customer cancels the subscription.
    Cancel,
    /// The catalogue has quoted the premium. Only applications of versions before `Quote` get it.
    Price {
        /// The premium, in won.
        premium: Money,
    },
    /// The premium was paid.
    Accept,
    /// An underwriter reviews the subscription.
    Review,
    /// The underwriter approved the subscription.
    Contract,
    /// The underwriter refused the subscription.
    Refuse,
    /// The payment failed, or the product is not for sale.
    Reject {
        /// Kind of the failure, which selects the HTTP status.
        how: FailureKind,
        /// The reason, as a sentence.
        reason: String,
    },
    /// The premium paid for the cancelled subscription, if any, has been refunded.
    FinishCancelling,
    /// The premium is asked for.
    AskQuote,
    /// The catalogue was searched for the product.
    Quote {
        /// The terms in force of the product; `None` when it is not registered.
        listed: Option<Terms>,
    },
}

/// Events of a subscription.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum Event {
    /// A customer applied for a policy.
    Requested {
        /// Name of the product.
        product_name: Text,
        /// The customer.
        customer: Text,
    },
    /// The premium is known.
    Priced {
        /// The premium, in won.
        premium: Money,
    },
    /// The premium was paid, so the subscription stands.
    Applied,
    /// An underwriter reviews the subscription.
    ReviewBegan,
    /// The policy is in force.
    Contracted,
    /// The company refused the subscription.
    Refused,
    /// The customer cancelled the subscription; what was paid is to be refunded.
    Cancelled,
    /// The subscription failed before it was paid.
    Rejected {
        /// Kind of the failure, which selects the HTTP status.
        how: FailureKind,
        /// The reason, as a sentence.
        reason: String,
    },
    /// The premium paid for the cancelled subscription, if any, has been refunded.
    Undone,
    /// The premium is asked for.
    QuoteAsked {
        /// Name of the product.
        product_name: Text,
    },
}

/// Reason why a subscription rejects a command.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, Error)]
pub enum Rejection {
    /// No subscription was ever requested under this number.
    #[error("there is no such subscription")]
    Unknown,
    /// A subscription was already requested under this number.
    #[error("the subscription has been requested already")]
    AlreadyRequested,
    /// The product's name is empty or too long.
    #[error("the name of the product must have 1 to 100 characters")]
    BadName,
    /// The customer's name is too long.
    #[error("the customer has at most 100 characters")]
    TooLong,
    /// Another premium was quoted before.
    #[error("the subscription has been priced already")]
    IsPriced,
    /// The command requires a paid subscription.
    #[error("the subscription has not been paid")]
    NotPaid,
    /// The subscription is paid, so it cannot be rejected.
    #[error("the subscription has been paid")]
    IsPaid,
    /// No underwriter reviews the subscription.
    #[error("the subscription is not under review")]
    NotUnderReview,
    /// The policy is in force.
    #[error("the subscription is contracted")]
    IsContracted,
    /// The company refused the subscription.
    #[error("the subscription was refused")]
    WasRefused,
    /// The customer cancelled the subscription.
    #[error("the subscription is cancelled")]
    IsCancelled,
    /// The subscription was rejected before it was paid.
    #[error("the subscription was rejected")]
    WasRejected,
    /// No cancellation is under way.
    #[error("the subscription is not being cancelled")]
    NotCancelling,
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
