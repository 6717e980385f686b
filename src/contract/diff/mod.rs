//! Compares two contracts and names every change that would break a client of the older one.

mod operations;
mod protos;
mod schemas;

pub use protos::breaking_changes_of_protos;
use serde_json::Value;
use std::fmt;

/// A change that would break a client of the older contract.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct BreakingChange {
    /// Where: `POST /taxi/orders, body, name`.
    pub place: String,
    /// What changed, as a sentence without a subject: `is required now`.
    pub what: String,
}

impl fmt::Display for BreakingChange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.place, self.what)
    }
}

/// Returns the changes from the older document to the newer one that would break a client. Both are
/// `OpenAPI` 3 documents, or both are `AsyncAPI` 3 documents.
///
/// # Errors
/// When the documents are of different kinds, or of neither, as a sentence.
pub fn breaking_changes(old: &Value, new: &Value) -> Result<Vec<BreakingChange>, String> {
    let has = |kind: &str| (old.get(kind).is_some(), new.get(kind).is_some());
    let mut changes = match (has("openapi"), has("asyncapi")) {
        ((true, true), _) => operations::changes(old, new),
        (_, (true, true)) => messages(old, new),
        ((false, false), (false, false)) => {
            return Err("neither document is an OpenAPI or an AsyncAPI document".to_owned());
        }
        _ => return Err("the documents are not of the same kind".to_owned()),
    };
    changes.sort();
    changes.dedup();
    Ok(changes)
}

/// The changes of the messages of an `AsyncAPI` document.
fn messages(old: &Value, new: &Value) -> Vec<BreakingChange> {
    let mut changes = Vec::new();
    for (name, message) in object(&old["components"]["messages"]) {
        let place = format!("event {name}");
        match new["components"]["messages"].get(name) {
            None => changes.push(BreakingChange { place, what: "was removed".to_owned() }),
            Some(now) => schemas::Comparison { old, new, changes: &mut changes }.answer(
                &message["payload"],
                &now["payload"],
                &place,
            ),
        }
    }
    changes
}

/// The members of an object; none of anything else.
fn object(value: &Value) -> impl Iterator<Item = (&String, &Value)> {
    value.as_object().into_iter().flatten()
}

/// The value behind a reference within its document, and the value itself without one.
fn resolved<'a>(document: &'a Value, value: &'a Value) -> &'a Value {
    let pointer = value.get("$ref").and_then(Value::as_str).and_then(|at| at.strip_prefix('#'));
    pointer.and_then(|pointer| document.pointer(pointer)).unwrap_or(value)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn contract() -> Value {
        json!({
            "openapi": "3.1.0",
            "paths": { "/taxi/orders": {
                "get": {
                    "parameters": [{ "name": "page", "in": "query", "schema": { "type": "integer" } }],
                    "responses": { "200": { "content": { "application/json": {
                        "schema": { "$ref": "#/components/schemas/Order" },
                    } } } },
                    "security": [{}],
                },
                "post": {
                    "requestBody": { "content": { "application/json": { "schema": {
                        "type": "object",
                        "properties": {
                            "name": { "type": ["string", "null"], "maxLength": 100 },
                            "grade": { "type": "string", "enum": ["basic", "prime"] },
                            "seats": { "type": "integer", "minimum": 1, "maximum": 4 },
                        },
                        "required": ["grade"], "additionalProperties": false,
                    } } } },
                    "responses": { "201": { "description": "" }, "202": { "description": "" } },
                },
            } },
            "components": { "schemas": { "Order": {
                "type": "object",
                "properties": {
                    "id": { "type": "integer" },
                    "status": { "type": "string", "enum": ["Paid", "Cancelled"] },
                    "stops": { "type": "array", "items": { "type": "string" } },
                },
                "required": ["id", "status"],
            } } },
        })
    }

    /// The changes when a part of the contract, by its pointer, becomes this value.
    fn changed(pointer: &str, value: Value) -> Vec<String> {
        let mut new = contract();
        *new.pointer_mut(pointer).unwrap_or_else(|| panic!("{pointer}")) = value;
        let changes = breaking_changes(&contract(), &new).unwrap();
        changes.iter().map(ToString::to_string).collect()
    }

    const POST: &str = "/paths/~1taxi~1orders/post";
    const BODY: &str = "/paths/~1taxi~1orders/post/requestBody/content/application~1json/schema";
    const ORDER: &str = "/components/schemas/Order";

    #[test]
    fn the_same_contract_breaks_no_client() {
        assert_eq!(breaking_changes(&contract(), &contract()), Ok(vec![]));
    }

    #[test]
    fn each_change_of_a_request_that_breaks_a_client_is_named() {
        let at = |rest: &str| format!("{BODY}{rest}");
        for (pointer, value, expected) in [
            (at("/required"), json!(["grade", "name"]), "body, name: is required now"),
            (
                at("/properties/grade/enum"),
                json!(["basic"]),
                "body, grade: does not accept `prime` any more",
            ),
            (
                at("/properties/name/type"),
                json!("string"),
                "body, name: does not accept null any more",
            ),
            (
                at("/properties/name/maxLength"),
                json!(50),
                "body, name: maxLength is 50 and was 100",
            ),
            (at("/properties/seats/minimum"), json!(2), "body, seats: minimum is 2 and was 1"),
            (
                at("/properties"),
                json!({"grade": {"type": "string", "enum": ["basic", "prime"]},
                "seats": {"type": "integer", "minimum": 1, "maximum": 4}}),
                "body, name: was removed",
            ),
        ] {
            assert_eq!(changed(&pointer, value), [format!("POST /taxi/orders, {expected}")]);
        }
        let removed = changed(
            "/paths/~1taxi~1orders",
            json!({"get": contract()["paths"]["/taxi/orders"]["get"]}),
        );
        assert_eq!(removed, ["POST /taxi/orders: was removed"]);
        let parameters = json!([{"name": "size", "in": "query", "required": true, "schema": {}}]);
        let changes = changed("/paths/~1taxi~1orders/get/parameters", parameters);
        assert_eq!(
            changes,
            [
                "GET /taxi/orders, query page: was removed",
                "GET /taxi/orders, query size: is required now",
            ]
        );
        let secured = changed("/paths/~1taxi~1orders/get/security", json!([{"bearer": []}]));
        assert_eq!(secured, ["GET /taxi/orders: needs a token now"]);
    }

    #[test]
    fn each_change_of_an_answer_that_breaks_a_client_is_named() {
        let at = |rest: &str| format!("{ORDER}{rest}");
        for (pointer, value, expected) in [
            (at("/required"), json!(["id"]), "status: may be missing now"),
            (at("/properties/id/type"), json!(["integer", "null"]), "id: can be null now"),
            (
                at("/properties/status/enum"),
                json!(["Paid", "Cancelled", "Lost"]),
                "status: can be `Lost` now",
            ),
            (at("/properties/status"), json!({"type": "string"}), "status: can be any text now"),
            (at("/properties/stops/items/type"), json!("integer"), "stops[]: can be integer now"),
        ] {
            let expected = format!("GET /taxi/orders, answer 200, {expected}");
            assert!(changed(&pointer, value).contains(&expected), "{expected}");
        }
        let responses = json!({ "202": { "description": "" } });
        let changes = changed(&format!("{POST}/responses"), responses);
        assert_eq!(changes, ["POST /taxi/orders, answer 201: was removed"]);
    }

    #[test]
    fn what_only_adds_breaks_no_client() {
        for (pointer, value) in [
            (format!("{BODY}/required"), json!([])),
            (format!("{BODY}/properties/seats/maximum"), json!(8)),
            (format!("{BODY}/properties/grade/enum"), json!(["basic", "prime", "royal"])),
            (format!("{ORDER}/required"), json!(["id", "status", "stops"])),
            (format!("{ORDER}/properties/status/enum"), json!(["Paid"])),
            (
                "/paths/~1taxi~1orders/get/parameters".to_owned(),
                json!([
                    {"name": "page", "in": "query", "schema": {"type": "integer"}},
                    {"name": "size", "in": "query", "schema": {"type": "integer"}},
                ]),
            ),
        ] {
            assert_eq!(changed(&pointer, value), Vec::<String>::new(), "{pointer}");
        }
    }

    #[test]
    fn a_changed_event_is_named_and_other_documents_are_refused() {
        let event = |data: Value| {
            let payload =
                json!({"type": "object", "properties": {"data": data}, "required": ["data"]});
            json!({"asyncapi": "3.0.0", "components": {"messages": {"taxi.orders.Paid": {"payload": payload}}}})
        };
        let (old, new) = (event(json!({"type": "integer"})), event(json!({"type": "string"})));
        let changes = breaking_changes(&old, &new).unwrap();
        assert_eq!(changes[0].to_string(), "event taxi.orders.Paid, data: can be string now");
        assert!(breaking_changes(&contract(), &old).is_err());
        assert!(breaking_changes(&json!({}), &json!(7)).is_err());
    }
}
