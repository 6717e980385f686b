//! The operations of the server itself: the index, conversations, events, tokens, operators.

use super::{Paths, admin, component, operation::Operation};
use crate::contract::Described;
use serde_json::{Value, json};
use std::collections::BTreeSet;

/// The descriptions of the tags of the server.
pub(super) fn tags() -> Vec<Value> {
    let tag = |name: &str, about: &str| json!({ "name": name, "description": about });
    vec![
        tag("server", "The index, the contract and the problems."),
        tag("events", "The events of all aggregates, in the order of the journal."),
        tag("identity", "The embedded authorization server, when `identity.issue` is set."),
        tag("health", "The health of the process."),
        tag(
            "admin",
            "What operators see and do. It needs the role `admin` once identity is configured.",
        ),
    ]
}

/// Adds the conversations of a business.
pub(super) fn describe_business(business: &str, paths: &mut Paths) {
    let page = json!({
        "type": "object",
        "properties": {
            "business": { "type": "string" },
            "number": { "type": "integer" },
            "_embedded": {
                "type": "object",
                "properties": { "records": { "type": "array", "items": { "type": "object" } } },
                "required": ["records"],
            },
            "waiting": { "type": "array", "items": { "type": "object" } },
            "_links": component("schemas", "Links"),
            "page": component("schemas", "Page"),
        },
        "required": ["business", "number", "_embedded", "waiting", "_links", "page"],
    });
    let tag = format!("{business}/conversations");
    let form = json!({ "type": "string", "enum": ["json", "text"] });
    Operation::new(&tag, &format!("{business}_conversation"), "Show a conversation")
        .with(
            "description",
            json!("All records that belong together, in order, with their causes."),
        )
        .parameter("Number")
        .parameter("Page")
        .parameter("Size")
        .query("as", "The form; `text` is a sequence diagram.", &form)
        .answers_as(
            200,
            "A page of the records.",
            &json!({
                "application/json": { "schema": page },
                "application/hal+json": { "schema": page },
                "text/plain": { "schema": { "type": "string" } },
            }),
            &[],
        )
        .refused(&[404])
        .secured(false)
        .put(paths, "get", &format!("/{business}/conversations/{{number}}"));
}

/// Adds the paths of the server.
pub(super) fn describe(businesses: &[Described], paths: &mut Paths) {
    documents(paths);
    events(businesses, paths);
    tokens(paths);
    metadata(paths);
    health(paths);
    admin::describe(paths);
}

fn object() -> Value {
    json!({ "type": "object" })
}

fn documents(paths: &mut Paths) {
    let links =
        json!({ "type": "object", "properties": { "_links": component("schemas", "Links") } });
    let document = |id: &str, summary: &str| {
        Operation::new("server", id, summary)
            .answers(200, "The document.", &object(), &[])
            .secured(true)
    };
    Operation::new("server", "index", "List what the server serves")
        .answers(200, "Links to all collections, views and paths of operators.", &links, &[])
        .secured(true)
        .put(paths, "get", "/");
    document("openapi", "This document").put(paths, "get", "/openapi.json");
    document("asyncapi", "The AsyncAPI document of the events").put(paths, "get", "/asyncapi.json");
    Operation::new("server", "docs", "Browse this document")
        .answers_as(
            200,
            "A page.",
            &json!({ "text/html": { "schema": { "type": "string" } } }),
            &[],
        )
        .secured(true)
        .put(paths, "get", "/docs");
    document("problem", "Show what a problem means")
        .path("name", "The name of the problem.", &json!({ "type": "string" }))
        .refused(&[404])
        .put(paths, "get", "/problems/{name}");
}

fn events(businesses: &[Described], paths: &mut Paths) {
    let names: BTreeSet<_> = businesses.iter().map(|business| business.name).collect();
    let aggregates = businesses.iter().flat_map(|business| &business.aggregates);
    let aggregates: BTreeSet<_> = aggregates.map(|aggregate| aggregate.name).collect();
    let one_of = |names: &BTreeSet<&str>| json!({ "type": "string", "enum": names });
    let text = json!({ "type": "string" });
    let number = json!({ "type": "integer", "minimum": 0 });
    let size = json!({ "type": "integer", "minimum": 1, "maximum": 1000, "default": 100 });
    let event = json!({
        "type": "object",
        "description": "An event in the form of CloudEvents 1.0.",
        "properties": {
            "specversion": { "const": "1.0" }, "id": component("schemas", "Position"),
            "source": text, "type": text, "time": { "type": "string", "format": "date-time" },
            "datacontenttype": { "const": "application/json" },
            "aggregateversion": { "type": "integer" }, "correlation": text,
            "data": { "description": "As `/asyncapi.json` describes it for the type." },
        },
        "required": ["specversion", "id", "source", "type", "time"],
    });
    let page = json!({
        "type": "object",
        "properties": {
            "events": { "type": "array", "items": event },
            "next": component("schemas", "Position"),
            "_links": component("schemas", "Links"),
        },
        "required": ["events", "next", "_links"],
    });
    Operation::new("events", "events", "Read or follow the events")
        .with("description", json!(
            "Pages, from the beginning unless `after` is given; with `Accept: text/event-stream` a \
             stream of Server-Sent Events, from now on unless `after` or `Last-Event-ID` is given."
        ))
        .query("business", "Events of this business.", &one_of(&names))
        .query("aggregate", "Events of aggregates with this name.",
            &one_of(&aggregates))
        .query("number", "Events of aggregates with this number.", &number)
        .query("type", "Events with one of these names, with commas between them.", &text)
        .query("correlation", "Events of the conversation with this number.", &number)
        .query("after", "`beginning`, `now`, or the position of an event.", &text)
        .query("size", "The events of a page.", &size)
        .answers_as(200, "A page of events, or a stream of them.", &json!({
            "application/json": { "schema": page },
            "application/cloudevents-batch+json": { "schema": { "type": "array", "items": event } },
            "text/event-stream": { "schema": text },
        }), &["X-Madang-Position"])
        .secured(false)
        .put(paths, "get", "/events");
}

fn tokens(paths: &mut Paths) {
    let text = json!({ "type": "string" });
    let token = json!({
        "type": "object",
        "properties": {
            "access_token": text, "token_type": { "const": "Bearer" },
            "expires_in": { "type": "integer" }, "scope": text,
        },
        "required": ["access_token", "token_type", "expires_in", "scope"],
    });
    let refused = json!({
        "type": "object",
        "properties": { "error": text, "error_description": text },
        "required": ["error"],
    });
    let form = json!({
        "type": "object",
        "properties": {
            "grant_type": { "type": "string", "enum": ["client_credentials", "password"] },
            "client_id": text, "client_secret": text, "username": text, "password": text, "scope": text,
        },
        "required": ["grant_type"],
    });
    let json = |schema: &Value| {
        json!({
            "application/json": { "schema": schema },
            "application/problem+json": { "schema": component("schemas", "Problem") },
        })
    };
    let refused = json(&refused);
    let content = json!({ "application/x-www-form-urlencoded": { "schema": form } });
    Operation::new("identity", "token", "Get a token (RFC 6749)")
        .with("requestBody", json!({ "required": true, "content": content }))
        .with("security", json!([{}]))
        .refused(&[404, 413])
        .answers_as(200, "The token. It must not be stored.", &json(&token), &[])
        .answers_as(400, "The request is refused.", &refused, &[])
        .answers_as(401, "The secret or the password is wrong.", &refused, &["WWW-Authenticate"])
        .answers_as(429, "Too many attempts for this name.", &refused, &["Retry-After"])
        .answers_as(503, "Too many clients are being authenticated.", &refused, &["Retry-After"])
        .put(paths, "post", "/oauth/token");
}

fn metadata(paths: &mut Paths) {
    for (id, path) in [
        ("openid_configuration", "/.well-known/openid-configuration"),
        ("authorization_server", "/.well-known/oauth-authorization-server"),
        ("jwks", "/.well-known/jwks.json"),
    ] {
        Operation::new("identity", id, "Metadata and public keys of the authorization server")
            .answers(200, "The document.", &object(), &[])
            .refused(&[404])
            .with("security", json!([{}]))
            .put(paths, "get", path);
    }
}

fn health(paths: &mut Paths) {
    let text = json!({ "type": "string" });
    let shown = json!({
        "type": "object",
        "properties": {
            "status": { "type": "string", "enum": ["UP", "DOWN", "OUT_OF_SERVICE"] },
            "components": { "type": "object" },
            "blocked": { "type": "array", "items": text },
        },
        "required": ["status"],
    });
    let down = json!({
        "application/json": { "schema": shown },
        "application/problem+json": { "schema": component("schemas", "Problem") },
    });
    for (id, path) in [
        ("health", "/actuator/health"),
        ("liveness", "/actuator/health/liveness"),
        ("readiness", "/actuator/health/readiness"),
    ] {
        Operation::new("health", id, "Show the health of the process")
            .answers(200, "The process is well.", &shown, &[])
            .answers_as(503, "A part is down.", &down, &[])
            .with("security", json!([{}]))
            .put(paths, "get", path);
    }
}
