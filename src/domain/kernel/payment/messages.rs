//! The commands, events and rejections of a payment.

use super::{Stage, TransactionId};
use crate::domain::kernel::{self, Money, RejectionKind};
use Event::{
    Abandoned, Amended, Approved, Declined, RefundDeclined, RefundRequested, Refunded, Requested,
    TurnedAway, Voided,
};
use serde::{Deserialize, Serialize};
use thiserror::Error;

/// The commands of a payment.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum Command<B> {
    /// Requests a charge for this bill.
    Request {
        /// The bill: what is paid for.
        bill: B,
        /// The amount, in won.
        amount: Money,
    },
    /// The card was charged.
    Approve {
        /// The provider's number of the charge, if its answer had one.
        transaction_id: Option<TransactionId>,
    },
    /// The card was not charged.
    Decline {
        /// The reason, as a sentence.
        reason: String,
    },
    /// The outside service did not answer, so it is unknown whether the card was charged.
    Abandon {
        /// The reason, as a sentence.
        reason: String,
    },
    /// Requests a refund.
    Refund,
    /// The money was given back.
    ConfirmRefund,
    /// The outside service declined the refund.
    DeclineRefund {
        /// The reason, as a sentence.
        reason: String,
    },
    /// The cashier gave the money back by hand.
    Settle,
    /// A client repeats what the order has already requested.
    Restate,
    /// The gate refused the charge, so the outside service was never asked.
    TurnAway {
        /// The reason, as a sentence.
        reason: String,
    },
    /// A client adds details to the bill.
    Amend {
        /// The details.
        bill: B,
    },
}

/// The events of a payment.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum Event<B> {
    /// The card is to be charged.
    Requested {
        /// The bill: what is paid for.
        bill: B,
        /// The amount, in won.
        amount: Money,
    },
    /// The card was charged.
    Approved {
        /// The provider's number of the charge, if its answer had one.
        #[serde(default)]
        transaction_id: Option<TransactionId>,
    },
    /// The card was not charged.
    Declined {
        /// The reason, as a sentence.
        reason: String,
    },
    /// The outside service did not answer; any charge is to be refunded.
    Abandoned {
        /// The amount that may have been charged, in won.
        amount: Money,
        /// The reason, as a sentence.
        reason: String,
    },
    /// The abandoned charge was refunded, or had never been made.
    Voided,
    /// The money is to be given back.
    RefundRequested {
        /// The amount, in won.
        amount: Money,
        /// The provider's number of the charge, if its answer had one.
        #[serde(default)]
        transaction_id: Option<TransactionId>,
    },
    /// The money was given back.
    Refunded,
    /// The outside service declined the refund: the cashier has to give the money back.
    RefundDeclined {
        /// The reason, as a sentence.
        reason: String,
    },
    /// The outside service was never asked, so nothing was charged.
    TurnedAway {
        /// The reason, as a sentence.
        reason: String,
    },
    /// A client added details to the bill.
    Amended {
        /// The bill with these details.
        bill: B,
        /// Whether the card had been charged before.
        charged: bool,
    },
}

/// The reasons why a payment rejects a command.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, Error)]
pub enum Rejection {
    /// No payment has this number.
    #[error("there is no such payment")]
    Unknown,
    /// Another bill or amount was requested before.
    #[error("the payment has been requested already")]
    AlreadyRequested,
    /// The charge has another answer already.
    #[error("the payment has been answered already")]
    AlreadyAnswered,
    /// No money was paid that could be refunded.
    #[error("nothing has been paid")]
    NothingPaid,
    /// No refund was requested.
    #[error("no refund has been requested")]
    NoRefund,
    /// The details contradict the bill.
    #[error("{reason}")]
    Contradicts {
        /// The contradiction, as a sentence.
        reason: String,
    },
    /// The payment failed or is refunded, so nothing is added to the bill.
    #[error("the payment is over")]
    IsOver,
}

impl kernel::Rejection for Rejection {
    fn kind(&self) -> RejectionKind {
        match self {
            Self::Unknown => RejectionKind::Unknown,
            _ => RejectionKind::Conflict,
        }
    }
}

impl<B> Event<B> {
    /// The stage of the payment after this event, for views that show it.
    #[must_use]
    pub const fn stage(&self) -> Stage {
        match self {
            Requested { .. } | Amended { charged: false, .. } => Stage::Requested,
            Approved { .. } | Amended { charged: true, .. } => Stage::Approved,
            Declined { .. } | Abandoned { .. } | Voided | TurnedAway { .. } => Stage::Declined,
            RefundRequested { .. } => Stage::RefundRequested,
            RefundDeclined { .. } => Stage::RefundDeclined,
            Refunded => Stage::Refunded,
        }
    }
}
