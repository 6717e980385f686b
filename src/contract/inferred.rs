//! JSON Schemas inferred from all values that a type can have.
//!
//! What the server answers is known by `Serialize` alone. The samples of a type have every variant
//! and every option, so the schema of all samples describes each answer.

use crate::domain::kernel::{Date, Timestamp};
use serde_json::{Map, Value, json};
use std::collections::{BTreeMap, BTreeSet};

/// The most words of a field that is described as a choice between them.
const WORDS_MAX: usize = 64;

/// What was seen of a value.
#[derive(Clone, Debug, Default)]
pub(super) struct Inferred {
    seen: usize,
    kinds: BTreeSet<&'static str>,
    words: BTreeSet<String>,
    fields: BTreeMap<String, Self>,
    elements: Option<Box<Self>>,
}

impl Inferred {
    /// What is common to these values.
    pub(super) fn of(values: impl IntoIterator<Item = Value>) -> Self {
        let mut inferred = Self::default();
        values.into_iter().for_each(|value| inferred.see(&value));
        inferred
    }

    /// Adds a value.
    pub(super) fn see(&mut self, value: &Value) {
        self.seen += 1;
        self.kinds.insert(match value {
            Value::Null => "null",
            Value::Bool(_) => "boolean",
            Value::Number(number) if number.is_f64() => "number",
            Value::Number(_) => "integer",
            Value::String(_) => "string",
            Value::Array(_) => "array",
            Value::Object(_) => "object",
        });
        match value {
            Value::String(text) if self.words.len() <= WORDS_MAX => {
                self.words.insert(text.clone());
            }
            Value::Array(elements) => {
                let inner = self.elements.get_or_insert_default();
                for element in elements {
                    inner.see(element);
                }
            }
            Value::Object(fields) => {
                for (name, value) in fields {
                    self.fields.entry(name.clone()).or_default().see(value);
                }
            }
            _ => {}
        }
    }

    /// The JSON Schema. An object may have further fields.
    pub(super) fn schema(&self) -> Value {
        let mut schema = Map::new();
        let kinds: Vec<_> = self.kinds.iter().filter(|kind| !self.is_covered(kind)).collect();
        match kinds[..] {
            [] => return json!({}),
            [kind] => schema.insert("type".to_owned(), json!(kind)),
            _ => schema.insert("type".to_owned(), json!(kinds)),
        };
        self.describe_text(&mut schema);
        if let Some(elements) = &self.elements {
            schema.insert("items".to_owned(), elements.schema());
        }
        if self.kinds.contains("object") {
            let objects = self.fields.values().map(|field| field.seen).max().unwrap_or(0);
            let always = self.fields.iter().filter(|(_, field)| field.seen == objects);
            let always: Vec<_> = always.map(|(name, _)| name).collect();
            let fields = self.fields.iter().map(|(name, field)| (name.clone(), field.schema()));
            schema.insert("properties".to_owned(), fields.collect::<Map<_, _>>().into());
            if !always.is_empty() {
                schema.insert("required".to_owned(), json!(always));
            }
        }
        schema.into()
    }

    /// Every whole number is a number.
    fn is_covered(&self, kind: &str) -> bool {
        kind == "integer" && self.kinds.contains("number")
    }

    /// Describes a text as a date, a time, or a choice between words.
    fn describe_text(&self, schema: &mut Map<String, Value>) {
        let mut words = self.words.iter().filter(|word| !word.is_empty()).peekable();
        if words.peek().is_none() {
            return;
        }
        let words: Vec<&String> = words.collect();
        let all = |is: fn(&str) -> bool| words.iter().all(|word| is(word));
        if all(|word| word.parse::<Date>().is_ok()) {
            schema.insert("format".to_owned(), json!("date"));
        } else if all(|word| Timestamp::from_rfc3339(word).is_some()) {
            schema.insert("format".to_owned(), json!("date-time"));
        } else if words.len() <= WORDS_MAX && all(is_word) {
            let null = self.kinds.contains("null").then_some(Value::Null);
            let choices = words.iter().map(|word| json!(word)).chain(null);
            schema.insert("enum".to_owned(), choices.collect());
        }
    }
}

/// Whether a text of a sample is a word of the business. Texts of clients are generated: they have
/// the name of their field in angle brackets.
fn is_word(text: &str) -> bool {
    !text.contains('<')
        && text.bytes().all(|byte| byte.is_ascii_alphabetic() || byte == b' ')
        && text.len() < WORDS_MAX
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_field_that_is_sometimes_missing_is_not_required() {
        let values = [json!({"id": 1, "reason": "<reason>"}), json!({"id": 2, "taxi": null})];
        let schema = Inferred::of(values).schema();
        assert_eq!(schema["required"], json!(["id"]));
        assert_eq!(schema["properties"]["reason"], json!({"type": "string"}));
        assert_eq!(schema["properties"]["taxi"], json!({"type": "null"}));
    }

    #[test]
    fn words_of_the_business_are_a_choice_and_texts_of_clients_are_not() {
        let values =
            [json!({"status": "Paid", "name": "<name>"}), json!({"status": "", "name": ""})];
        let schema = Inferred::of(values).schema();
        assert_eq!(schema["properties"]["status"]["enum"], json!(["Paid"]));
        assert_eq!(schema["properties"]["name"], json!({"type": "string"}));
    }

    #[test]
    fn times_and_dates_are_recognised_and_kinds_are_united() {
        let values = [
            json!({"at": "2021-06-02T12:09:51.863Z", "day": "2026-12-24", "size": 1, "tags": []}),
            json!({"at": null, "day": "2026-12-25", "size": 1.5, "tags": ["<tag>"]}),
        ];
        let schema = Inferred::of(values).schema();
        let properties = &schema["properties"];
        assert_eq!(properties["at"], json!({"type": ["null", "string"], "format": "date-time"}));
        assert_eq!(properties["day"]["format"], "date");
        assert_eq!(properties["size"]["type"], "number");
        assert_eq!(properties["tags"]["items"], json!({"type": "string"}));
    }
}
