//! The parts of a cancelled order that are still to be undone.

use super::{
    Command::{self, Close, FinishCancelling, RecordRefund},
    Event::{Refunded, Released, Undone},
    Order, Rejection, Status,
};
use crate::domain::{
    kernel::{Decision, Id},
    taxi::taxi::Taxi,
};
use serde::{Deserialize, Serialize};

/// The stage of an order when it was cancelled, which determines what is to be undone.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub enum Stage {
    /// The payment had not answered.
    Requested,
    /// The order was paid, and a reservation made or about to be made.
    Paid,
    /// The order was confirmed with this taxi, or without one.
    Confirmed {
        /// The taxi to be given back.
        taxi: Option<Id<Taxi>>,
    },
}

/// What is still to be undone for a cancelled order.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub(super) enum Left {
    /// The payment.
    Money,
    /// The reservation and the taxi.
    Ride,
    /// The payment, the reservation and the taxi.
    Both,
}

impl Left {
    /// Decides a command about an order of which this is still to be undone.
    pub(super) fn decide(self, order: &Order, command: &Command) -> Decision<Order> {
        let refunded = || Refunded { customer: order.customer(), amount: order.fare };
        match (self, command) {
            (Self::Money, Close) | (Self::Ride, FinishCancelling) => Ok(vec![Undone]),
            (Self::Money, RecordRefund) => Ok(vec![refunded(), Undone]),
            (Self::Both, RecordRefund) => Ok(vec![refunded()]),
            (Self::Both, FinishCancelling) => Ok(vec![Released]),
            (Self::Money, FinishCancelling) | (Self::Ride, RecordRefund) => Ok(vec![]),
            (Self::Both | Self::Ride, Close) => Err(Rejection::IsPaid),
            (_, command) => Status::Cancelling(self).already(command),
        }
    }
}
