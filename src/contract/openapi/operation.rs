//! One operation of the document: a method on a path.

use super::{Paths, component};
use crate::{domain::kernel::Readers, inbound::problem::FAMILIES};
use serde_json::{Map, Value, json};

/// The statuses of refusals that every request can get.
const ALWAYS: [u16; 8] = [400, 401, 403, 408, 421, 429, 431, 503];

/// The further statuses of refusals of a request with a body.
pub(super) const WITH_BODY: [u16; 4] = [413, 415, 417, 422];

/// An operation in the making.
pub(super) struct Operation {
    id: String,
    value: Map<String, Value>,
    parameters: Vec<Value>,
    responses: Map<String, Value>,
}

impl Operation {
    /// An operation with this tag, identifier and summary.
    pub(super) fn new(tag: &str, id: &str, summary: &str) -> Self {
        let mut value = Map::new();
        value.insert("tags".to_owned(), json!([tag]));
        value.insert("operationId".to_owned(), json!(id));
        value.insert("summary".to_owned(), json!(summary));
        let operation =
            Self { id: id.to_owned(), value, parameters: Vec::new(), responses: Map::new() };
        operation.refused(&ALWAYS)
    }

    pub(super) fn with(mut self, name: &str, value: Value) -> Self {
        self.value.insert(name.to_owned(), value);
        self
    }

    /// Adds a shared parameter.
    pub(super) fn parameter(mut self, name: &str) -> Self {
        self.parameters.push(component("parameters", name));
        self
    }

    /// Adds a parameter of the query of this operation alone.
    pub(super) fn query(mut self, name: &str, about: &str, schema: &Value) -> Self {
        self.parameters.push(json!({
            "name": name, "in": "query", "description": about, "schema": schema,
        }));
        self
    }

    /// Adds a parameter of the path.
    pub(super) fn path(mut self, name: &str, about: &str, schema: &Value) -> Self {
        self.parameters.push(json!({
            "name": name, "in": "path", "required": true, "description": about, "schema": schema,
        }));
        self
    }

    /// Adds a JSON body.
    pub(super) fn body(mut self, schema: &Value, examples: &[Value]) -> Self {
        let mut content = json!({ "schema": schema });
        match examples {
            [] => {}
            [example] => content["example"] = example.clone(),
            several => {
                let named = several.iter().enumerate().map(|(nth, example)| {
                    (format!("example{}", nth + 1), json!({ "value": example }))
                });
                content["examples"] = named.collect::<Map<_, _>>().into();
            }
        }
        let body = json!({ "required": true, "content": { "application/json": content } });
        self.value.insert("requestBody".to_owned(), body);
        self.refused(&WITH_BODY)
    }

    /// Adds the answer with this status: its JSON schema, and the shared headers it has.
    pub(super) fn answers(
        self,
        status: u16,
        about: &str,
        schema: &Value,
        headers: &[&str],
    ) -> Self {
        self.answers_as(status, about, &json_content(schema), headers)
    }

    /// Adds the answer with this status, in these media types.
    pub(super) fn answers_as(
        mut self,
        status: u16,
        about: &str,
        content: &Value,
        headers: &[&str],
    ) -> Self {
        let headers: Map<_, _> =
            headers.iter().map(|name| ((*name).to_owned(), component("headers", name))).collect();
        let answer = json!({ "description": about, "content": content, "headers": headers });
        self.responses.insert(status.to_string(), answer);
        self
    }

    /// Adds the shared answer with this name, for these statuses.
    pub(super) fn answers_shared(mut self, statuses: &[u16], name: &str) -> Self {
        for status in statuses {
            self.responses.insert(status.to_string(), component("responses", name));
        }
        self
    }

    /// Adds the answer with this status, which has no body.
    pub(super) fn answers_nothing(mut self, status: u16, about: &str) -> Self {
        self.responses.insert(status.to_string(), json!({ "description": about }));
        self
    }

    /// Adds refusals with these statuses.
    pub(super) fn refused(mut self, statuses: &[u16]) -> Self {
        for status in statuses {
            let has_family = FAMILIES.iter().any(|family| family.status == *status);
            debug_assert!(has_family, "no problem has the status {status}");
            let name = format!("Problem{status}");
            self.responses.insert(status.to_string(), component("responses", &name));
        }
        self
    }

    /// Adds the tokens that are needed to read what these may read.
    pub(super) fn read_by(self, readers: Readers) -> Self {
        match readers {
            Readers::Anyone => self.secured(true),
            Readers::Owner | Readers::Staff => self.secured(false),
        }
    }

    /// Adds the need of a token, which may be optional.
    pub(super) fn secured(self, is_optional: bool) -> Self {
        let tokens = [json!({ "bearer": [] }), json!({ "oauth": [] })];
        let nothing = is_optional.then(|| json!({}));
        self.with("security", nothing.into_iter().chain(tokens).collect())
    }

    /// Puts the operation into the document.
    pub(super) fn put(self, paths: &mut Paths, method: &str, path: &str) {
        let Self { id, mut value, parameters, responses } = self;
        if !parameters.is_empty() {
            value.insert("parameters".to_owned(), parameters.into());
        }
        value.insert("responses".to_owned(), responses.into());
        let operations = paths.entry(path).or_insert_with(|| json!({}));
        debug_assert!(operations.get(method).is_none(), "{id} stands twice");
        operations[method] = value.into();
    }
}

/// The content of an answer in JSON, plain or HAL.
pub(super) fn json_content(schema: &Value) -> Value {
    json!({
        "application/json": { "schema": schema },
        "application/hal+json": { "schema": schema },
    })
}

/// The content of an answer in JSON, or in a stream that has it again whenever it changes.
pub(super) fn live_content(schema: &Value) -> Value {
    let mut content = json_content(schema);
    content["text/event-stream"] = json!({ "schema": { "type": "string" } });
    content
}
