//! The names of the fields of a struct, taken from its implementation of `Deserialize`.

use serde::{
    Deserializer, de,
    de::{DeserializeOwned, value::Error},
    forward_to_deserialize_any,
};

/// The serialized names of the fields of a `T`, in order; empty when `T` is not a struct with named
/// fields.
#[must_use]
pub fn field_names<T: DeserializeOwned>() -> &'static [&'static str] {
    let mut names: &[&str] = &[];
    // The call always fails: the deserializer stops as soon as the names are known.
    drop(T::deserialize(Listening(&mut names)));
    names
}

/// Deserializer that records the requested field names and then fails.
struct Listening<'names>(&'names mut &'static [&'static str]);

impl<'de> Deserializer<'de> for Listening<'_> {
    type Error = Error;

    fn deserialize_any<V: de::Visitor<'de>>(self, _visitor: V) -> Result<V::Value, Error> {
        Err(de::Error::custom("there is nothing to read"))
    }

    fn deserialize_struct<V: de::Visitor<'de>>(
        self,
        _name: &'static str,
        fields: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Error> {
        *self.0 = fields;
        self.deserialize_any(visitor)
    }

    forward_to_deserialize_any! {
        bool i8 i16 i32 i64 u8 u16 u32 u64 f32 f64 char str string bytes byte_buf option unit
        unit_struct newtype_struct seq tuple tuple_struct map enum identifier ignored_any
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde::Deserialize;

    #[derive(Deserialize)]
    #[serde(rename_all = "camelCase")]
    #[expect(dead_code, reason = "only their names matter")]
    struct Room {
        floor_number: u32,
        #[serde(default)]
        colour: Option<String>,
    }

    #[test]
    fn a_struct_names_its_fields_as_they_are_written() {
        assert_eq!(field_names::<Room>(), ["floorNumber", "colour"]);
        assert!(field_names::<Vec<Room>>().is_empty());
        assert!(field_names::<u64>().is_empty());
    }
}
