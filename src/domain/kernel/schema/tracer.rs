//! Traces the schema of a type from its `Deserialize` alone, as JSON.
//!
//! The deserializer has no input. It returns a sample for everything that the type requests, and
//! records what was requested. A value may refuse its sample; then the pass ends, and the next one
//! goes on with the parts that are not known yet.

use super::{
    draft::{Draft, unit},
    values::known,
};
use serde::{
    Deserializer,
    de::{
        DeserializeOwned, DeserializeSeed, EnumAccess, Error as _, IntoDeserializer, MapAccess,
        SeqAccess, VariantAccess, Visitor, value::Error,
    },
    forward_to_deserialize_any,
};
use serde_json::{Value, json};
use std::any::type_name;

/// The depth beyond which a type is taken for a recursive one.
const DEPTH_MAX: usize = 16;

/// The most passes over one type.
const PASSES_MAX: usize = 1_000;

/// The samples for a value that reads itself and is no value of the language.
const SAMPLES: [fn() -> Value; 5] =
    [|| json!("text"), || json!("2026-11-28T12:00:00Z"), || json!(1), || json!(true), || json!({})];

/// The draft of a type.
pub(super) fn trace<T: DeserializeOwned>() -> Draft {
    passes::<T>(None)
}

/// The draft of the content of the variant with this name.
pub(super) fn trace_variant<T: DeserializeOwned>(variant: &str) -> Draft {
    passes::<T>(Some(variant))
}

fn passes<T: DeserializeOwned>(variant: Option<&str>) -> Draft {
    let mut draft = Draft::Unknown;
    for _ in 0..PASSES_MAX {
        let place = Place { name: type_name::<T>(), variant, depth: 0 };
        // A pass fails when a value refuses its sample. The next one knows one part more.
        let _ = Tracer { draft: &mut draft, place }.read(std::marker::PhantomData::<T>);
        if draft.is_complete() {
            break;
        }
    }
    draft
}

/// Where a value is read.
#[derive(Clone, Copy)]
struct Place<'a> {
    /// The name of the type that is read.
    name: &'static str,
    /// The variant whose content is wanted, at the root.
    variant: Option<&'a str>,
    depth: usize,
}

/// The deserializer of one value.
struct Tracer<'a> {
    draft: &'a mut Draft,
    place: Place<'a>,
}

impl<'a> Tracer<'a> {
    fn inner<T>(draft: &'a mut Draft, depth: usize) -> Self {
        let name = content(type_name::<T>());
        Tracer { draft, place: Place { name, variant: None, depth: depth + 1 } }
    }

    /// Reads a value from its sample when it is known, and traces it otherwise.
    fn read<'de, T: DeserializeSeed<'de>>(self, seed: T) -> Result<T::Value, Error> {
        if self.draft.is_complete() {
            return seed.deserialize(self.draft.sample()).map_err(Error::custom);
        }
        if self.place.depth > DEPTH_MAX {
            *self.draft = Draft::Leaf(json!({}), None);
            return Err(Error::custom("the type contains itself"));
        }
        let Self { draft, place } = self;
        let read = seed.deserialize(Tracer { draft: &mut *draft, place });
        // A value that refuses its sample has the schema, and no sample.
        if read.is_err()
            && let Draft::Leaf(_, sample @ Some(_)) = draft
        {
            *sample = None;
        }
        match (&read, &mut *draft) {
            (Err(_), Draft::Unknown) => *draft = Draft::Leaf(json!({}), None),
            (Err(_), Draft::Refused(count)) => *count += 1,
            (Ok(_), Draft::Refused(count)) => {
                *draft = Draft::Leaf(json!({}), SAMPLES.get(*count).map(|of| of()));
            }
            _ => {}
        }
        read
    }

    /// Reads a single value: one of the language, or else one with this schema.
    fn leaf<'de, V: Visitor<'de>>(
        self,
        schema: Value,
        sample: Value,
        visitor: V,
    ) -> Result<V::Value, Error> {
        let (schema, sample) = known(self.place.name).unwrap_or((schema, sample));
        self.draft.learn(|| Draft::Leaf(schema, Some(sample.clone())));
        sample.deserialize_any(visitor).map_err(Error::custom)
    }
}

/// The error for a type that asks for another kind of value than in an earlier pass.
fn ambiguous<T>() -> Result<T, Error> {
    Err(Error::custom("the type reads itself in two ways"))
}

/// The type within options and lists.
fn content(name: &'static str) -> &'static str {
    let around = ["core::option::Option<", "alloc::vec::Vec<"];
    let inner = around.iter().find_map(|around| name.strip_prefix(around)?.strip_suffix('>'));
    inner.map_or(name, content)
}

macro_rules! integers {
    ($($method:ident $type:ty),+ $(,)?) => {
        $(fn $method<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
            let schema = json!({ "type": "integer", "minimum": <$type>::MIN, "maximum": <$type>::MAX });
            self.leaf(schema, json!(1), visitor)
        })+
    };
}

macro_rules! leaves {
    ($($method:ident $schema:tt $sample:expr),+ $(,)?) => {
        $(fn $method<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
            self.leaf(json!($schema), json!($sample), visitor)
        })+
    };
}

impl<'de> Deserializer<'de> for Tracer<'_> {
    type Error = Error;

    integers! {
        deserialize_u8 u8, deserialize_u16 u16, deserialize_u32 u32,
        deserialize_i8 i8, deserialize_i16 i16, deserialize_i32 i32,
    }

    leaves! {
        deserialize_u64 { "type": "integer", "minimum": 0 } 1,
        deserialize_i64 { "type": "integer" } 1,
        deserialize_u128 { "type": "integer", "minimum": 0 } 1,
        deserialize_i128 { "type": "integer" } 1,
        deserialize_f32 { "type": "number" } 1.5,
        deserialize_f64 { "type": "number" } 1.5,
        deserialize_bool { "type": "boolean" } true,
        deserialize_char { "type": "string", "minLength": 1, "maxLength": 1 } "x",
        deserialize_str { "type": "string" } "text",
        deserialize_string { "type": "string" } "text",
    }

    /// A value that reads itself gets one sample after the other, until it accepts one.
    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        if known(self.place.name).is_some() {
            return self.leaf(Value::Null, Value::Null, visitor);
        }
        let Draft::Refused(count) = self.draft.learn(|| Draft::Refused(0)) else {
            return ambiguous();
        };
        if let Some(sample) = SAMPLES.get(*count) {
            return sample().deserialize_any(visitor).map_err(Error::custom);
        }
        *self.draft = Draft::Leaf(json!({}), None);
        Err(Error::custom("the type accepts no sample"))
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        let Self { draft, place } = self;
        match draft.learn(|| Draft::Option(Box::new(Draft::Unknown))) {
            Draft::Option(of) => visitor.visit_some(Tracer { draft: of, place }),
            _ => ambiguous(),
        }
    }

    fn deserialize_unit<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        self.leaf(json!({ "type": "null" }), Value::Null, visitor)
    }

    fn deserialize_unit_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        visitor: V,
    ) -> Result<V::Value, Error> {
        self.deserialize_unit(visitor)
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        visitor: V,
    ) -> Result<V::Value, Error> {
        visitor.visit_newtype_struct(self)
    }

    fn deserialize_seq<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        let depth = self.place.depth;
        match self.draft.learn(|| Draft::List(Box::new(Draft::Unknown))) {
            Draft::List(of) => visitor.visit_seq(Parts { of: vec![&mut **of].into_iter(), depth }),
            _ => ambiguous(),
        }
    }

    fn deserialize_tuple<V: Visitor<'de>>(
        self,
        length: usize,
        visitor: V,
    ) -> Result<V::Value, Error> {
        let depth = self.place.depth;
        match self.draft.learn(|| Draft::Tuple((0..length).map(|_| Draft::Unknown).collect())) {
            Draft::Tuple(of) => {
                let of: Vec<_> = of.iter_mut().collect();
                visitor.visit_seq(Parts { of: of.into_iter(), depth })
            }
            _ => ambiguous(),
        }
    }

    fn deserialize_tuple_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        length: usize,
        visitor: V,
    ) -> Result<V::Value, Error> {
        self.deserialize_tuple(length, visitor)
    }

    fn deserialize_map<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        let depth = self.place.depth;
        match self.draft.learn(|| Draft::Map(Box::new(Draft::Unknown))) {
            Draft::Map(of) => {
                let of = vec![("key", &mut **of)].into_iter();
                visitor.visit_map(Fields { of, value: None, depth })
            }
            _ => ambiguous(),
        }
    }

    fn deserialize_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        fields: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Error> {
        let unknown = || Draft::Object(fields.iter().map(|name| (*name, Draft::Unknown)).collect());
        let depth = self.place.depth;
        match self.draft.learn(unknown) {
            Draft::Object(of) => visitor.visit_map(Fields::unknown_first(of, depth)),
            _ => ambiguous(),
        }
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        _: &'static str,
        variants: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Error> {
        let Self { draft, place } = self;
        let depth = place.depth;
        if let Some(name) = place.variant {
            let name = variants.iter().find(|known| **known == name);
            let name = name.ok_or_else(|| Error::custom("there is no such variant"))?;
            return visitor.visit_enum(Chosen { name, draft, depth });
        }
        let unknown =
            || Draft::OneOf(variants.iter().map(|name| (*name, Draft::Unknown)).collect());
        let Draft::OneOf(of) = draft.learn(unknown) else {
            return ambiguous();
        };
        match of.iter_mut().find(|(_, of)| !of.is_complete()) {
            Some((name, draft)) => visitor.visit_enum(Chosen { name, draft, depth }),
            None => Err(Error::custom("the enum has no variants")),
        }
    }

    forward_to_deserialize_any! { bytes byte_buf identifier ignored_any }
}

/// The elements of a list or a tuple.
struct Parts<'a> {
    of: std::vec::IntoIter<&'a mut Draft>,
    depth: usize,
}

impl<'de> SeqAccess<'de> for Parts<'_> {
    type Error = Error;

    fn next_element_seed<T: DeserializeSeed<'de>>(
        &mut self,
        seed: T,
    ) -> Result<Option<T::Value>, Error> {
        let Some(draft) = self.of.next() else { return Ok(None) };
        Tracer::inner::<T::Value>(draft, self.depth).read(seed).map(Some)
    }
}

/// The fields of an object.
struct Fields<'a> {
    of: std::vec::IntoIter<(&'static str, &'a mut Draft)>,
    value: Option<&'a mut Draft>,
    depth: usize,
}

impl<'a> Fields<'a> {
    /// The fields that are not known yet, and then the others.
    fn unknown_first(of: &'a mut [(&'static str, Draft)], depth: usize) -> Self {
        let (known, mut unknown): (Vec<_>, Vec<_>) =
            of.iter_mut().map(|(name, of)| (*name, of)).partition(|(_, of)| of.is_complete());
        unknown.extend(known);
        Self { of: unknown.into_iter(), value: None, depth }
    }
}

impl<'de> MapAccess<'de> for Fields<'_> {
    type Error = Error;

    fn next_key_seed<K: DeserializeSeed<'de>>(
        &mut self,
        seed: K,
    ) -> Result<Option<K::Value>, Error> {
        let Some((name, draft)) = self.of.next() else { return Ok(None) };
        self.value = Some(draft);
        seed.deserialize(name.into_deserializer()).map(Some)
    }

    fn next_value_seed<T: DeserializeSeed<'de>>(&mut self, seed: T) -> Result<T::Value, Error> {
        let draft = self.value.take().ok_or_else(|| Error::custom("a field has no value"))?;
        Tracer::inner::<T::Value>(draft, self.depth).read(seed)
    }
}

/// The variant of a pass.
struct Chosen<'a> {
    name: &'static str,
    draft: &'a mut Draft,
    depth: usize,
}

impl<'de> EnumAccess<'de> for Chosen<'_> {
    type Error = Error;
    type Variant = Self;

    fn variant_seed<T: DeserializeSeed<'de>>(self, seed: T) -> Result<(T::Value, Self), Error> {
        Ok((seed.deserialize(self.name.into_deserializer())?, self))
    }
}

impl<'de> VariantAccess<'de> for Chosen<'_> {
    type Error = Error;

    fn unit_variant(self) -> Result<(), Error> {
        self.draft.learn(unit);
        Ok(())
    }

    fn newtype_variant_seed<T: DeserializeSeed<'de>>(self, seed: T) -> Result<T::Value, Error> {
        Tracer::inner::<T::Value>(self.draft, self.depth).read(seed)
    }

    fn tuple_variant<V: Visitor<'de>>(self, length: usize, visitor: V) -> Result<V::Value, Error> {
        Tracer::inner::<()>(self.draft, self.depth).deserialize_tuple(length, visitor)
    }

    fn struct_variant<V: Visitor<'de>>(
        self,
        names: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Error> {
        Tracer::inner::<()>(self.draft, self.depth).deserialize_struct("", names, visitor)
    }
}
