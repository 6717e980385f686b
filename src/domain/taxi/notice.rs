//! The messages to the customer of an order: one for every change of the order.

use super::order::{Event as E, Order};
use crate::domain::kernel::{notice, prelude::*};

pub use crate::domain::kernel::notice::{Event, Rejection, Subject};

pub type Letter = notice::Letter<Change>;

pub type Sms = notice::Sending<Change>;

pub type Message = notice::Entry<Change>;

/// The changes that a customer is told of.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum Change {
    #[default]
    Requested,
    Paid,
    Confirmed,
    Cancelled,
    Rejected,
    Completed,
    Refunded,
}

impl Subject for Change {
    type Of = Order;
    const NOTICES: &'static str = "taxi/notices";
    const MESSAGES: &'static str = "taxi/messages";
    const PORT: &'static str = "taxi/sms";

    fn letter(order: Id<Order>, event: &E) -> Option<Letter> {
        let call = format!("your call {order}");
        let (customer, change, text) = match event {
            E::Called { customer, fare, .. } => {
                (customer, Self::Requested, format!("{call} is received, the fare is {fare}"))
            }
            E::Paid { customer, .. } => (customer, Self::Paid, format!("{call} is paid")),
            E::Confirmed { customer, taxi } => {
                let comes = taxi.map(|taxi| format!(", taxi {taxi} comes")).unwrap_or_default();
                (customer, Self::Confirmed, format!("{call} is confirmed{comes}"))
            }
            E::Cancelled { customer, reason, .. } => {
                let because =
                    reason.as_ref().map(|reason| format!(": {reason}")).unwrap_or_default();
                (customer, Self::Cancelled, format!("{call} is cancelled{because}"))
            }
            E::Rejected { customer, reason, .. } => {
                (customer, Self::Rejected, format!("{call} is rejected: {reason}"))
            }
            E::Completed { customer, .. } => {
                (customer, Self::Completed, format!("your ride {order} is over"))
            }
            E::Refunded { customer, amount } => {
                (customer, Self::Refunded, format!("the {amount} for {call} are given back"))
            }
            E::Released | E::Undone => return None,
        };
        Some(Letter { customer: customer.clone(), change, text })
    }
}
