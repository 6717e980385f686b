//! The `OpenAPI` 3.1 document of a server.

mod admin;
mod aggregates;
mod components;
mod operation;
mod server;
mod subscriptions;
mod views;

use super::{Described, VERSION};
use serde_json::{Map, Value, json};

/// The paths of a document, each with its operations.
type Paths = Map<String, Value>;

/// The parts of a document that businesses add to.
struct Parts {
    paths: Paths,
    schemas: Map<String, Value>,
    responses: Map<String, Value>,
}

/// The document of these businesses; the one of all has the paths of the server as well.
pub(super) fn document(businesses: &[Described], has_server_paths: bool) -> Value {
    let mut parts = Parts {
        paths: Paths::new(),
        schemas: components::schemas(),
        responses: components::responses(),
    };
    let mut tags = Vec::new();
    for business in businesses {
        for aggregate in &business.aggregates {
            aggregates::describe(business, aggregate, &mut parts);
            tags.push(tag(business.name, aggregate.name, &aggregates::about(aggregate)));
        }
        for view in &business.views {
            views::describe(business, view, &mut parts);
            tags.push(tag(
                business.name,
                view.name,
                "A view: rows made from events, to be searched.",
            ));
        }
        server::describe_business(business.name, &mut parts.paths);
    }
    if has_server_paths {
        server::describe(businesses, &mut parts.paths);
        subscriptions::describe(&mut parts.paths);
        tags.extend(server::tags());
        tags.push(subscriptions::tag());
    }
    json!({
        "openapi": "3.1.0",
        "info": {
            "title": title(businesses, has_server_paths),
            "version": VERSION,
            "summary": "Event-driven businesses in one server.",
            "description": ABOUT,
            "license": { "name": "MIT OR Apache-2.0", "identifier": "MIT OR Apache-2.0" },
        },
        "servers": [{ "url": "/" }],
        "tags": tags,
        "paths": parts.paths,
        "components": {
            "schemas": parts.schemas,
            "responses": parts.responses,
            "parameters": components::parameters(),
            "headers": components::headers(),
            "securitySchemes": components::security_schemes(),
        },
    })
}

/// What holds for all requests.
const ABOUT: &str = "A command is answered after it is on disk. A request with an \
`Idempotency-Key` can be repeated: the same key gets the same answer. `ETag` is the version of an \
aggregate; `If-Match` makes a command conditional. Every refusal is `application/problem+json` \
with a sentence.\n\nTokens are needed once the server has an `[identity]` section. Then customers \
see and command what is theirs, and the description of a command names the roles of the staff that \
may submit it. `x-issuers` has the same for programs.";

fn title(businesses: &[Described], is_whole: bool) -> String {
    match businesses {
        [business] if !is_whole => format!("madang: {}", business.name),
        _ => "madang".to_owned(),
    }
}

fn tag(business: &str, name: &str, about: &str) -> Value {
    json!({ "name": format!("{business}/{name}"), "description": about })
}

/// A reference to a component.
fn component(kind: &str, name: &str) -> Value {
    json!({ "$ref": format!("#/components/{kind}/{name}") })
}
