//! The port that sends messages to customers: one message for every change of their order. A message
//! to a customer without a phone number is not sent, and recorded as failed.

use super::{
    notice::{Change, Command::Note, Letter, Notice},
    order::{
        Customer,
        Event::{
            self, Called, Cancelled, Completed, Confirmed, Paid, Refunded, Rejected, Released,
            Undone,
        },
        Order,
    },
};
use crate::domain::kernel::{Dispatch, Id, Meta, Port, PortReply, PortRequest, RetryPolicy};
use serde_json::json;

/// Messages to customers.
#[derive(Clone, Copy, Debug)]
pub struct Sms;

impl Port for Sms {
    const NAME: &'static str = "taxi/sms";
    /// Few concurrent calls, so that messages do not delay orders.
    const CONCURRENCY: usize = 8;
    type Events = (Id<Order>, Event);

    fn ask((order, event): &Self::Events, _meta: &Meta) -> Option<PortRequest> {
        let letter = letter(*order, event)?;
        Some(PortRequest {
            operation: "send",
            key: format!("send-{order}-{:?}", letter.change).to_lowercase(),
            undoes: None,
            body: json!({
                "operation": "send",
                "orderId": order,
                "phone": letter.customer.phone,
                "name": letter.customer.name,
                "status": letter.change,
                "text": letter.text,
            }),
            retry_policy: RetryPolicy::UntilAnswered,
        })
    }

    fn declined_before_call((_, event): &Self::Events) -> Option<String> {
        let is_unreachable = recipient(event)?.phone.0.is_empty();
        is_unreachable.then(|| "the customer gave no phone number".to_owned())
    }

    fn on_reply((order, event): &Self::Events, _meta: &Meta, answer: &PortReply) -> Dispatch {
        let failed = match answer {
            PortReply::Approved(_) => None,
            PortReply::Declined(reason)
            | PortReply::Unreachable(reason)
            | PortReply::TurnedAway(reason) => Some(reason.clone()),
        };
        let letter = letter(*order, event).unwrap_or_else(|| Letter {
            customer: Customer::default(),
            change: Change::Cancelled,
            text: String::new(),
        });
        Dispatch::new(order.of::<Notice>(), Note { letter, failed })
    }
}

/// The customer who gets a message about this event; `None` when there is none.
const fn recipient(event: &Event) -> Option<&Customer> {
    match event {
        Called { customer, .. }
        | Paid { customer, .. }
        | Confirmed { customer, .. }
        | Cancelled { customer, .. }
        | Rejected { customer, .. }
        | Refunded { customer, .. }
        | Completed { customer, .. } => Some(customer),
        Released | Undone => None,
    }
}

fn letter(order: Id<Order>, event: &Event) -> Option<Letter> {
    let customer = recipient(event)?.clone();
    let (change, text) = match event {
        Called { fare, .. } => {
            (Change::Requested, format!("your call {order} is received, the fare is {fare}"))
        }
        Paid { .. } => (Change::Paid, format!("your call {order} is paid")),
        Confirmed { taxi: Some(taxi), .. } => {
            (Change::Confirmed, format!("your call {order} is confirmed, taxi {taxi} comes"))
        }
        Confirmed { taxi: None, .. } => {
            (Change::Confirmed, format!("your call {order} is confirmed"))
        }
        Cancelled { reason: None, .. } => {
            (Change::Cancelled, format!("your call {order} is cancelled"))
        }
        Cancelled { reason: Some(reason), .. } => {
            (Change::Cancelled, format!("your call {order} is cancelled: {reason}"))
        }
        Rejected { reason, .. } => {
            (Change::Rejected, format!("your call {order} is rejected: {reason}"))
        }
        Completed { .. } => (Change::Completed, format!("your ride {order} is over")),
        Refunded { amount, .. } => {
            (Change::Refunded, format!("the {amount} for your call {order} are given back"))
        }
        Released | Undone => return None,
    };
    Some(Letter { customer, change, text })
}
