//! The past of an aggregate, as clients ask for it and see it.

use crate::domain::kernel::Timestamp;
use serde_json::Value;

/// A moment in the history of an aggregate.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Moment {
    /// After the record of this version, from 1.
    Version(u32),
    /// After the last record up to this time.
    Instant(Timestamp),
}

/// An aggregate as it was.
#[derive(Clone, Debug)]
pub struct PastReply {
    /// The number of the aggregate.
    pub number: u64,
    /// Its version at that moment.
    pub version: u32,
    /// The time of the record of that version.
    pub time: Timestamp,
    /// Whether this is still the present version.
    pub is_present: bool,
    /// The representation: a JSON object, encoded, without links.
    pub body: Vec<u8>,
}

/// A field of a representation that a record changed.
#[derive(Clone, Debug, PartialEq)]
pub struct FieldChange {
    /// The JSON name of the field.
    pub field: String,
    /// The value before; `None` when there was no such field.
    pub from: Option<Value>,
    /// The value after; `None` when there is no such field any more.
    pub to: Option<Value>,
}
