//! The notice: the messages sent to the customer of one order, one for every change of the order.
//! It has the order's number.

use super::{CallTaxi, order::Customer, settings::Settings};
use crate::domain::kernel::prelude::*;

use Command::*;
use Event::*;

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Notice {
    customer: Customer,
    told: Vec<Change>,
}

/// The changes that a customer is notified of. Each happens to an order at most once.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Change {
    Requested,
    Paid,
    Confirmed,
    Cancelled,
    Rejected,
    Completed,
    Refunded,
}

/// A message to a customer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
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

#[cfg(test)]
mod specs {
    use super::*;
    use crate::domain::kernel::spec::{Spec, table};

    #[test]
    fn each_change_is_recorded_once_whether_its_message_was_sent_or_not() {
        let pasts = [("Blank", vec![]), ("Sent", vec![sent()]), ("Failed", vec![failed()])];
        let commands = [
            note(Change::Paid, None),
            note(Change::Paid, Some("down")),
            note(Change::Confirmed, None),
            note(Change::Confirmed, Some("down")),
        ];
        table::<Notice>(
            &pasts,
            &commands,
            "
            past   Note Note   Note Note
            Blank  Sent Failed Sent Failed
            Sent   -    -      Sent Failed
            Failed -    -      Sent Failed
            ",
        );
    }

    #[test]
    fn a_message_that_cannot_be_sent_is_recorded_with_the_reason() {
        Notice::given([]).when(note(Change::Paid, None)).then([sent()]);
        Notice::given([]).when(note(Change::Paid, Some("no such phone"))).then([failed()]);
    }

    fn note(change: Change, failed: Option<&str>) -> Command {
        Note { letter: letter(change), failed: failed.map(ToOwned::to_owned) }
    }

    fn sent() -> Event {
        Sent { letter: letter(Change::Paid) }
    }

    fn failed() -> Event {
        Failed { letter: letter(Change::Paid), reason: "no such phone".into() }
    }

    fn letter(change: Change) -> Letter {
        Letter { customer: Customer::default(), change, text: "news".into() }
    }
}
