//! The commands, events and rejections of a sale.

use super::super::{FailureKind, Money};
use crate::rejections;
use serde::{Deserialize, Serialize};

/// The commands of an order.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum Command<G> {
    /// A customer orders these goods.
    Place(G),
    /// The customer calls the order off.
    Cancel,
    /// The clerk hands the goods over.
    HandOver,
    /// The goods are paid.
    Pay,
    /// The payment failed.
    Reject {
        /// The kind of the failure.
        how: FailureKind,
        /// The reason, as a sentence.
        reason: String,
    },
    /// No money of the order that was called off is kept any more.
    Close,
}

/// The events of an order. Those that other parts of a business wait for carry the goods.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum Event<G> {
    /// A customer ordered these goods.
    Placed {
        /// What is ordered.
        goods: G,
        /// The price of the goods, in won.
        amount: Money,
    },
    /// The goods are paid.
    Paid {
        /// What was ordered.
        goods: G,
    },
    /// The customer has the goods.
    HandedOver {
        /// What was ordered.
        goods: G,
    },
    /// The order was called off; what was paid is to be refunded.
    Cancelled {
        /// What was ordered.
        goods: G,
    },
    /// The payment failed, and no money of the order is kept.
    Rejected {
        /// The kind of the failure.
        how: FailureKind,
        /// The reason, as a sentence.
        reason: String,
    },
    /// No money of the order that was called off is kept any more.
    Closed,
}

rejections! {
    /// The reasons why an order rejects a command.
    pub enum Rejection {
        Unknown: unknown "there is no such order";
        NotForSale { reason: String }: invalid "{reason}";
        TooDear: invalid "the order costs more than {}", Money::MAX;
        AlreadyPlaced: "the order has been placed already";
        NotPaid: "the order has not been paid";
        IsPaid: "the order has been paid";
        IsHandedOver: "the order has been handed over";
        IsCancelled: "the order is cancelled";
        WasRejected: "the order was rejected";
    }
}
