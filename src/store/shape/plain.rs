//! Reads a type from a value, strictly by the names of its fields and variants.

use serde::{
    Deserializer,
    de::{
        DeserializeOwned, DeserializeSeed, EnumAccess, Error as _, IntoDeserializer, VariantAccess,
        Visitor,
        value::{Error, MapDeserializer, SeqDeserializer},
    },
    forward_to_deserialize_any,
};
use serde_json::Value;

/// Reads a type from a value whose fields and variants have the names of serde.
///
/// # Errors
/// When a field is missing that has no default, when a field or variant is unknown, or when a value
/// has another type.
pub fn from_value<T: DeserializeOwned>(value: Value) -> Result<T, String> {
    T::deserialize(Plain(value)).map_err(|error| error.to_string())
}

/// A value in the form of the journal: types that have another form for people use the plain one.
struct Plain(Value);

impl Plain {
    /// The fields of a struct; an unknown one is an error, because its value would be lost.
    fn fields<'de, V: Visitor<'de>>(self, names: &[&str], visitor: V) -> Result<V::Value, Error> {
        if let Value::Object(fields) = &self.0 {
            let unknown = fields.keys().find(|field| !names.contains(&field.as_str()));
            if let Some(field) = unknown {
                return Err(Error::custom(format_args!("unknown field `{field}`")));
            }
        }
        self.deserialize_any(visitor)
    }
}

impl IntoDeserializer<'_> for Plain {
    type Deserializer = Self;

    fn into_deserializer(self) -> Self {
        self
    }
}

impl<'de> Deserializer<'de> for Plain {
    type Error = Error;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        match self.0 {
            Value::Null => visitor.visit_unit(),
            Value::Bool(value) => visitor.visit_bool(value),
            Value::Number(number) => match (number.as_u64(), number.as_i64(), number.as_f64()) {
                (Some(number), ..) => visitor.visit_u64(number),
                (None, Some(number), _) => visitor.visit_i64(number),
                (None, None, number) => visitor.visit_f64(number.unwrap_or_default()),
            },
            Value::String(text) => visitor.visit_string(text),
            Value::Array(values) => {
                let mut values = SeqDeserializer::new(values.into_iter().map(Self));
                let read = visitor.visit_seq(&mut values)?;
                values.end().map(|()| read)
            }
            Value::Object(fields) => {
                let fields = fields.into_iter().map(|(name, value)| (name, Self(value)));
                let mut fields = MapDeserializer::new(fields);
                let read = visitor.visit_map(&mut fields)?;
                fields.end().map(|()| read)
            }
        }
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        match self.0 {
            Value::Null => visitor.visit_none(),
            _ => visitor.visit_some(self),
        }
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        visitor: V,
    ) -> Result<V::Value, Error> {
        visitor.visit_newtype_struct(self)
    }

    /// A map is a list of pairs, because its keys may have any shape.
    fn deserialize_map<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        let Value::Array(entries) = self.0 else { return self.deserialize_any(visitor) };
        let entries = entries.into_iter().map(|entry| match entry {
            Value::Array(pair) => <[Value; 2]>::try_from(pair).ok(),
            _ => None,
        });
        let entries = entries.map(|pair| pair.map(|[key, value]| (Self(key), Self(value))));
        let entries: Option<Vec<_>> = entries.collect();
        let entries = entries.ok_or_else(|| Error::custom("an entry of a map is no pair"))?;
        visitor.visit_map(MapDeserializer::new(entries.into_iter()))
    }

    fn deserialize_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        names: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Error> {
        self.fields(names, visitor)
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        _: &'static str,
        _: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Error> {
        let (name, content) = match self.0 {
            Value::String(name) => (name, Value::Null),
            Value::Object(content) if content.len() == 1 => {
                content.into_iter().next().unwrap_or_default()
            }
            other => return Err(Error::custom(format_args!("{other} is no variant"))),
        };
        visitor.visit_enum(Chosen { name, content: Self(content) })
    }

    fn is_human_readable(&self) -> bool {
        false
    }

    forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf unit
        unit_struct seq tuple tuple_struct identifier ignored_any
    }
}

/// A variant with its content.
struct Chosen {
    name: String,
    content: Plain,
}

impl<'de> EnumAccess<'de> for Chosen {
    type Error = Error;
    type Variant = Plain;

    fn variant_seed<T: DeserializeSeed<'de>>(self, seed: T) -> Result<(T::Value, Plain), Error> {
        Ok((seed.deserialize(self.name.into_deserializer())?, self.content))
    }
}

impl<'de> VariantAccess<'de> for Plain {
    type Error = Error;

    /// A variant that has lost its fields would lose their values.
    fn unit_variant(self) -> Result<(), Error> {
        if self.0.is_null() { Ok(()) } else { Err(Error::custom("the variant has fields")) }
    }

    fn newtype_variant_seed<T: DeserializeSeed<'de>>(self, seed: T) -> Result<T::Value, Error> {
        seed.deserialize(self)
    }

    fn tuple_variant<V: Visitor<'de>>(self, _: usize, visitor: V) -> Result<V::Value, Error> {
        self.deserialize_any(visitor)
    }

    /// A variant that had no fields is read as one with no field given.
    fn struct_variant<V: Visitor<'de>>(
        self,
        names: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Error> {
        match self.0 {
            Value::Null => Self(Value::Object(serde_json::Map::new())).fields(names, visitor),
            _ => self.fields(names, visitor),
        }
    }
}
