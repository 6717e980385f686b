//! The operations of persistent subscriptions.

use super::{Paths, component, operation::Operation};
use serde_json::{Value, json};

/// The path of all subscriptions that every server has.
const BASE: &str = "/events/subscriptions";

/// The optional fields that may be `null`.
const NULLABLE: [&str; 10] = [
    "business",
    "aggregate",
    "number",
    "correlation",
    "start",
    "attemptsMax",
    "url",
    "secret",
    "consumer",
    "events",
];

/// The description of the tag.
pub(super) fn tag() -> Value {
    json!({
        "name": "subscriptions",
        "description": "Named readers of the events, for consumers that share the work, and webhooks.",
    })
}

/// Adds the paths of subscriptions.
pub(super) fn describe(paths: &mut Paths) {
    let shown = subscription();
    let list = json!({
        "type": "object",
        "properties": {
            "subscriptions": { "type": "array", "items": shown },
            "_links": component("schemas", "Links"),
        },
        "required": ["subscriptions", "_links"],
    });
    Operation::new("subscriptions", "subscriptions", "List the subscriptions")
        .answers(200, "Those that the client sees.", &list, &[])
        .secured(false)
        .put(paths, "get", BASE);
    named("subscription", "Show a subscription, with its lag")
        .answers(200, "The subscription.", &shown, &[])
        .put(paths, "get", &at(""));
    named("put_subscription", "Create a subscription, or change it")
        .body(&terms(), &[json!({ "start": "beginning", "filter": { "business": "taxi" } })])
        .answers(200, "It exists.", &shown, &[])
        .answers(201, "It is created.", &shown, &["Location"])
        .refused(&[409, 507])
        .put(paths, "put", &at(""));
    named("delete_subscription", "Delete a subscription, its position and its parked events")
        .answers_nothing(204, "It is deleted.")
        .refused(&[507])
        .put(paths, "delete", &at(""));
    claims(paths);
    parked(paths);
}

fn at(rest: &str) -> String {
    format!("{BASE}/{{name}}{rest}")
}

/// An operation on one subscription.
fn named(id: &str, summary: &str) -> Operation {
    let name = json!({ "type": "string", "pattern": "^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$" });
    Operation::new("subscriptions", id, summary)
        .path("name", "The name of the subscription.", &name)
        .refused(&[404])
        .secured(false)
}

/// An operation with a body that its state may refuse.
fn posted(id: &str, summary: &str, body: &Value, answer: &Value) -> Operation {
    named(id, summary).body(body, &[]).answers(200, "It is done.", answer, &[]).refused(&[409, 507])
}

fn range(least: u64, most: u64) -> Value {
    json!({ "type": "integer", "minimum": least, "maximum": most })
}

fn ids() -> Value {
    let id = component("schemas", "Position");
    json!({ "type": "array", "items": id, "minItems": 1, "maxItems": 1000 })
}

fn object(properties: &Value, required: &[&str]) -> Value {
    json!({ "type": "object", "properties": properties, "required": required })
}

/// A body: an object without further fields. A field that is `null` counts as missing.
fn strict(properties: &Value, required: &[&str]) -> Value {
    let mut body = object(properties, required);
    for name in NULLABLE.iter().filter(|name| !required.contains(name)) {
        if let Some(kind) = body["properties"].get_mut(name).and_then(|it| it.get_mut("type")) {
            *kind = json!([kind, "null"]);
        }
    }
    body["additionalProperties"] = json!(false);
    body
}

fn filter() -> Value {
    let text = json!({ "type": "string" });
    let number = json!({ "type": "integer", "minimum": 0 });
    let types = json!({ "type": "array", "items": text, "maxItems": 32 });
    let properties = json!({
        "business": text, "aggregate": text, "number": number, "type": types, "correlation": number,
    });
    strict(&properties, &[])
}

fn terms() -> Value {
    let start = "`now`, `beginning`, or the position of an event.";
    let properties = json!({
        "filter": filter(),
        "start": { "type": "string", "description": start },
        "attemptsMax": range(1, 100),
        "url": { "type": "string", "maxLength": 2048, "description": "The address of a webhook." },
        "secret": { "type": "string", "description": "`whsec_` and base64 of 24 to 64 bytes." },
    });
    strict(&properties, &[])
}

fn subscription() -> Value {
    let (text, count) = (json!({ "type": "string" }), json!({ "type": "integer", "minimum": 0 }));
    let time = json!({ "type": "string", "format": "date-time" });
    let lag = json!({ "events": count, "isExact": { "type": "boolean" }, "records": count });
    let consumer =
        json!({ "name": { "type": ["string", "null"] }, "events": count, "until": time });
    let secret = "Only in the answer 201, when the server made it.";
    let properties = json!({
        "name": text, "filter": filter(), "start": text, "created": time,
        "position": component("schemas", "Position"),
        "lag": object(&lag, &["events", "isExact", "records"]),
        "waiting": count, "claimed": count, "parked": count,
        "consumers": { "type": "array", "items": object(&consumer, &["name", "events", "until"]) },
        "attemptsMax": count, "url": text, "owner": text,
        "secret": { "type": "string", "description": secret },
        "_links": component("schemas", "Links"),
    });
    object(&properties, &["name", "filter", "position", "lag", "waiting", "claimed", "parked"])
}

fn claims(paths: &mut Paths) {
    let text = json!({ "type": "string" });
    let lease = json!({ "type": "string", "pattern": "^[0-9a-fA-F]{16}$" });
    let count = json!({ "type": "integer", "minimum": 0 });
    let wish = json!({
        "batch": range(1, 1_000), "leaseMs": range(1_000, 3_600_000), "waitMs": range(0, 30_000),
        "consumer": { "type": "string", "maxLength": 100 },
    });
    let claim = json!({
        "lease": text, "until": { "type": "string", "format": "date-time" },
        "events": { "type": "array", "items": { "type": "object" } },
        "attempts": { "type": "object", "additionalProperties": count },
    });
    let summary = "Claim events, and wait for them";
    posted("claim_events", summary, &strict(&wish, &[]), &object(&claim, &["events"])).put(
        paths,
        "post",
        &at("/claim"),
    );
    let settle = json!({ "lease": lease, "events": ids() });
    let settled = json!({ "acknowledged": count, "acknowledgedBefore": count });
    let settled = object(&settled, &["acknowledged", "acknowledgedBefore"]);
    let summary = "Acknowledge events of a claim, or all";
    posted("acknowledge_events", summary, &strict(&settle, &["lease"]), &settled).put(
        paths,
        "post",
        &at("/ack"),
    );
    let freed = object(
        &json!({ "released": ids_of_any(), "parked": ids_of_any() }),
        &["released", "parked"],
    );
    let release = json!({ "lease": lease, "events": ids(), "delayMs": range(0, 3_600_000) });
    let summary = "Give events of a claim back, or all";
    posted("release_events", summary, &strict(&release, &["lease"]), &freed).put(
        paths,
        "post",
        &at("/release"),
    );
    let park = json!({ "lease": lease, "events": ids(), "reason": text });
    posted("park_events", "Park events of a claim", &strict(&park, &["lease", "events"]), &freed)
        .put(paths, "post", &at("/park"));
}

fn ids_of_any() -> Value {
    json!({ "type": "array", "items": component("schemas", "Position") })
}

fn parked(paths: &mut Paths) {
    let event = json!({
        "id": component("schemas", "Position"), "attempts": { "type": "integer" },
        "reason": { "type": "string" }, "event": { "type": ["object", "null"] },
    });
    let event = object(&event, &["id", "attempts", "reason", "event"]);
    let list = json!({
        "parked": { "type": "array", "items": event }, "_links": component("schemas", "Links"),
    });
    named("parked_events", "List parked events")
        .query("after", "The position of an event.", &json!({ "type": "string" }))
        .query("size", "The events of a page.", &range(1, 1_000))
        .answers(200, "A page of parked events.", &object(&list, &["parked", "_links"]), &[])
        .put(paths, "get", &at("/parked"));
    let some = strict(&json!({ "events": ids() }), &["events"]);
    let all = strict(&json!({ "all": { "const": true } }), &["all"]);
    let chosen = json!({ "oneOf": [some, all] });
    for (action, done) in [("replay", "replayed"), ("drop", "dropped")] {
        let answer = object(&json!({ done: { "type": "integer" } }), &[done]);
        let summary = format!("{} parked events", if action == "drop" { "Drop" } else { "Replay" });
        posted(&format!("{action}_events"), &summary, &chosen, &answer).put(
            paths,
            "post",
            &at(&format!("/parked/{action}")),
        );
    }
}
