//! The shape of a stored type: what its bytes mean, without the type itself.

mod personal;
mod plain;
mod reading;
mod samples;
#[cfg(test)]
mod tests;
mod trace;
mod upcast;

pub use plain::from_value;
pub use samples::samples;
pub use trace::trace;
pub use upcast::upcast;

use super::codec::{self, CodecError};
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// The shape of a stored type. Newtypes have the shape of what they contain, as in the bytes.
///
/// Stored as JSON; variants are only ever added.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Shape {
    /// No bytes: a unit, or a variant without fields.
    Unit,
    /// A truth value.
    Bool,
    /// A number of 8 bits.
    U8,
    /// A number of 16 bits.
    U16,
    /// A number of 32 bits.
    U32,
    /// A number of 64 bits.
    U64,
    /// A signed number of 8 bits.
    I8,
    /// A signed number of 16 bits.
    I16,
    /// A signed number of 32 bits.
    I32,
    /// A signed number of 64 bits.
    I64,
    /// A floating-point number of 32 bits.
    F32,
    /// A floating-point number of 64 bits.
    F64,
    /// A character.
    Char,
    /// A text.
    Text,
    /// A value or none.
    Option(Box<Self>),
    /// A list of any length.
    List(Box<Self>),
    /// A map with keys and values of these shapes.
    Map(Box<(Self, Self)>),
    /// A fixed number of values without names.
    Tuple(Vec<Self>),
    /// The fields of a struct, or of a variant with the name `Enum::Variant`.
    Struct(String, Vec<(String, Self)>),
    /// The variants of an enum with their contents, by number from 0.
    Enum(String, Vec<(String, Self)>),
    /// A text about a person, which is stored encrypted.
    Personal,
}

impl Shape {
    /// Whether values that were stored in the shape `stored` can be read in this shape as they are:
    /// the two are the same, or this one has further variants at the end of its enums. The names of
    /// types do not matter, nor whether a text is personal: each value says whether it is encrypted.
    #[must_use]
    pub fn extends(&self, stored: &Self) -> bool {
        let all = |today: &[(String, Self)], stored: &[(String, Self)]| {
            let mut pairs = today.iter().zip(stored);
            pairs.all(|(today, stored)| today.0 == stored.0 && today.1.extends(&stored.1))
        };
        match (self, stored) {
            (Self::Option(today), Self::Option(stored))
            | (Self::List(today), Self::List(stored)) => today.extends(stored),
            (Self::Map(today), Self::Map(stored)) => {
                today.0.extends(&stored.0) && today.1.extends(&stored.1)
            }
            (Self::Tuple(today), Self::Tuple(stored)) => {
                today.len() == stored.len()
                    && today.iter().zip(stored).all(|(today, stored)| today.extends(stored))
            }
            (Self::Struct(_, today), Self::Struct(_, stored)) => {
                today.len() == stored.len() && all(today, stored)
            }
            (Self::Enum(_, today), Self::Enum(_, stored)) => {
                today.len() >= stored.len() && all(today, stored)
            }
            (Self::Personal, Self::Text) | (Self::Text, Self::Personal) => true,
            (today, stored) => today == stored,
        }
    }

    /// Reads one value of this shape from the bytes of [`codec::encode`] without their codec. The
    /// names of fields and variants are those of the shape.
    ///
    /// # Errors
    /// When the bytes are not exactly one value of this shape.
    pub(in crate::store) fn read(&self, bytes: &[u8]) -> Result<Value, CodecError> {
        codec::read_as(reading::Reading(self), bytes)
    }
}
