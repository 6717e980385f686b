//! The schemas of the values of the language, as clients send them.

use crate::domain::kernel::{
    Amount, CardNumber, Date, EpochMs, Id, Money, Number, Percent, Personal, Quantity, Text,
    Timestamp, values::TEXT_BYTES_MAX,
};
use serde_json::{Value, json};
use std::any::type_name;

/// A schema and a value that it describes.
pub(super) type Known = (Value, Value);

/// The schema of the value with this type name, and a sample; `None` when it is no value of the
/// language.
pub(super) fn known(name: &str) -> Option<Known> {
    let is = |candidate: &str| name == candidate;
    if [type_name::<Text>(), type_name::<CardNumber>(), type_name::<Personal>()].contains(&name) {
        let schema = json!({ "type": ["string", "integer"], "maxLength": TEXT_BYTES_MAX });
        Some((schema, json!("text")))
    } else if is(type_name::<Number>()) {
        Some(whole_number(Number::MAX.0))
    } else if is(type_name::<Money>()) {
        Some(whole_number(Money::MAX.0))
    } else if is(type_name::<Quantity>()) {
        Some(whole_number(Quantity::MAX.0.into()))
    } else if is(type_name::<Date>()) {
        Some((json!({ "type": "string", "format": "date" }), json!("2026-12-24")))
    } else if is(type_name::<Timestamp>()) {
        Some((time(), json!("2026-11-28T12:00:00Z")))
    } else if is(type_name::<EpochMs>()) {
        Some((time(), json!(1_622_635_791_863_u64)))
    } else if is(type_name::<Percent>()) {
        let pattern = "^ *[0-9]{1,4}(\\.[0-9]{1,2})? *%? *$";
        Some((json!({ "type": "string", "pattern": pattern }), json!("12.5 %")))
    } else if is(type_name::<Amount>()) {
        let pattern = "^[0-9]+(\\.[0-9]+)? [A-Z]{3}$";
        Some((json!({ "type": "string", "pattern": pattern }), json!("12.50 EUR")))
    } else if name.starts_with(type_name::<Id<()>>().trim_end_matches("()>")) {
        Some((json!({ "type": "integer", "minimum": 0 }), json!(1)))
    } else {
        None
    }
}

/// A whole number, which clients may also send as a text.
fn whole_number(max: u64) -> Known {
    let schema = json!({
        "type": ["integer", "string"], "minimum": 0, "maximum": max, "pattern": "^[0-9]{1,16}$",
    });
    (schema, json!(1))
}

/// A time. Clients may send both forms, whichever the server answers with.
fn time() -> Value {
    json!({
        "description": "RFC 3339, or milliseconds since 1970.",
        "anyOf": [{ "type": "string", "format": "date-time" }, { "type": "integer", "minimum": 0 }],
    })
}
