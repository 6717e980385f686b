//! Rows of a view, as they are written and as they are read.

use crate::domain::kernel::{Field, FieldKind, Timestamp};
use rusqlite::types::Value;
use serde::{
    Deserializer, Serialize,
    de::{self, DeserializeSeed, IgnoredAny, MapAccess, Visitor},
};
use serde_json::Value as Json;
use std::fmt;

/// The new content of a row.
#[derive(Clone, Debug)]
pub struct RowChange {
    /// The row as JSON.
    pub body: Vec<u8>,
    /// The values of the searchable fields other than the key, in the order of the fields, and the
    /// owner.
    pub values: Vec<Value>,
}

/// One row as it is stored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FoundRow {
    /// Its number.
    pub number: u64,
    /// The row as JSON.
    pub body: Vec<u8>,
    /// The subject of the customer to whom it belongs.
    pub owner: Option<Box<str>>,
}

impl RowChange {
    /// Creates the change from a row of this owner, and takes the values of its searchable fields from it. A
    /// value that is missing, or not of the field's kind, is stored as null and matches no
    /// condition.
    ///
    /// # Errors
    /// When the row cannot be written as JSON.
    pub fn new(
        fields: &[Field],
        row: &impl Serialize,
        owner: Option<&str>,
    ) -> serde_json::Result<Self> {
        let body = serde_json::to_vec(row)?;
        let found = found_fields(fields, &body);
        let own = fields.iter().zip(found).filter(|(field, _)| field.kind != FieldKind::Key);
        let owner = owner.map_or(Value::Null, |owner| Value::Text(owner.to_owned()));
        let values = own.map(|(field, found)| value(field.kind, found)).chain([owner]).collect();
        Ok(Self { body, values })
    }

    /// The owner of the row, which is the last of the values.
    pub(super) fn owner(&self) -> Option<&str> {
        match self.values.last() {
            Some(Value::Text(owner)) => Some(owner),
            _ => None,
        }
    }
}

/// The value of a searchable field of this kind.
fn value(kind: FieldKind, found: Json) -> Value {
    match (kind, found) {
        (FieldKind::Text | FieldKind::Date, Json::String(text)) => Value::Text(text),
        (FieldKind::Text, Json::Null) | (FieldKind::Date, _) => Value::Null,
        (FieldKind::Text, other) => Value::Text(other.to_string()),
        (FieldKind::Time, Json::String(text)) => {
            let time = Timestamp::from_rfc3339(&text).and_then(|time| time.0.try_into().ok());
            time.map_or(Value::Null, Value::Integer)
        }
        (FieldKind::Key | FieldKind::Number | FieldKind::Time, value) => {
            value.as_i64().map_or(Value::Null, Value::Integer)
        }
    }
}

/// The values of the fields in a row. A field that is missing is null.
fn found_fields(fields: &[Field], body: &[u8]) -> Vec<Json> {
    let mut found = vec![Json::Null; fields.len()];
    let mut row = serde_json::Deserializer::from_slice(body);
    // A row that is no object has no fields.
    let _ = row.deserialize_map(FieldReader { fields, found: &mut found });
    found
}

/// Reads the values of the fields from a JSON object, and skips everything else.
struct FieldReader<'a> {
    fields: &'a [Field],
    found: &'a mut [Json],
}

impl<'de> Visitor<'de> for FieldReader<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        while let Some(index) = map.next_key_seed(FieldName(self.fields))? {
            match index {
                Some(index) => self.found[index] = map.next_value()?,
                None => drop(map.next_value::<IgnoredAny>()?),
            }
        }
        Ok(())
    }
}

/// Reads the name of a field; the result is its index.
struct FieldName<'a>(&'a [Field]);

impl<'de> DeserializeSeed<'de> for FieldName<'_> {
    type Value = Option<usize>;

    fn deserialize<D: Deserializer<'de>>(self, name: D) -> Result<Option<usize>, D::Error> {
        name.deserialize_str(self)
    }
}

impl Visitor<'_> for FieldName<'_> {
    type Value = Option<usize>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the name of a field")
    }

    fn visit_str<E: de::Error>(self, name: &str) -> Result<Option<usize>, E> {
        Ok(self.0.iter().position(|field| field.name == name))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn the_searchable_fields_of_a_row_are_taken_from_its_json() {
        const FIELDS: &[Field] = &[
            Field::key("id"),
            Field::text("name"),
            Field::number("price"),
            Field::text("paid"),
            Field::number("missing"),
        ];
        let row = json!({
            "id": 7, "price": -3, "other": {"name": "Lee"}, "na\u{6d}e": "Kim \"K\"", "paid": true,
        });
        let change = RowChange::new(FIELDS, &row, Some("kim")).expect("is json");
        let text = |text: &str| Value::Text(text.to_owned());
        let expected =
            [text("Kim \"K\""), Value::Integer(-3), text("true"), Value::Null, text("kim")];
        assert_eq!(change.values, expected);
        assert_eq!(serde_json::from_slice::<Json>(&change.body).expect("is json"), row);
        let other = json!({"name": null, "price": "much", "paid": [1, "two"]});
        let change = RowChange::new(FIELDS, &other, None).expect("is json");
        let expected = [Value::Null, Value::Null, text("[1,\"two\"]"), Value::Null, Value::Null];
        assert_eq!(change.values, expected);
        let change = RowChange::new(FIELDS, &json!("no object"), None).expect("is json");
        assert_eq!(change.values, vec![Value::Null; 5]);
    }
}
