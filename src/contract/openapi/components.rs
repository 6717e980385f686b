//! The shared parts of the document: problems, links, pages, headers and parameters.

use super::{aggregates::page_of, component};
use crate::inbound::problem::FAMILIES;
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;

/// The shared schemas.
pub(super) fn schemas() -> Map<String, Value> {
    let count = json!({ "type": "integer", "minimum": 0 });
    let link = json!({
        "type": "object",
        "properties": {
            "href": { "type": "string" },
            "method": { "type": "string", "description": "`GET` unless it is given." },
            "templated": { "type": "boolean" },
        },
        "required": ["href"],
    });
    let page = json!({
        "type": "object",
        "properties": {
            "number": count, "size": count, "totalElements": count, "totalPages": count,
        },
        "required": ["number", "size", "totalElements", "totalPages"],
    });
    let links = json!({
        "type": "object", "properties": { "self": component("schemas", "Link") },
        "additionalProperties": component("schemas", "Link"),
    });
    let position = json!({ "type": "string", "description": "An opaque position in the journal." });
    let parts = [
        ("Link", link),
        ("Links", links),
        ("Page", page),
        ("Problem", problem()),
        ("Position", position),
        ("HistoryPage", page_of("history", "HistoryRecord")),
        ("HistoryRecord", history_record()),
    ];
    parts.into_iter().map(|(name, schema)| (name.to_owned(), schema)).collect()
}

/// A record in the history of an aggregate.
fn history_record() -> Value {
    let (text, object) = (json!({ "type": "string" }), json!({ "type": "object" }));
    let change = json!({ "type": "object", "properties": { "from": {}, "to": {} } });
    json!({
        "type": "object",
        "description": "A record: the version after it, what happened, which fields of the \
                        representation it changed, who caused it and why.",
        "properties": {
            "version": { "type": "integer", "minimum": 1 },
            "position": component("schemas", "Position"),
            "at": { "type": "string", "format": "date-time" },
            "what": {
                "type": "object", "properties": { "kind": text, "name": text },
                "required": ["kind", "name"],
            },
            "changes": { "type": "object", "additionalProperties": change },
            "issuer": {
                "type": "object",
                "properties": { "role": text, "name": text, "subject": text, "as": text },
                "required": ["role", "name"],
            },
            "cause": object,
            "_links": component("schemas", "Links"),
        },
        "required": ["version", "position", "at", "what", "issuer", "cause", "_links"],
    })
}

fn problem() -> Value {
    let types: Vec<_> =
        FAMILIES.iter().map(|family| format!("/problems/{}", family.name)).collect();
    json!({
        "type": "object",
        "description": "A problem in the sense of RFC 9457.",
        "properties": {
            "type": { "type": "string", "enum": types },
            "title": { "type": "string" },
            "status": { "type": "integer", "minimum": 400, "maximum": 599 },
            "detail": { "type": "string", "description": "The sentence that says what is wrong." },
            "instance": { "type": "string" },
            "correlation": { "type": "string" },
            "gate": { "type": "string", "description": "The gate that refused the request." },
            "errors": {
                "type": "array",
                "items": {
                    "type": "object",
                    "properties": {
                        "detail": { "type": "string" },
                        "pointer": { "type": "string", "description": "A JSON pointer (RFC 6901) to the field." },
                    },
                    "required": ["detail", "pointer"],
                },
            },
        },
        "required": ["type", "title", "status", "detail", "instance"],
    })
}

/// One response for each status of a problem.
pub(super) fn responses() -> Map<String, Value> {
    let mut statuses: BTreeMap<u16, Vec<String>> = BTreeMap::new();
    for family in FAMILIES {
        let line = format!("`{}`: {}", family.name, family.meaning);
        statuses.entry(family.status).or_default().push(line);
    }
    let described = statuses.into_iter().map(|(status, lines)| {
        let content = json!({
            "application/problem+json": { "schema": component("schemas", "Problem") },
            "text/html": { "schema": { "type": "string" } },
        });
        let mut headers = Map::new();
        let mut header = |name: &str| headers.insert(name.to_owned(), component("headers", name));
        match status {
            401 | 403 => _ = header("WWW-Authenticate"),
            405 => _ = header("Allow"),
            429 | 503 | 507 => _ = header("Retry-After"),
            _ => {}
        }
        let answer = json!({
            "description": lines.join("\n\n"), "content": content, "headers": headers,
        });
        (format!("Problem{status}"), answer)
    });
    described.collect()
}

/// The shared headers of answers.
pub(super) fn headers() -> Value {
    let text = |about: &str| json!({ "description": about, "schema": { "type": "string" } });
    json!({
        "ETag": text("The version of the aggregate, in quotation marks."),
        "Location": text("The path of the aggregate."),
        "X-Madang-Position": text("The position in the journal that the answer includes. A view waits for it with `at-least`."),
        "Allow": text("The methods of the path."),
        "WWW-Authenticate": text("What the token lacks (RFC 6750)."),
        "Retry-After": {
            "description": "The seconds after which a retry makes sense.",
            "schema": { "type": "integer", "minimum": 0 },
        },
    })
}

/// The form of an idempotency key: bare, or in quotation marks.
const KEY: &str = r#"^([!#-~][!-~]{0,254}|"[!#-\[\]-~]{1,253}")$"#;

/// The shared parameters.
pub(super) fn parameters() -> Value {
    let header = |name: &str, about: &str, schema: Value| json!({ "name": name, "in": "header", "description": about, "schema": schema });
    let query = |name: &str, about: &str, schema: Value| json!({ "name": name, "in": "query", "description": about, "schema": schema });
    let visible = |max: u32| json!({ "type": "string", "minLength": 1, "pattern": format!("^[!-~]{{1,{max}}}$") });
    json!({
        "IdempotencyKey": header(
            "Idempotency-Key",
            "The name of the request. A repeated request with the same key gets the same answer; \
             another request with the key is 422.",
            json!({ "type": "string", "minLength": 1, "pattern": KEY }),
        ),
        "IfMatch": header(
            "If-Match",
            "The version that the command is meant for, as in `ETag`, or `*`. Any other is 412.",
            json!({ "type": "string", "minLength": 1, "pattern": "^(\\*|\"[0-9]{1,9}\")$" }),
        ),
        "IfNoneMatch": header(
            "If-None-Match",
            "The version that the client has, as in `ETag`. The answer is 304 when it is the present one.",
            json!({ "type": "string", "examples": ["\"1\""] }),
        ),
        "Prefer": header(
            "Prefer",
            "`wait=5`: the seconds that the client waits rather than being refused by a gate (RFC 7240).",
            json!({ "type": "string", "examples": ["wait=5"] }),
        ),
        "Correlation": header(
            "X-Correlation-Id", "The name that the client gives the conversation; it is returned.", visible(128),
        ),
        "Number": {
            "name": "number", "in": "path", "required": true,
            "description": "The number of the aggregate or of the row.",
            "schema": { "type": "integer", "minimum": 1, "maximum": 1_000_000_000_000_000_u64 },
        },
        "Page": query(
            "page", "The number of the page, from 0.",
            json!({ "type": "integer", "minimum": 0, "maximum": 1_000_000_000, "default": 0 }),
        ),
        "Size": query(
            "size", "The elements of a page.",
            json!({ "type": "integer", "minimum": 1, "maximum": 200, "default": 20 }),
        ),
        "AtLeast": query(
            "at-least", "The position that the view must have reached, from `X-Madang-Position`.",
            component("schemas", "Position"),
        ),
    })
}

/// The ways to authenticate.
pub(super) fn security_schemes() -> Value {
    let scopes = json!({});
    json!({
        "bearer": {
            "type": "http", "scheme": "bearer", "bearerFormat": "JWT",
            "description": "A token of the configured authorization server, or of `madang token`.",
        },
        "oauth": {
            "type": "oauth2",
            "description": "The embedded authorization server, when `identity.issue` is set.",
            "flows": {
                "clientCredentials": { "tokenUrl": "/oauth/token", "scopes": scopes },
                "password": { "tokenUrl": "/oauth/token", "scopes": scopes },
            },
        },
    })
}
