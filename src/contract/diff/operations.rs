//! Compares the operations of two `OpenAPI` documents.

use super::{BreakingChange, object, resolved, schemas::Comparison};
use serde_json::Value;

/// The methods that an operation can have.
const METHODS: [&str; 8] = ["get", "put", "post", "delete", "options", "head", "patch", "trace"];

/// The changes that would break a client of the old document.
pub(super) fn changes(old: &Value, new: &Value) -> Vec<BreakingChange> {
    let mut changes = Vec::new();
    for (path, operations) in object(&old["paths"]) {
        for (method, operation) in object(operations) {
            if !METHODS.contains(&method.as_str()) {
                continue;
            }
            let place = format!("{} {path}", method.to_uppercase());
            match new["paths"].get(path).and_then(|operations| operations.get(method)) {
                None => changes.push(BreakingChange { place, what: "was removed".to_owned() }),
                Some(now) => Operation { old, new, place }.compare(operation, now, &mut changes),
            }
        }
    }
    changes
}

/// An operation that both documents have.
struct Operation<'a> {
    old: &'a Value,
    new: &'a Value,
    place: String,
}

impl Operation<'_> {
    fn compare(&self, before: &Value, now: &Value, changes: &mut Vec<BreakingChange>) {
        self.parameters(before, now, changes);
        self.body(before, now, changes);
        self.answers(before, now, changes);
        let is_open = |operation: &Value| {
            operation["security"].as_array().is_none_or(|ways| {
                ways.iter().any(|way| way.as_object().is_some_and(serde_json::Map::is_empty))
            })
        };
        if is_open(before) && !is_open(now) {
            changes.push(self.change("", "needs a token now"));
        }
    }

    fn change(&self, inner: &str, what: &str) -> BreakingChange {
        BreakingChange { place: format!("{}{inner}", self.place), what: what.to_owned() }
    }

    fn parameters(&self, before: &Value, now: &Value, changes: &mut Vec<BreakingChange>) {
        let (before, now) = (parameters(self.old, before), parameters(self.new, now));
        for (place, parameter) in &before {
            let inner = format!(", {place}");
            match now.iter().find(|(known, _)| known == place) {
                // A header that is not known any more is ignored.
                None if place.starts_with("header") => {}
                None => changes.push(self.change(&inner, "was removed")),
                Some((_, now)) => {
                    let place = format!("{}{inner}", self.place);
                    let mut comparison = Comparison { old: self.old, new: self.new, changes };
                    comparison.request(&parameter["schema"], &now["schema"], &place);
                }
            }
        }
        for (place, parameter) in &now {
            let was_required = before
                .iter()
                .any(|(known, parameter)| known == place && parameter["required"] == true);
            if parameter["required"] == true && !was_required {
                changes.push(self.change(&format!(", {place}"), "is required now"));
            }
        }
    }

    fn body(&self, before: &Value, now: &Value, changes: &mut Vec<BreakingChange>) {
        let before = resolved(self.old, &before["requestBody"]);
        let now = resolved(self.new, &now["requestBody"]);
        if now["required"] == true && before["required"] != true {
            changes.push(self.change(", body", "is required now"));
        }
        for (media_type, content) in object(&before["content"]) {
            match now["content"].get(media_type) {
                None => {
                    let what = format!("is not accepted as {media_type} any more");
                    changes.push(self.change(", body", &what));
                }
                Some(now) => {
                    let place = format!("{}, body", self.place);
                    let mut comparison = Comparison { old: self.old, new: self.new, changes };
                    comparison.request(&content["schema"], &now["schema"], &place);
                }
            }
        }
    }

    fn answers(&self, before: &Value, now: &Value, changes: &mut Vec<BreakingChange>) {
        let successes = object(&before["responses"]).filter(|(status, _)| status.starts_with('2'));
        for (status, answer) in successes {
            let inner = format!(", answer {status}");
            let Some(now) = now["responses"].get(status) else {
                changes.push(self.change(&inner, "was removed"));
                continue;
            };
            let (answer, now) = (resolved(self.old, answer), resolved(self.new, now));
            for (media_type, content) in object(&answer["content"]) {
                match now["content"].get(media_type) {
                    None => {
                        let what = format!("is not given as {media_type} any more");
                        changes.push(self.change(&inner, &what));
                    }
                    Some(now) => {
                        let place = format!("{}{inner}", self.place);
                        let mut comparison = Comparison { old: self.old, new: self.new, changes };
                        comparison.answer(&content["schema"], &now["schema"], &place);
                    }
                }
            }
        }
    }
}

/// The parameters of an operation by their places: `query page`.
fn parameters<'a>(document: &'a Value, operation: &'a Value) -> Vec<(String, &'a Value)> {
    let parameters = operation["parameters"].as_array().into_iter().flatten();
    let parameters = parameters.map(|parameter| resolved(document, parameter));
    let text =
        |parameter: &Value, part: &str| parameter[part].as_str().unwrap_or_default().to_owned();
    parameters
        .map(|parameter| {
            (format!("{} {}", text(parameter, "in"), text(parameter, "name")), parameter)
        })
        .collect()
}
