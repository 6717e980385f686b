//! A stored type with its upcasters, with the type erased.

use crate::{
    domain::kernel::Upcasters,
    store::{
        codec,
        shape::{Shape, from_value, samples, trace, upcast},
    },
};
use serde::{Serialize, de::DeserializeOwned};
use serde_json::Value;

/// A stored type of this binary: its shape, and the conversion of values of earlier shapes.
pub struct StoredType {
    name: String,
    shape: Shape,
    upcasters: Upcasters,
    encode: fn(Value) -> Result<Vec<u8>, String>,
}

impl StoredType {
    /// The stored type `T`. The name is that of the aggregate or saga and of the role in it, such
    /// as `taxi/orders event`. It never changes once it is in a store.
    ///
    /// # Errors
    /// When values of the type cannot be stored, as a sentence that names the type.
    pub fn of<T: Serialize + DeserializeOwned>(
        name: impl Into<String>,
        upcasters: Upcasters,
    ) -> Result<Self, String> {
        let name = name.into();
        let shape = trace::<T>().map_err(|reason| format!("{name}: {reason}"))?;
        let encode = |value| from_value::<T>(value).map(|value| codec::encode(&value));
        Ok(Self { name, shape, upcasters, encode })
    }

    /// The name of the type.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The shape of today's values.
    #[must_use]
    pub const fn shape(&self) -> &Shape {
        &self.shape
    }

    /// Today's encoding of a value that was encoded in an earlier shape.
    ///
    /// # Errors
    /// When the bytes are no value of that shape, or the value has no counterpart today.
    pub fn convert(&self, stored: &Shape, encoded: &[u8]) -> Result<Vec<u8>, String> {
        let (_, value) = codec::shape_of(encoded).map_err(|error| error.to_string())?;
        self.convert_value(stored, value)
    }

    /// Converts a value without its codec.
    pub(super) fn convert_value(&self, stored: &Shape, value: &[u8]) -> Result<Vec<u8>, String> {
        let value = stored.read(value).map_err(|error| error.to_string())?;
        self.encode(stored, value)
    }

    /// The value of a shape that these bytes hold, with the names of its fields.
    ///
    /// # Errors
    /// When the bytes are no value of that shape.
    pub fn read(stored: &Shape, encoded: &[u8]) -> Result<Value, String> {
        let read = codec::shape_of(encoded).and_then(|(_, value)| stored.read(value));
        read.map_err(|error| error.to_string())
    }

    /// Encodes a value of today's shape from its form with names.
    ///
    /// # Errors
    /// When it is no value of the type.
    pub fn from_json(&self, value: Value) -> Result<Vec<u8>, String> {
        (self.encode)(value).map_err(|reason| format!("{}: {reason}", self.name))
    }

    /// The form with names of an encoded value of today's shape.
    ///
    /// # Errors
    /// When the bytes are no value of the type.
    pub fn to_json(&self, encoded: &[u8]) -> Result<Value, String> {
        Self::read(&self.shape, encoded).map_err(|reason| format!("{}: {reason}", self.name))
    }

    /// Encoded values of today's shape, which together have every variant.
    ///
    /// # Errors
    /// When a value of the shape is no value of the type.
    pub fn samples(&self) -> Result<Vec<Vec<u8>>, String> {
        let encode = |value| (self.encode)(value).map_err(|reason| self.refuses(&reason));
        samples(&self.shape).into_iter().map(encode).collect()
    }

    /// Checks that values of the type are read as they were written.
    ///
    /// # Errors
    /// When they are not, as a sentence.
    pub(super) fn check_itself(&self) -> Result<(), String> {
        for sample in samples(&self.shape) {
            let encoded = (self.encode)(sample.clone()).map_err(|reason| self.refuses(&reason))?;
            if Self::read(&self.shape, &encoded).as_ref() != Ok(&sample) {
                return Err(format!(
                    "{}: the value {sample} is written in another form than it is read; a stored \
                     type cannot have #[serde(skip_serializing_if)] or a `serialize_with` of \
                     another form, because the journal stores values without names",
                    self.name
                ));
            }
        }
        Ok(())
    }

    /// Checks that every value of an earlier shape can be converted.
    ///
    /// # Errors
    /// When one cannot, as a sentence that says what to declare.
    pub(super) fn check(&self, stored: &Shape) -> Result<(), String> {
        for sample in samples(stored) {
            self.encode(stored, sample.clone()).map_err(|reason| {
                format!(
                    "{}: this binary cannot read the value {sample}, which the store may have from an \
                     earlier binary: {reason}. {}",
                    self.name,
                    remedy(&reason)
                )
            })?;
        }
        Ok(())
    }

    fn encode(&self, stored: &Shape, mut value: Value) -> Result<Vec<u8>, String> {
        upcast(stored, &mut value, &self.upcasters);
        (self.encode)(value)
    }

    fn refuses(&self, reason: &str) -> String {
        format!("{}: a stored type must accept every value of its fields: {reason}", self.name)
    }
}

/// What to do about an error of [`from_value`], as a sentence.
fn remedy(reason: &str) -> &'static str {
    let remedies = [
        (
            "missing field",
            "Give the field #[serde(default)], or declare its value for stored values in \
             `upcasters` with `fill`",
        ),
        (
            "unknown field",
            "Keep the field, or declare in `upcasters` its new name with `rename_field`, or its \
             loss with `drop_field`. If a newer version wrote the store, start that version",
        ),
        (
            "unknown variant",
            "Keep the variant, or declare its new name in `upcasters` with `rename_variant`. If a \
             newer version wrote the store, start that version",
        ),
    ];
    let found = remedies.iter().find(|(start, _)| reason.starts_with(start));
    found
        .map_or("Declare in `upcasters` how the value changes, with `change`", |(_, remedy)| remedy)
}
