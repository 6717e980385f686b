//! The port that sends messages to customers: one message for every change of their order. A message
//! to a customer without a phone number is not sent, and recorded as failed.

use super::{
    notice::{Change, Command::Note, Letter, Notice},
    order::{Customer, Event, Event::*, Order},
};
use crate::domain::kernel::prelude::*;

#[derive(Clone, Copy, Debug)]
pub struct Sms;

impl Port for Sms {
    const NAME: &'static str = "taxi/sms";
    /// Few concurrent calls, so that messages do not delay orders.
    const CONCURRENCY: usize = 8;
    type Events = (Id<Order>, Event);

    fn ask((order, event): &Self::Events, _meta: &Meta) -> Option<PortRequest> {
        let Letter { customer, change, text } = letter(*order, event)?;
        Some(PortRequest {
            operation: "send",
            key: format!("send-{order}-{change:?}").to_lowercase(),
            undoes: None,
            body: json!({
                "operation": "send", "orderId": order, "phone": customer.phone,
                "name": customer.name, "status": change, "text": text,
            }),
            retry_policy: RetryPolicy::UntilAnswered,
        })
    }

    fn declined_before_call((order, event): &Self::Events) -> Option<String> {
        let is_unreachable = letter(*order, event)?.customer.phone.0.is_empty();
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

/// The message about this event; `None` when there is none.
fn letter(order: Id<Order>, event: &Event) -> Option<Letter> {
    let call = format!("your call {order}");
    let (customer, change, text) = match event {
        Called { customer, fare, .. } => {
            (customer, Change::Requested, format!("{call} is received, the fare is {fare}"))
        }
        Paid { customer, .. } => (customer, Change::Paid, format!("{call} is paid")),
        Confirmed { customer, taxi: Some(taxi) } => {
            (customer, Change::Confirmed, format!("{call} is confirmed, taxi {taxi} comes"))
        }
        Confirmed { customer, taxi: None } => {
            (customer, Change::Confirmed, format!("{call} is confirmed"))
        }
        Cancelled { customer, reason: None, .. } => {
            (customer, Change::Cancelled, format!("{call} is cancelled"))
        }
        Cancelled { customer, reason: Some(reason), .. } => {
            (customer, Change::Cancelled, format!("{call} is cancelled: {reason}"))
        }
        Rejected { customer, reason, .. } => {
            (customer, Change::Rejected, format!("{call} is rejected: {reason}"))
        }
        Completed { customer, .. } => {
            (customer, Change::Completed, format!("your ride {order} is over"))
        }
        Refunded { customer, amount } => {
            (customer, Change::Refunded, format!("the {amount} for {call} are given back"))
        }
        Released | Undone => return None,
    };
    Some(Letter { customer: customer.clone(), change, text })
}
