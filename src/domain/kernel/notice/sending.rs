//! The port that sends messages, and the view that lists them.

use super::{
    Command::Note,
    Event::{self, Failed, Sent},
    Letter, Notice, Subject,
};
use crate::{
    domain::kernel::{
        Aggregate, Dispatch, Field, Id, Link, Meta, Personal, Port, PortReply, PortRequest,
        RetryPolicy, Timestamp, View, command_name,
    },
    fields,
};
use serde::{Deserialize, Serialize};
use serde_json::json;
use std::marker::PhantomData;

/// The port that sends the messages: one for each subject of an order.
#[derive(Clone, Copy, Debug)]
pub struct Sending<S>(PhantomData<fn() -> S>);

impl<S: Subject> Port for Sending<S> {
    const NAME: &'static str = S::PORT;
    /// Few concurrent calls, so that messages do not delay orders.
    const CONCURRENCY: usize = 8;
    type Events = (Id<S::Of>, <S::Of as Aggregate>::Event);

    fn ask((order, event): &Self::Events, _meta: &Meta) -> Option<PortRequest> {
        let Letter { customer, change, text } = S::letter(*order, event)?;
        Some(PortRequest {
            operation: "send",
            key: format!("send-{order}-{}", command_name(&change)).to_lowercase(),
            undoes: None,
            body: json!({
                "operation": "send", "orderId": order, "phone": customer.phone,
                "name": customer.name, "status": change, "text": text,
            }),
            retry_policy: RetryPolicy::UntilAnswered,
        })
    }

    fn declined_before_call((order, event): &Self::Events) -> Option<String> {
        let is_reachable = S::letter(*order, event)?.customer.phone.is_known();
        (!is_reachable).then(|| "the customer gave no phone number".to_owned())
    }

    fn on_reply((order, event): &Self::Events, _meta: &Meta, answer: &PortReply) -> Dispatch {
        let letter = S::letter(*order, event).unwrap_or_default();
        Dispatch::new(order.of::<Notice<S>>(), Note { letter, failed: answer.refusal() })
    }
}

/// Row of the view: one message, sent or failed.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Entry<S> {
    /// The position of its record.
    pub id: u64,
    /// The order that the message is about.
    pub order_id: u64,
    /// The name of the customer.
    pub name: Personal,
    /// The phone number of the customer.
    pub phone: Personal,
    /// The subject.
    pub status: S,
    /// The text.
    pub text: String,
    /// The reason why it was not sent; `None` when it was sent.
    pub failed: Option<String>,
    /// The time at which the result was recorded.
    pub time: Timestamp,
}

impl<S: Subject> View for Entry<S> {
    const NAME: &'static str = S::MESSAGES;
    type Events = (Id<Notice<S>>, Event<S>);
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
