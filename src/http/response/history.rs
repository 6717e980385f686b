//! The representation of the history of an aggregate.

use super::{conversation, hal};
use crate::{
    actors::{Collection, FieldChange, HistoryEntry},
    http::request::HISTORY,
    inbound::query::Query,
};
use serde_json::{Map, Value, json};
use std::io::Write as _;

/// A page of a history, with a link from each record to the representation after it.
#[must_use]
pub fn history(
    base: &str,
    number: u64,
    query: &Query,
    found: &Collection<HistoryEntry>,
) -> Vec<u8> {
    let itself = format!("{base}/{number}");
    hal::collection(&format!("{itself}/{HISTORY}"), query, found, |body, entry| {
        let _ = write!(body, "{}", as_json(base, &itself, entry));
    })
}

fn as_json(base: &str, itself: &str, history_entry: &HistoryEntry) -> Value {
    let HistoryEntry { entry, correlation, changes } = history_entry;
    let business = base.rsplit_once('/').map_or("", |(business, _)| business);
    let mut shown = conversation::as_json(entry);
    if let Some(fields) = shown.as_object_mut() {
        // It is the same aggregate in each record.
        fields.remove("who");
    }
    shown["version"] = json!(entry.version);
    if let Some(changes) = changes {
        shown["changes"] = changes.iter().map(change_as_json).collect::<Map<_, _>>().into();
    }
    shown["_links"] = json!({
        "self": { "href": format!("{itself}?at={}", entry.version) },
        "conversation": { "href": format!("{business}/conversations/{correlation}") },
    });
    shown
}

fn change_as_json(change: &FieldChange) -> (String, Value) {
    let sides = [("from", &change.from), ("to", &change.to)];
    let sides = sides
        .into_iter()
        .filter_map(|(side, value)| value.as_ref().map(|value| (side.to_owned(), value.clone())));
    (change.field.clone(), sides.collect::<Map<_, _>>().into())
}
