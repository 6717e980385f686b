//! The view of messages to customers, one row for each message.

use super::notice::{
    Change,
    Event::{self, Failed, Sent},
    Notice,
};
use crate::domain::kernel::prelude::*;

/// One message, sent or failed.
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
