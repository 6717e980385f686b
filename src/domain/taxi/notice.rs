//! The notice: the messages sent to the customer of one order, one for every change of the order.
//! It has the order's number. A port sends the messages, and a view lists them.
//!
//! A message to a customer without a phone number is not sent, and recorded as failed.

use super::{
    CallTaxi,
    order::{self, Customer, Order},
    settings::Settings,
};
use crate::domain::kernel::prelude::*;

use Command::*;
use Event::*;

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Notice {
    customer: Customer,
    told: Vec<Change>,
}

/// The changes that a customer is notified of. Each happens to an order at most once.
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

/// A message to a customer.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Letter {
    pub customer: Customer,
    pub change: Change,
    pub text: String,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum Command {
    /// The outside service has answered; `failed` is `None` when the message was sent.
    Note { letter: Letter, failed: Option<String> },
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum Event {
    Sent { letter: Letter },
    Failed { letter: Letter, reason: String },
}

rejections! {
    /// No rejection occurs: `Note` is never rejected, and clients submit no commands to notices.
    pub enum Rejection {
        Unknown: unknown "there are no messages about such an order";
    }
}

impl Aggregate for Notice {
    const NAME: &'static str = "taxi/notices";
    type Business = CallTaxi;
    type Command = Command;
    type Event = Event;
    type Rejection = Rejection;

    fn issuer(_command: &Command) -> Issuer {
        Issuer::Internal
    }

    fn decide(&self, command: Command, _now: Timestamp, _settings: &Settings) -> Decision<Self> {
        match command {
            Note { letter, .. } if self.told.contains(&letter.change) => Ok(vec![]),
            Note { letter, failed: None } => Ok(vec![Sent { letter }]),
            Note { letter, failed: Some(reason) } => Ok(vec![Failed { letter, reason }]),
        }
    }

    fn evolve(mut self, event: Event) -> Self {
        let (Sent { letter } | Failed { letter, .. }) = event;
        self.customer = letter.customer;
        self.told.push(letter.change);
        self
    }

    fn represent(&self, number: u64) -> impl Serialize {
        object! {
            "id": number, "orderId": number, "name": &self.customer.name,
            "phone": &self.customer.phone, "told": &self.told,
        }
    }

    fn command_routes() -> CommandRoutes<Self> {
        CommandRoutes::new()
    }
}

/// The port that sends messages.
#[derive(Clone, Copy, Debug)]
pub struct Sms;

impl Port for Sms {
    const NAME: &'static str = "taxi/sms";
    /// Few concurrent calls, so that messages do not delay orders.
    const CONCURRENCY: usize = 8;
    type Events = (Id<Order>, order::Event);

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
        let letter = letter(*order, event).unwrap_or_default();
        Dispatch::new(order.of::<Notice>(), Note { letter, failed })
    }
}

/// The message about this event; `None` when there is none.
fn letter(order: Id<Order>, event: &order::Event) -> Option<Letter> {
    use order::Event as E;
    let call = format!("your call {order}");
    let (customer, change, text) = match event {
        E::Called { customer, fare, .. } => {
            (customer, Change::Requested, format!("{call} is received, the fare is {fare}"))
        }
        E::Paid { customer, .. } => (customer, Change::Paid, format!("{call} is paid")),
        E::Confirmed { customer, taxi: Some(taxi) } => {
            (customer, Change::Confirmed, format!("{call} is confirmed, taxi {taxi} comes"))
        }
        E::Confirmed { customer, taxi: None } => {
            (customer, Change::Confirmed, format!("{call} is confirmed"))
        }
        E::Cancelled { customer, reason: None, .. } => {
            (customer, Change::Cancelled, format!("{call} is cancelled"))
        }
        E::Cancelled { customer, reason: Some(reason), .. } => {
            (customer, Change::Cancelled, format!("{call} is cancelled: {reason}"))
        }
        E::Rejected { customer, reason, .. } => {
            (customer, Change::Rejected, format!("{call} is rejected: {reason}"))
        }
        E::Completed { customer, .. } => {
            (customer, Change::Completed, format!("your ride {order} is over"))
        }
        E::Refunded { customer, amount } => {
            (customer, Change::Refunded, format!("the {amount} for {call} are given back"))
        }
        E::Released | E::Undone => return None,
    };
    Some(Letter { customer: customer.clone(), change, text })
}

/// The view of messages, one row for each message, sent or failed.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Message {
    /// The position of its record.
    pub id: u64,
    pub order_id: u64,
    pub name: Text,
    pub phone: Text,
    /// The change of the order that the message is about.
    pub status: Change,
    pub text: String,
    /// The reason why it was not sent; `None` when it was sent.
    pub failed: Option<String>,
    /// The time at which the result was recorded.
    pub time: Timestamp,
}

impl View for Message {
    const NAME: &'static str = "taxi/messages";
    type Events = (Id<Notice>, Event);
    const FIELDS: &'static [Field] =
        fields!(key "id"; number "orderId"; text "phone", "status"; time "time");

    const LINKS: &'static [Link] = &[Link::to_conversation("orderId")];

    fn key(_heard: &Self::Events, meta: &Meta) -> Option<u64> {
        Some(meta.position)
    }

    fn fold(_row: Option<Self>, (notice, event): Self::Events, meta: &Meta) -> Option<Self> {
        let (letter, failed) = match event {
            Sent { letter } => (letter, None),
            Failed { letter, reason } => (letter, Some(reason)),
        };
        Some(Self {
            id: meta.position,
            order_id: notice.number(),
            name: letter.customer.name,
            phone: letter.customer.phone,
            status: letter.change,
            text: letter.text,
            failed,
            time: meta.time,
        })
    }
}

#[cfg(test)]
mod specs {
    use super::*;
    use crate::domain::kernel::spec::Spec;

    #[test]
    fn each_change_is_recorded_once_whether_its_message_was_sent_or_not() {
        let letter = |change| Letter { change, ..Letter::default() };
        let note = |change, failed| Note { letter: letter(change), failed };
        let reason = || "no such phone".to_owned();
        let sent = |change| Sent { letter: letter(change) };
        let failed = |change| Failed { letter: letter(change), reason: reason() };
        let (paid, confirmed) = (Change::Paid, Change::Confirmed);
        Notice::given([]).when(note(paid, None)).then([sent(paid)]);
        Notice::given([]).when(note(paid, Some(reason()))).then([failed(paid)]);
        for past in [sent(paid), failed(paid)] {
            let given = || Notice::given([past.clone()]);
            given().when(note(paid, None)).then([]);
            given().when(note(paid, Some(reason()))).then([]);
            given().when(note(confirmed, None)).then([sent(confirmed)]);
            given().when(note(confirmed, Some(reason()))).then([failed(confirmed)]);
        }
    }
}
