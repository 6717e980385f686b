//! The notice: the messages sent to the customer of one order, one for every change of the order.
//! It has the order's number.

use super::{CallTaxi, order::Customer, settings::Settings};
use crate::domain::kernel::{
    Aggregate, CommandRoutes, Decision, Issuer, RejectionKind, Text, Timestamp,
};
use serde::{Deserialize, Serialize};
use thiserror::Error;

use Command::Note;
use Event::{Failed, Sent};

/// The messages sent to the customer of one order.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Notice {
    customer: Customer,
    told: Vec<Change>,
}

/// The changes that a customer is notified of. Each happens to an order at most once.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Change {
    /// The call was received.
    Requested,
    /// The order was paid.
    Paid,
    /// The order was confirmed.
    Confirmed,
    /// The order was cancelled.
    Cancelled,
    /// The order was rejected.
    Rejected,
    /// The ride was completed.
    Completed,
    /// The money was given back.
    Refunded,
}

/// A message to a customer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Letter {
    /// The recipient.
    pub customer: Customer,
    /// The change that the message is about.
    pub change: Change,
    /// The text of the message.
    pub text: String,
}

/// The commands of a notice.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum Command {
    /// The outside service has answered.
    Note {
        /// The message.
        letter: Letter,
        /// The reason why it was not sent; `None` when it was sent.
        failed: Option<String>,
    },
}

/// The events of a notice.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum Event {
    /// The message was sent.
    Sent {
        /// The message.
        letter: Letter,
    },
    /// The outside service refused to send the message.
    Failed {
        /// The message.
        letter: Letter,
        /// The reason of the outside service, as a sentence.
        reason: String,
    },
}

/// The reasons why a notice rejects a command. No rejection occurs: `Note` is never rejected, and
/// clients submit no commands to notices.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, Error)]
pub enum Rejection {
    /// No message was sent for an order of this number.
    #[error("there are no messages about such an order")]
    Unknown,
}

impl crate::domain::kernel::Rejection for Rejection {
    fn kind(&self) -> RejectionKind {
        RejectionKind::Unknown
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
        Shown {
            id: number,
            order_id: number,
            name: self.customer.name.clone(),
            phone: self.customer.phone.clone(),
            told: self.told.clone(),
        }
    }

    fn command_routes() -> CommandRoutes<Self> {
        CommandRoutes::new()
    }
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Shown {
    id: u64,
    order_id: u64,
    name: Text,
    phone: Text,
    told: Vec<Change>,
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::kernel::spec::{Spec, table};

    #[test]
    fn each_change_is_recorded_once_whether_its_message_was_sent_or_not() {
        let note = |change, failed: Option<&str>| {
            let letter = Letter { change, ..letter() };
            Note { letter, failed: failed.map(ToOwned::to_owned) }
        };
        let failed = Failed { letter: letter(), reason: "no such phone".into() };
        table::<Notice>(
            &[
                ("Blank", vec![]),
                ("Sent", vec![Sent { letter: letter() }]),
                ("Failed", vec![failed]),
            ],
            &[
                note(Change::Paid, None),
                note(Change::Paid, Some("down")),
                note(Change::Confirmed, None),
                note(Change::Confirmed, Some("down")),
            ],
            "
            past   Note Note   Note Note
            Blank  Sent Failed Sent Failed
            Sent   -    -      Sent Failed
            Failed -    -      Sent Failed
            ",
        );
    }

    #[test]
    fn a_repeated_result_of_a_message_changes_nothing() {
        let sent = || Sent { letter: letter() };
        Notice::given([sent()]).when(Note { letter: letter(), failed: None }).then([]);
        Notice::given([]).when(Note { letter: letter(), failed: None }).then([sent()]);
    }

    #[test]
    fn a_message_that_cannot_be_sent_is_recorded_as_failed() {
        Notice::given([])
            .when(Note { letter: letter(), failed: Some("no such phone".into()) })
            .then([Failed { letter: letter(), reason: "no such phone".into() }]);
    }

    fn letter() -> Letter {
        Letter { customer: Customer::default(), change: Change::Paid, text: "paid".into() }
    }
}
