//! Events in the form of the specification `CloudEvents` 1.0, in JSON.

use crate::{actors::AggregateEvent, inbound::position_token::PositionToken};
use serde::Serialize;
use serde_json::Value;

/// An event in that form. The attributes after `datacontenttype` are extensions.
#[derive(Serialize)]
struct CloudEvent<'a> {
    specversion: &'static str,
    /// The position of the event.
    id: String,
    /// The path of the aggregate: `/taxi/orders/7`.
    source: String,
    #[serde(rename = "type")]
    kind: String,
    time: String,
    datacontenttype: &'static str,
    /// The version of the aggregate after the event.
    aggregateversion: u32,
    /// The path of the conversation: `/taxi/conversations/7`.
    correlation: String,
    #[serde(skip_serializing_if = "Value::is_null")]
    data: &'a Value,
}

/// A message of a stream of Server-Sent Events: its data on one line, and the position as its id.
#[must_use]
pub fn message(position: u64, data: &str) -> String {
    format!("id: {}\ndata: {data}\n\n", PositionToken(position))
}

/// The event in that form.
#[must_use]
pub fn encoded(event: &AggregateEvent) -> String {
    let header = &event.header;
    let shown = CloudEvent {
        specversion: "1.0",
        id: PositionToken(header.position).to_string(),
        source: format!("/{}/{}/{}", header.business, header.resource, header.stream.number),
        kind: event.full_name(),
        time: header.time.to_rfc3339(),
        datacontenttype: "application/json",
        aggregateversion: header.version,
        correlation: format!("/{}/conversations/{}", header.business, header.correlation),
        data: &event.details,
    };
    serde_json::to_string(&shown).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        actors::EventHeader,
        domain::kernel::{Readers, Timestamp},
        store::{KindId, Stream},
    };
    use serde_json::json;

    #[test]
    fn an_event_is_shown_with_the_required_attributes_of_the_specification() {
        let header = EventHeader {
            position: 7,
            time: Timestamp(1_622_635_791_863),
            business: "taxi",
            resource: "orders",
            stream: Stream { kind: KindId(1), number: 3 },
            version: 2,
            correlation: 3,
            owner: None,
            readers: Readers::Owner,
        };
        let event =
            AggregateEvent { header, name: "Paid".to_owned(), details: json!({"grade": "basic"}) };
        let shown: Value = serde_json::from_str(&encoded(&event)).unwrap();
        let expected = json!({
            "specversion": "1.0",
            "id": PositionToken(7).to_string(),
            "source": "/taxi/orders/3",
            "type": "taxi.orders.Paid",
            "time": "2021-06-02T12:09:51.863Z",
            "datacontenttype": "application/json",
            "aggregateversion": 2,
            "correlation": "/taxi/conversations/3",
            "data": {"grade": "basic"},
        });
        assert_eq!(shown, expected);
        let bare = AggregateEvent { details: Value::Null, ..event };
        assert!(!encoded(&bare).contains("data\":null"), "an event without details has no data");
    }
}
