//! The view of messages to customers, one row for each message.

use super::notice::{
    Change,
    Event::{self, Failed, Sent},
    Notice,
};
use crate::domain::kernel::{Field, Id, Meta, Text, Timestamp, View};
use serde::{Deserialize, Serialize};

/// One message, sent or failed.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Message {
    /// Its number: the position of its record.
    pub id: u64,
    /// The order it is about.
    pub order_id: u64,
    /// The name of the recipient.
    pub name: Text,
    /// The phone number of the recipient.
    pub phone: Text,
    /// The change of the order it is about.
    pub status: Change,
    /// The text of the message.
    pub text: String,
    /// The reason why it was not sent; `None` when it was sent.
    pub failed: Option<String>,
    /// The time at which the result was recorded, in milliseconds since the epoch.
    pub time: Timestamp,
}

impl View for Message {
    const NAME: &'static str = "taxi/messages";
    type Events = (Id<Notice>, Event);
    const FIELDS: &'static [Field] = &[
        Field::key("id"),
        Field::number("orderId"),
        Field::text("phone"),
        Field::text("status"),
        Field::time("time"),
    ];

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
