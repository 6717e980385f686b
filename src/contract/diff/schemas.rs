//! Compares two JSON Schemas: of what clients send, and of what they get.

use super::{BreakingChange, object, resolved};
use serde_json::Value;

/// The depth beyond which a schema is not compared; only recursive schemas are deeper.
const DEPTH_MAX: usize = 32;

/// The lower and the upper bounds of a schema.
const LOWER: [&str; 4] = ["minimum", "minLength", "minItems", "exclusiveMinimum"];
const UPPER: [&str; 4] = ["maximum", "maxLength", "maxItems", "exclusiveMaximum"];

/// A comparison of the schemas of two documents.
pub(super) struct Comparison<'a> {
    pub(super) old: &'a Value,
    pub(super) new: &'a Value,
    pub(super) changes: &'a mut Vec<BreakingChange>,
}

/// Who makes the values that the schemas describe.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Sender {
    /// A value that the old schema allows must be allowed by the new one.
    Client,
    /// A value that the new schema allows must be allowed by the old one.
    Server,
}

impl Comparison<'_> {
    /// Compares what clients send.
    pub(super) fn request(&mut self, before: &Value, now: &Value, place: &str) {
        self.compare(Sender::Client, (before, now), place, 0);
    }

    /// Compares what clients get.
    pub(super) fn answer(&mut self, before: &Value, now: &Value, place: &str) {
        self.compare(Sender::Server, (before, now), place, 0);
    }

    fn compare(
        &mut self,
        sender: Sender,
        (before, now): (&Value, &Value),
        place: &str,
        depth: usize,
    ) {
        let (before, now) = (resolved(self.old, before), resolved(self.new, now));
        if before == now && !has_references(before) {
            return;
        }
        if depth >= DEPTH_MAX {
            return;
        }
        if alternatives(before).is_some() || alternatives(now).is_some() {
            return self.compare_alternatives(sender, (before, now), place, depth);
        }
        self.kinds(sender, before, now, place);
        self.words(sender, before, now, place);
        self.bounds(sender, before, now, place);
        self.fields(sender, (before, now), place, depth);
        if let (Some(before), Some(now)) = (before.get("items"), now.get("items")) {
            self.compare(sender, (before, now), &format!("{place}[]"), depth + 1);
        }
    }

    fn change(&mut self, place: &str, what: String) {
        self.changes.push(BreakingChange { place: place.to_owned(), what });
    }

    /// Each alternative of the one side must be an alternative of the other.
    fn compare_alternatives(
        &mut self,
        sender: Sender,
        (before, now): (&Value, &Value),
        place: &str,
        depth: usize,
    ) {
        let of = |schema: &'_ Value| alternatives(schema).unwrap_or_else(|| vec![schema.clone()]);
        let (before, now) = (of(before), of(now));
        let (old, new) = (self.old, self.new);
        let fits = |before: &Value, now: &Value| {
            let mut changes = Vec::new();
            let mut comparison = Comparison { old, new, changes: &mut changes };
            comparison.compare(sender, (before, now), place, depth + 1);
            changes.is_empty()
        };
        let is_lost = match sender {
            Sender::Client => before.iter().any(|before| !now.iter().any(|now| fits(before, now))),
            Sender::Server => now.iter().any(|now| !before.iter().any(|before| fits(before, now))),
        };
        if is_lost {
            let what = match sender {
                Sender::Client => "does not accept one of its alternatives any more",
                Sender::Server => "can be another alternative now",
            };
            self.change(place, what.to_owned());
        }
    }

    fn kinds(&mut self, sender: Sender, before: &Value, now: &Value, place: &str) {
        let (before, now) = (kinds(before), kinds(now));
        let (sent, read) = match sender {
            Sender::Client => (before, now),
            Sender::Server => (now, before),
        };
        let Some(read) = read else { return };
        let Some(sent) = sent else {
            let what = match sender {
                Sender::Client => format!("accepts only {} now", read.join(" or ")),
                Sender::Server => "can be anything now".to_owned(),
            };
            return self.change(place, what);
        };
        let is_read = |kind: &String| {
            read.contains(kind) || (kind == "integer" && read.iter().any(|read| read == "number"))
        };
        for kind in sent.iter().filter(|kind| !is_read(kind)) {
            let what = match sender {
                Sender::Client => format!("does not accept {kind} any more"),
                Sender::Server => format!("can be {kind} now"),
            };
            self.change(place, what);
        }
    }

    fn words(&mut self, sender: Sender, before: &Value, now: &Value, place: &str) {
        let (sent, read) = match sender {
            Sender::Client => (before, now),
            Sender::Server => (now, before),
        };
        let Some(read) = words(read) else { return };
        let Some(sent) = words(sent) else {
            let what = match sender {
                Sender::Client => "accepts only some words now",
                Sender::Server => "can be any text now",
            };
            return self.change(place, what.to_owned());
        };
        for word in sent.iter().filter(|word| !word.is_null() && !read.contains(word)) {
            let word = word.as_str().map_or_else(|| word.to_string(), ToOwned::to_owned);
            let what = match sender {
                Sender::Client => format!("does not accept `{word}` any more"),
                Sender::Server => format!("can be `{word}` now"),
            };
            self.change(place, what);
        }
    }

    fn bounds(&mut self, sender: Sender, before: &Value, now: &Value, place: &str) {
        if sender == Sender::Server {
            return;
        }
        for name in LOWER.into_iter().chain(UPPER) {
            let bound = |schema: &Value| schema.get(name).and_then(Value::as_f64);
            let Some(limit) = bound(now) else { continue };
            let is_stricter = match bound(before) {
                None => true,
                Some(known) if LOWER.contains(&name) => limit > known,
                Some(known) => limit < known,
            };
            if is_stricter {
                let was = before.get(name).map_or_else(|| "not given".to_owned(), Value::to_string);
                self.change(place, format!("{name} is {} and was {was}", now[name]));
            }
        }
        for name in ["pattern", "format"] {
            if let Some(now) = now.get(name)
                && before.get(name) != Some(now)
            {
                self.change(place, format!("{name} is {now} now"));
            }
        }
    }

    fn fields(
        &mut self,
        sender: Sender,
        (before, now): (&Value, &Value),
        place: &str,
        depth: usize,
    ) {
        let (of_before, of_now) = (&before["properties"], &now["properties"]);
        for (name, field) in object(of_before) {
            let inner = format!("{place}, {name}");
            match of_now.get(name) {
                Some(now) => self.compare(sender, (field, now), &inner, depth + 1),
                None if sender == Sender::Server || now["additionalProperties"] == false => {
                    self.change(&inner, "was removed".to_owned());
                }
                None => {}
            }
        }
        let (was_required, is_required) = (required(before), required(now));
        let (from, to, what) = match sender {
            Sender::Client => (is_required, was_required, "is required now"),
            Sender::Server => (was_required, is_required, "may be missing now"),
        };
        for name in from.iter().filter(|name| !to.contains(name)) {
            // A removed field is named already.
            if of_now.get(name).is_some() {
                self.change(&format!("{place}, {name}"), what.to_owned());
            }
        }
    }
}

/// The alternatives of a schema, if it has some.
fn alternatives(schema: &Value) -> Option<Vec<Value>> {
    let alternatives = schema.get("anyOf").or_else(|| schema.get("oneOf"))?;
    alternatives.as_array().cloned()
}

/// The JSON types of a schema; `None` when it allows any.
fn kinds(schema: &Value) -> Option<Vec<String>> {
    match schema.get("type")? {
        Value::String(kind) => Some(vec![kind.clone()]),
        Value::Array(kinds) => {
            Some(kinds.iter().filter_map(Value::as_str).map(ToOwned::to_owned).collect())
        }
        _ => None,
    }
}

/// The values that a schema lists.
fn words(schema: &Value) -> Option<Vec<Value>> {
    match (schema.get("enum"), schema.get("const")) {
        (Some(words), _) => words.as_array().cloned(),
        (None, Some(word)) => Some(vec![word.clone()]),
        (None, None) => None,
    }
}

fn required(schema: &Value) -> Vec<&str> {
    schema["required"].as_array().into_iter().flatten().filter_map(Value::as_str).collect()
}

/// Whether a schema refers to others, which can differ although the schemas are the same.
fn has_references(schema: &Value) -> bool {
    match schema {
        Value::Object(fields) => fields.contains_key("$ref") || fields.values().any(has_references),
        Value::Array(elements) => elements.iter().any(has_references),
        _ => false,
    }
}
