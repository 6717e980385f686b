//! Traces the shape of a type from its `Deserialize` alone.
//!
//! The deserializer has no input. It returns a sample for everything that the type requests, and
//! records what was requested. An enum gets another variant in every pass, until all are known.

use super::Shape;
use crate::domain::kernel::PERSONAL;
use serde::{
    Deserializer,
    de::{
        DeserializeOwned, DeserializeSeed, EnumAccess, Error as _, IntoDeserializer, MapAccess,
        SeqAccess, VariantAccess, Visitor, value::Error,
    },
};

/// The depth beyond which a type is taken for a recursive one.
const DEPTH_MAX: usize = 64;

/// The most passes over one type. Each pass finds at least one variant.
const PASSES_MAX: usize = 10_000;

/// Returns the shape of a type.
///
/// # Errors
/// When values of the type cannot be stored with a known shape, as a sentence.
pub fn trace<T: DeserializeOwned>() -> Result<Shape, String> {
    let mut draft = Draft::Unknown;
    for _ in 0..PASSES_MAX {
        T::deserialize(Tracer { draft: &mut draft, depth: 0 })
            .map_err(|error| error.to_string())?;
        if draft.is_complete() {
            return draft.finish().ok_or_else(|| "the type has no variants".to_owned());
        }
    }
    Err("the type has too many variants".to_owned())
}

/// A shape of which parts are not known yet.
enum Draft {
    Unknown,
    Leaf(Shape),
    Option(Box<Self>),
    List(Box<Self>),
    Map(Box<(Self, Self)>),
    Tuple(Vec<Self>),
    Struct(String, Vec<(String, Self)>),
    Enum(String, Vec<(String, Self)>),
}

impl Draft {
    fn is_complete(&self) -> bool {
        match self {
            Self::Unknown => false,
            Self::Leaf(_) => true,
            Self::Option(of) | Self::List(of) => of.is_complete(),
            Self::Map(of) => of.0.is_complete() && of.1.is_complete(),
            Self::Tuple(of) => of.iter().all(Self::is_complete),
            Self::Struct(_, of) | Self::Enum(_, of) => of.iter().all(|(_, of)| of.is_complete()),
        }
    }

    fn finish(self) -> Option<Shape> {
        let named = |of: Vec<(String, Self)>| {
            of.into_iter().map(|(name, of)| Some((name, of.finish()?))).collect::<Option<Vec<_>>>()
        };
        Some(match self {
            Self::Unknown => return None,
            Self::Leaf(shape) => shape,
            Self::Option(of) => Shape::Option(Box::new(of.finish()?)),
            Self::List(of) => Shape::List(Box::new(of.finish()?)),
            Self::Map(of) => Shape::Map(Box::new((of.0.finish()?, of.1.finish()?))),
            Self::Tuple(of) => {
                Shape::Tuple(of.into_iter().map(Self::finish).collect::<Option<_>>()?)
            }
            Self::Struct(name, of) => Shape::Struct(name, named(of)?),
            Self::Enum(name, of) => Shape::Enum(name, named(of)?),
        })
    }

    /// Sets the draft unless an earlier pass has set it.
    fn learn(&mut self, new: impl FnOnce() -> Self) -> &mut Self {
        if matches!(self, Self::Unknown) {
            *self = new();
        }
        self
    }

    fn tuple(&mut self, length: usize) -> &mut [Self] {
        match self.learn(|| Self::Tuple((0..length).map(|_| Self::Unknown).collect())) {
            Self::Tuple(of) => of,
            _ => &mut [],
        }
    }

    fn fields(&mut self, name: impl FnOnce() -> String, of: &[&str]) -> &mut [(String, Self)] {
        let unknown = || of.iter().map(|field| ((*field).to_owned(), Self::Unknown)).collect();
        match self.learn(|| Self::Struct(name(), unknown())) {
            Self::Struct(_, of) => of,
            _ => &mut [],
        }
    }
}

/// The deserializer of one value.
struct Tracer<'a> {
    draft: &'a mut Draft,
    depth: usize,
}

impl<'a> Tracer<'a> {
    fn inner(draft: &'a mut Draft, depth: usize) -> Result<Self, Error> {
        if depth >= DEPTH_MAX {
            return Err(Error::custom("a type that contains itself cannot be stored"));
        }
        Ok(Self { draft, depth: depth + 1 })
    }

    fn leaf(self, shape: Shape) {
        self.draft.learn(|| Draft::Leaf(shape));
    }
}

/// The error for a type that reads itself without saying what it expects.
fn undescribed<T>() -> Result<T, Error> {
    Err(Error::custom(
        "a stored type cannot have #[serde(flatten)], #[serde(tag)] or #[serde(untagged)], because \
         the journal stores values without names",
    ))
}

macro_rules! leaves {
    ($($method:ident $visit:ident $shape:ident $sample:expr),+ $(,)?) => {
        $(fn $method<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
            self.leaf(Shape::$shape);
            visitor.$visit($sample)
        })+
    };
}

macro_rules! refused {
    ($($method:ident)+) => {
        $(fn $method<V: Visitor<'de>>(self, _: V) -> Result<V::Value, Error> {
            undescribed()
        })+
    };
}

impl<'de> Deserializer<'de> for Tracer<'_> {
    type Error = Error;

    leaves! {
        deserialize_bool visit_bool Bool true, deserialize_char visit_char Char 'x',
        deserialize_u8 visit_u8 U8 1, deserialize_u16 visit_u16 U16 1,
        deserialize_u32 visit_u32 U32 1, deserialize_u64 visit_u64 U64 1,
        deserialize_i8 visit_i8 I8 1, deserialize_i16 visit_i16 I16 1,
        deserialize_i32 visit_i32 I32 1, deserialize_i64 visit_i64 I64 1,
        deserialize_f32 visit_f32 F32 1.0, deserialize_f64 visit_f64 F64 1.0,
        deserialize_str visit_str Text "text", deserialize_string visit_str Text "text",
    }

    refused! { deserialize_any deserialize_identifier deserialize_ignored_any }

    fn deserialize_bytes<V: Visitor<'de>>(self, _: V) -> Result<V::Value, Error> {
        Err(Error::custom("bytes are stored as a list of numbers"))
    }

    fn deserialize_byte_buf<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        self.deserialize_bytes(visitor)
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        match self.draft.learn(|| Draft::Option(Box::new(Draft::Unknown))) {
            Draft::Option(of) => visitor.visit_some(Tracer::inner(of, self.depth)?),
            _ => undescribed(),
        }
    }

    fn deserialize_unit<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        self.leaf(Shape::Unit);
        visitor.visit_unit()
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
        name: &'static str,
        visitor: V,
    ) -> Result<V::Value, Error> {
        if name == PERSONAL {
            self.draft.learn(|| Draft::Leaf(Shape::Personal));
        }
        visitor.visit_newtype_struct(Tracer::inner(self.draft, self.depth)?)
    }

    fn deserialize_seq<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        match self.draft.learn(|| Draft::List(Box::new(Draft::Unknown))) {
            Draft::List(of) => {
                visitor.visit_seq(Drafts { of: vec![&mut **of].into_iter(), depth: self.depth })
            }
            _ => undescribed(),
        }
    }

    fn deserialize_tuple<V: Visitor<'de>>(
        self,
        length: usize,
        visitor: V,
    ) -> Result<V::Value, Error> {
        let of: Vec<_> = self.draft.tuple(length).iter_mut().collect();
        visitor.visit_seq(Drafts { of: of.into_iter(), depth: self.depth })
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
        match self.draft.learn(|| Draft::Map(Box::new((Draft::Unknown, Draft::Unknown)))) {
            Draft::Map(of) => {
                let (key, value) = &mut **of;
                let of = vec![key, value].into_iter();
                visitor.visit_map(Drafts { of, depth: self.depth })
            }
            _ => undescribed(),
        }
    }

    fn deserialize_struct<V: Visitor<'de>>(
        self,
        name: &'static str,
        fields: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Error> {
        let of = self.draft.fields(|| name.to_owned(), fields).iter_mut();
        let of: Vec<_> = of.map(|(_, draft)| draft).collect();
        visitor.visit_seq(Drafts { of: of.into_iter(), depth: self.depth })
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        name: &'static str,
        variants: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Error> {
        let unknown = || variants.iter().map(|name| ((*name).to_owned(), Draft::Unknown)).collect();
        let Draft::Enum(_, of) = self.draft.learn(|| Draft::Enum(name.to_owned(), unknown()))
        else {
            return undescribed();
        };
        let number = of.iter().position(|(_, draft)| !draft.is_complete()).unwrap_or(0);
        let Some((variant, draft)) = of.get_mut(number) else {
            return Err(Error::custom("an enum without variants cannot be stored"));
        };
        let content = Tracer::inner(draft, self.depth)?;
        visitor.visit_enum(Chosen { place: format!("{name}::{variant}"), number, content })
    }

    fn is_human_readable(&self) -> bool {
        false
    }
}

/// The parts of a value, one after the other.
struct Drafts<'a> {
    of: std::vec::IntoIter<&'a mut Draft>,
    depth: usize,
}

impl Drafts<'_> {
    fn next<'de, T: DeserializeSeed<'de>>(&mut self, seed: T) -> Result<Option<T::Value>, Error> {
        let Some(draft) = self.of.next() else { return Ok(None) };
        seed.deserialize(Tracer::inner(draft, self.depth)?).map(Some)
    }
}

impl<'de> SeqAccess<'de> for Drafts<'_> {
    type Error = Error;

    fn next_element_seed<T: DeserializeSeed<'de>>(
        &mut self,
        seed: T,
    ) -> Result<Option<T::Value>, Error> {
        self.next(seed)
    }
}

impl<'de> MapAccess<'de> for Drafts<'_> {
    type Error = Error;

    fn next_key_seed<T: DeserializeSeed<'de>>(
        &mut self,
        seed: T,
    ) -> Result<Option<T::Value>, Error> {
        self.next(seed)
    }

    fn next_value_seed<T: DeserializeSeed<'de>>(&mut self, seed: T) -> Result<T::Value, Error> {
        self.next(seed)?.ok_or_else(|| Error::custom("the entry of a map has no value"))
    }
}

/// The variant of a pass.
struct Chosen<'a> {
    place: String,
    number: usize,
    content: Tracer<'a>,
}

impl<'de> EnumAccess<'de> for Chosen<'_> {
    type Error = Error;
    type Variant = Self;

    fn variant_seed<T: DeserializeSeed<'de>>(self, seed: T) -> Result<(T::Value, Self), Error> {
        let number = u32::try_from(self.number).map_err(Error::custom)?;
        Ok((seed.deserialize(number.into_deserializer())?, self))
    }
}

impl<'de> VariantAccess<'de> for Chosen<'_> {
    type Error = Error;

    fn unit_variant(self) -> Result<(), Error> {
        self.content.leaf(Shape::Unit);
        Ok(())
    }

    fn newtype_variant_seed<T: DeserializeSeed<'de>>(self, seed: T) -> Result<T::Value, Error> {
        seed.deserialize(self.content)
    }

    fn tuple_variant<V: Visitor<'de>>(self, length: usize, visitor: V) -> Result<V::Value, Error> {
        self.content.deserialize_tuple(length, visitor)
    }

    fn struct_variant<V: Visitor<'de>>(
        self,
        names: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Error> {
        let Tracer { draft, depth } = self.content;
        let of = draft.fields(|| self.place, names).iter_mut().map(|(_, draft)| draft);
        let of: Vec<_> = of.collect();
        visitor.visit_seq(Drafts { of: of.into_iter(), depth })
    }
}
