//! The `AsyncAPI` 3.0 document of the events that the server publishes.

use super::{Described, VERSION, declared::DeclaredEvent};
use serde_json::{Map, Value, json};

/// The document of the events of these businesses.
pub(super) fn document(businesses: &[Described]) -> Value {
    let mut channels = Map::new();
    let mut operations = Map::new();
    let mut messages = Map::new();
    for business in businesses {
        for aggregate in &business.aggregates {
            let kind = format!("{}.{}", business.name, aggregate.name);
            let mut of_channel = Map::new();
            for event in &aggregate.events {
                let name = format!("{kind}.{}", event.name);
                of_channel.insert(name.clone(), reference(&["components", "messages", &name]));
                messages.insert(name.clone(), message(&kind, &name, event));
            }
            let channel = json!({
                "address": "/events",
                "title": format!("Events of {kind}"),
                "description": format!(
                    "`GET /events?business={}&aggregate={}` with `Accept: text/event-stream`.",
                    business.name, aggregate.name
                ),
                "messages": of_channel,
            });
            channels.insert(kind.clone(), channel);
            let operation = json!({
                "action": "send", "channel": reference(&["channels", &kind]),
                "summary": format!("The server sends the events of {kind} in the order of the journal."),
            });
            operations.insert(format!("send.{kind}"), operation);
        }
    }
    json!({
        "asyncapi": "3.0.0",
        "info": {
            "title": "madang", "version": VERSION,
            "description": "The events of all aggregates as CloudEvents 1.0, in one order.",
            "license": { "name": "MIT OR Apache-2.0" },
        },
        "defaultContentType": "application/cloudevents+json",
        "channels": channels,
        "operations": operations,
        "components": { "messages": messages },
    })
}

fn message(kind: &str, name: &str, event: &DeclaredEvent) -> Value {
    let text = json!({ "type": "string" });
    let path = kind.replace('.', "/");
    let mut properties = json!({
        "specversion": { "const": "1.0" },
        "id": { "type": "string", "description": "The position in the journal." },
        "source": { "type": "string", "pattern": format!("^/{path}/[0-9]+$") },
        "type": { "const": name },
        "time": { "type": "string", "format": "date-time" },
        "datacontenttype": { "const": "application/json" },
        "aggregateversion": { "type": "integer", "minimum": 1 },
        "correlation": text,
    });
    let mut required = vec![
        "specversion",
        "id",
        "source",
        "type",
        "time",
        "datacontenttype",
        "aggregateversion",
        "correlation",
    ];
    if let Some(data) = &event.data {
        properties["data"] = data.clone();
        required.push("data");
    }
    json!({
        "name": name,
        "title": event.name,
        "contentType": "application/cloudevents+json",
        "payload": { "type": "object", "properties": properties, "required": required },
    })
}

/// A reference within the document; the parts of its path are escaped (RFC 6901).
fn reference(parts: &[&str]) -> Value {
    let escaped = parts.iter().map(|part| part.replace('~', "~0").replace('/', "~1"));
    json!({ "$ref": format!("#/{}", escaped.collect::<Vec<_>>().join("/")) })
}
