//! The personal texts in the bytes of a stored value, found by its shape.

use super::Shape;
use crate::store::codec::{self, CodecError};
use serde::{
    Deserialize, Deserializer,
    de::{DeserializeSeed, EnumAccess, Error as _, MapAccess, SeqAccess, VariantAccess, Visitor},
};
use std::{fmt, marker::PhantomData};

impl Shape {
    /// Whether values of this shape can have personal texts.
    #[must_use]
    pub fn is_personal(&self) -> bool {
        match self {
            Self::Personal => true,
            Self::Option(of) | Self::List(of) => of.is_personal(),
            Self::Map(of) => of.0.is_personal() || of.1.is_personal(),
            Self::Tuple(of) => of.iter().any(Self::is_personal),
            Self::Struct(_, of) | Self::Enum(_, of) => of.iter().any(|(_, of)| of.is_personal()),
            _ => false,
        }
    }

    /// The personal texts in the bytes of one value of this shape without their codec, in order.
    ///
    /// # Errors
    /// When the bytes are not exactly one value of this shape.
    pub(in crate::store) fn personal_texts<'a>(
        &self,
        value: &'a [u8],
    ) -> Result<Vec<&'a str>, CodecError> {
        let mut texts = Vec::new();
        codec::read_as(Finder { shape: self, texts: &mut texts }, value)?;
        Ok(texts)
    }
}

impl Shape {
    /// The personal texts in the bytes of a list whose elements begin with a number, each with the
    /// number of its element.
    ///
    /// # Errors
    /// When the shape is no such list, or the bytes are not exactly one value of it.
    pub(in crate::store) fn numbered_texts<'a>(
        &self,
        value: &'a [u8],
    ) -> Result<Vec<(u64, &'a str)>, CodecError> {
        let mut texts = Vec::new();
        codec::read_as(Elements { shape: self, texts: &mut texts }, value)?;
        Ok(texts)
    }
}

/// Reads a list whose elements begin with a number, or one such element.
struct Elements<'a, 'de> {
    shape: &'a Shape,
    texts: &'a mut Vec<(u64, &'de str)>,
}

impl<'de> DeserializeSeed<'de> for Elements<'_, 'de> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        match self.shape {
            Shape::Tuple(parts) => deserializer.deserialize_tuple(parts.len(), self),
            Shape::Struct(_, fields) => deserializer.deserialize_tuple(fields.len(), self),
            _ => deserializer.deserialize_seq(self),
        }
    }
}

impl<'de> Visitor<'de> for Elements<'_, 'de> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a list whose elements begin with a number")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut values: A) -> Result<(), A::Error> {
        let parts: Vec<&Shape> = match self.shape {
            Shape::List(of) => {
                let mut next =
                    || values.next_element_seed(Elements { shape: of, texts: &mut *self.texts });
                while next()?.is_some() {}
                return Ok(());
            }
            Shape::Tuple(parts) => parts.iter().collect(),
            Shape::Struct(_, fields) => fields.iter().map(|(_, part)| part).collect(),
            _ => return Err(A::Error::custom("no list is stored here")),
        };
        let cut = || A::Error::custom("the value is cut short");
        let number = values.next_element::<u64>()?.ok_or_else(cut)?;
        let mut texts = Vec::new();
        for shape in parts.into_iter().skip(1) {
            let part = values.next_element_seed(Finder { shape, texts: &mut texts })?;
            part.ok_or_else(cut)?;
        }
        self.texts.extend(texts.into_iter().map(|text| (number, text)));
        Ok(())
    }
}

/// Reads one value of a shape, and keeps its personal texts.
struct Finder<'a, 'de> {
    shape: &'a Shape,
    texts: &'a mut Vec<&'de str>,
}

impl<'de> Finder<'_, 'de> {
    fn of<'b>(&'b mut self, shape: &'b Shape) -> Finder<'b, 'de> {
        Finder { shape, texts: self.texts }
    }

    fn next<A: SeqAccess<'de>>(&mut self, values: &mut A, shape: &Shape) -> Result<(), A::Error> {
        let value = values.next_element_seed(self.of(shape))?;
        value.ok_or_else(|| A::Error::custom("the value is cut short"))
    }
}

fn skip<'de, T: Deserialize<'de>, D: Deserializer<'de>>(deserializer: D) -> Result<(), D::Error> {
    T::deserialize(deserializer).map(drop)
}

impl<'de> DeserializeSeed<'de> for Finder<'_, 'de> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        match self.shape {
            Shape::Personal => {
                self.texts.push(<&'de str>::deserialize(deserializer)?);
                Ok(())
            }
            Shape::Unit => Ok(()),
            Shape::Bool => skip::<bool, D>(deserializer),
            Shape::U8 => skip::<u8, D>(deserializer),
            Shape::U16 => skip::<u16, D>(deserializer),
            Shape::U32 => skip::<u32, D>(deserializer),
            Shape::U64 => skip::<u64, D>(deserializer),
            Shape::I8 => skip::<i8, D>(deserializer),
            Shape::I16 => skip::<i16, D>(deserializer),
            Shape::I32 => skip::<i32, D>(deserializer),
            Shape::I64 => skip::<i64, D>(deserializer),
            Shape::F32 => skip::<f32, D>(deserializer),
            Shape::F64 => skip::<f64, D>(deserializer),
            Shape::Char => skip::<char, D>(deserializer),
            Shape::Text => skip::<&'de str, D>(deserializer),
            Shape::Option(_) => deserializer.deserialize_option(self),
            Shape::List(_) => deserializer.deserialize_seq(self),
            Shape::Map(_) => deserializer.deserialize_map(self),
            Shape::Tuple(shapes) => deserializer.deserialize_tuple(shapes.len(), self),
            Shape::Struct(_, fields) => deserializer.deserialize_tuple(fields.len(), self),
            Shape::Enum(..) => deserializer.deserialize_enum("", &[], self),
        }
    }
}

impl<'de> Visitor<'de> for Finder<'_, 'de> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a value of the stored shape")
    }

    fn visit_none<E>(self) -> Result<(), E> {
        Ok(())
    }

    fn visit_some<D: Deserializer<'de>>(mut self, inner: D) -> Result<(), D::Error> {
        match self.shape {
            Shape::Option(shape) => self.of(shape).deserialize(inner),
            _ => Err(D::Error::custom("no option is stored here")),
        }
    }

    fn visit_seq<A: SeqAccess<'de>>(mut self, mut values: A) -> Result<(), A::Error> {
        match self.shape {
            Shape::List(shape) => {
                while values.next_element_seed(self.of(shape))?.is_some() {}
                Ok(())
            }
            Shape::Tuple(shapes) => {
                shapes.iter().try_for_each(|shape| self.next(&mut values, shape))
            }
            Shape::Struct(_, fields) => {
                fields.iter().try_for_each(|(_, shape)| self.next(&mut values, shape))
            }
            _ => Err(A::Error::custom("no sequence is stored here")),
        }
    }

    fn visit_map<A: MapAccess<'de>>(mut self, mut entries: A) -> Result<(), A::Error> {
        let Shape::Map(shapes) = self.shape else {
            return Err(A::Error::custom("no map is stored here"));
        };
        while entries.next_key_seed(self.of(&shapes.0))?.is_some() {
            entries.next_value_seed(self.of(&shapes.1))?;
        }
        Ok(())
    }

    fn visit_enum<A: EnumAccess<'de>>(mut self, chosen: A) -> Result<(), A::Error> {
        let Shape::Enum(_, variants) = self.shape else {
            return Err(A::Error::custom("no enum is stored here"));
        };
        let (number, content) = chosen.variant_seed(PhantomData::<u32>)?;
        let variant = usize::try_from(number).ok().and_then(|number| variants.get(number));
        let Some((_, shape)) = variant else {
            return Err(A::Error::custom(format_args!("variant {number} is unknown")));
        };
        match shape {
            Shape::Unit => content.unit_variant(),
            Shape::Tuple(shapes) => content.tuple_variant(shapes.len(), self.of(shape)),
            Shape::Struct(_, fields) => content.tuple_variant(fields.len(), self.of(shape)),
            shape => content.newtype_variant_seed(self.of(shape)),
        }
    }
}
