//! Rows of a view, as they are written and as they are read.

use crate::domain::kernel::{Field, FieldKind};
use rusqlite::types::Value;
use serde::Serialize;

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
        let row = serde_json::to_value(row)?;
        let value = |field: &Field| match (field.kind, &row[field.name]) {
            (FieldKind::Text | FieldKind::Date, serde_json::Value::String(text)) => {
                Value::Text(text.clone())
            }
            (FieldKind::Text, serde_json::Value::Null) | (FieldKind::Date, _) => Value::Null,
            (FieldKind::Text, other) => Value::Text(other.to_string()),
            (FieldKind::Key | FieldKind::Number | FieldKind::Time, value) => {
                value.as_i64().map_or(Value::Null, Value::Integer)
            }
        };
        let own = fields.iter().filter(|field| field.kind != FieldKind::Key);
        let owner = owner.map_or(Value::Null, |owner| Value::Text(owner.to_owned()));
        Ok(Self { body, values: own.map(value).chain([owner]).collect() })
    }
}
