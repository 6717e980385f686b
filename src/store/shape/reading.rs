//! Reads the bytes of a stored value by its shape.

use super::Shape;
use serde::{
    Deserialize, Deserializer,
    de::{DeserializeSeed, EnumAccess, Error as _, MapAccess, SeqAccess, VariantAccess, Visitor},
};
use serde_json::{Map, Value};
use std::{fmt, marker::PhantomData};

/// Reads one value of a shape.
#[derive(Clone, Copy)]
pub(super) struct Reading<'a>(pub(super) &'a Shape);

fn leaf<'de, T, D>(deserializer: D) -> Result<Value, D::Error>
where
    T: Deserialize<'de> + Into<Value>,
    D: Deserializer<'de>,
{
    T::deserialize(deserializer).map(Into::into)
}

impl<'de> DeserializeSeed<'de> for Reading<'_> {
    type Value = Value;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Value, D::Error> {
        match self.0 {
            Shape::Unit => <()>::deserialize(deserializer).map(|()| Value::Null),
            Shape::Bool => leaf::<bool, D>(deserializer),
            Shape::U8 => leaf::<u8, D>(deserializer),
            Shape::U16 => leaf::<u16, D>(deserializer),
            Shape::U32 => leaf::<u32, D>(deserializer),
            Shape::U64 => leaf::<u64, D>(deserializer),
            Shape::I8 => leaf::<i8, D>(deserializer),
            Shape::I16 => leaf::<i16, D>(deserializer),
            Shape::I32 => leaf::<i32, D>(deserializer),
            Shape::I64 => leaf::<i64, D>(deserializer),
            Shape::F32 => leaf::<f32, D>(deserializer),
            Shape::F64 => leaf::<f64, D>(deserializer),
            Shape::Char => char::deserialize(deserializer).map(|one| one.to_string().into()),
            Shape::Text | Shape::Personal => leaf::<String, D>(deserializer),
            Shape::Option(_) => deserializer.deserialize_option(self),
            Shape::List(_) => deserializer.deserialize_seq(self),
            Shape::Map(_) => deserializer.deserialize_map(self),
            Shape::Tuple(shapes) => deserializer.deserialize_tuple(shapes.len(), self),
            Shape::Struct(_, fields) => deserializer.deserialize_tuple(fields.len(), self),
            Shape::Enum(..) => deserializer.deserialize_enum("", &[], self),
        }
    }
}

/// Returns the next value of a sequence that has one of this shape.
fn next<'de, A: SeqAccess<'de>>(values: &mut A, shape: &Shape) -> Result<Value, A::Error> {
    let value = values.next_element_seed(Reading(shape))?;
    value.ok_or_else(|| A::Error::custom("the value is cut short"))
}

impl<'de> Visitor<'de> for Reading<'_> {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a value of the stored shape")
    }

    fn visit_none<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_some<D: Deserializer<'de>>(self, inner: D) -> Result<Value, D::Error> {
        match self.0 {
            Shape::Option(shape) => Reading(shape).deserialize(inner),
            _ => Err(D::Error::custom("no option is stored here")),
        }
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut values: A) -> Result<Value, A::Error> {
        match self.0 {
            Shape::List(shape) => {
                let mut list = Vec::new();
                while let Some(value) = values.next_element_seed(Reading(shape))? {
                    list.push(value);
                }
                Ok(Value::Array(list))
            }
            Shape::Tuple(shapes) => {
                let list = shapes.iter().map(|shape| next(&mut values, shape));
                list.collect::<Result<_, _>>().map(Value::Array)
            }
            Shape::Struct(_, fields) => {
                let fields = fields
                    .iter()
                    .map(|(name, shape)| Ok((name.clone(), next(&mut values, shape)?)));
                fields.collect::<Result<Map<_, _>, _>>().map(Value::Object)
            }
            _ => Err(A::Error::custom("no sequence is stored here")),
        }
    }

    /// The entries of a map are a list of pairs, so that the keys may have any shape.
    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<Value, A::Error> {
        let Shape::Map(shapes) = self.0 else {
            return Err(A::Error::custom("no map is stored here"));
        };
        let mut list = Vec::new();
        while let Some((key, value)) =
            entries.next_entry_seed(Reading(&shapes.0), Reading(&shapes.1))?
        {
            list.push(Value::Array(vec![key, value]));
        }
        Ok(Value::Array(list))
    }

    fn visit_enum<A: EnumAccess<'de>>(self, chosen: A) -> Result<Value, A::Error> {
        let Shape::Enum(_, variants) = self.0 else {
            return Err(A::Error::custom("no enum is stored here"));
        };
        let (number, content) = chosen.variant_seed(PhantomData::<u32>)?;
        let variant = usize::try_from(number).ok().and_then(|number| variants.get(number));
        let Some((name, shape)) = variant else {
            return Err(A::Error::custom(format_args!("variant {number} is unknown")));
        };
        let content = match shape {
            Shape::Unit => return content.unit_variant().map(|()| name.clone().into()),
            Shape::Tuple(shapes) => content.tuple_variant(shapes.len(), Reading(shape))?,
            Shape::Struct(_, fields) => content.tuple_variant(fields.len(), Reading(shape))?,
            _ => content.newtype_variant_seed(Reading(shape))?,
        };
        Ok(Value::Object(Map::from_iter([(name.clone(), content)])))
    }
}
