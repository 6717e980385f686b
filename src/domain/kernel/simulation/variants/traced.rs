//! Finds every variant of a type through its `Deserialize` alone, with a sample value of each.

use super::Path;
use serde::{
    Deserializer,
    de::{
        DeserializeOwned, DeserializeSeed, EnumAccess, Error as _, IntoDeserializer, MapAccess,
        SeqAccess, VariantAccess, Visitor, value::Error,
    },
};
use std::collections::{BTreeSet, VecDeque};

/// The depth at which options and lists are empty, and variants are not traced further.
const DEPTH_MAX: usize = 12;

/// The variants of a type.
pub(in super::super) struct Traced<T> {
    /// The paths to all variants, in alphabetical order.
    pub(in super::super) paths: Vec<Path>,
    /// Values of the type; together they have every variant.
    pub(in super::super) samples: Vec<T>,
}

/// Traces a type.
pub(in super::super) fn traced<T: DeserializeOwned>() -> Traced<T> {
    let (mut paths, mut samples) = (BTreeSet::new(), vec![]);
    let mut scripts = VecDeque::from([vec![]]);
    while let Some(script) = scripts.pop_front() {
        let mut tracer = Tracer { script, ..Tracer::default() };
        samples.extend(T::deserialize(&mut tracer).ok());
        let taken: Vec<usize> = tracer.choices.iter().map(|choice| choice.taken).collect();
        for (nth, choice) in tracer.choices.iter().enumerate() {
            for (other, variant) in choice.variants.iter().enumerate() {
                let path = [&choice.around[..], &[*variant]].concat();
                if paths.insert(path) && other != choice.taken {
                    scripts.push_back([&taken[..nth], &[other]].concat());
                }
            }
        }
    }
    Traced { paths: paths.into_iter().collect(), samples }
}

/// A choice of one variant of an enum.
struct Choice {
    around: Path,
    variants: &'static [&'static str],
    taken: usize,
}

/// The deserializer without input: it makes a value by a script of choices.
#[derive(Default)]
struct Tracer {
    /// The first choices; after them, always the first variant.
    script: Vec<usize>,
    choices: Vec<Choice>,
    path: Path,
    depth: usize,
}

impl Tracer {
    fn deeper<T>(&mut self, read: impl FnOnce(&mut Self) -> Result<T, Error>) -> Result<T, Error> {
        if self.depth > 2 * DEPTH_MAX {
            return Err(Error::custom("the type is infinitely deep"));
        }
        self.depth += 1;
        let read = read(self);
        self.depth -= 1;
        read
    }

    fn within<T>(
        &mut self,
        name: &'static str,
        read: impl FnOnce(&mut Self) -> Result<T, Error>,
    ) -> Result<T, Error> {
        self.path.push(name);
        let read = read(self);
        self.path.pop();
        read
    }
}

macro_rules! always {
    ($value:expr, $visit:ident: $($method:ident),+ $(,)?) => {
        $(fn $method<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
            visitor.$visit($value)
        })+
    };
}

macro_rules! always_nothing {
    ($($method:ident),+ $(,)?) => {
        $(fn $method<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
            visitor.visit_unit()
        })+
    };
}

impl<'de> Deserializer<'de> for &mut Tracer {
    type Error = Error;

    always!(1, visit_u8: deserialize_u8, deserialize_u16, deserialize_u32, deserialize_u64,
        deserialize_u128, deserialize_i8, deserialize_i16, deserialize_i32, deserialize_i64,
        deserialize_i128, deserialize_f32, deserialize_f64);
    always!(false, visit_bool: deserialize_bool);
    always!('x', visit_char: deserialize_char);
    always!("x", visit_str: deserialize_str, deserialize_string);
    always!(vec![], visit_byte_buf: deserialize_bytes, deserialize_byte_buf);
    always_nothing!(
        deserialize_unit,
        deserialize_any,
        deserialize_ignored_any,
        deserialize_identifier
    );

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        if self.depth >= DEPTH_MAX {
            return visitor.visit_none();
        }
        self.deeper(|tracer| visitor.visit_some(tracer))
    }

    fn deserialize_unit_struct<V: Visitor<'de>>(
        self,
        _name: &'static str,
        visitor: V,
    ) -> Result<V::Value, Error> {
        visitor.visit_unit()
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(
        self,
        _name: &'static str,
        visitor: V,
    ) -> Result<V::Value, Error> {
        self.deeper(|tracer| visitor.visit_newtype_struct(tracer))
    }

    fn deserialize_seq<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        let length = usize::from(self.depth < DEPTH_MAX);
        self.deserialize_tuple(length, visitor)
    }

    fn deserialize_tuple<V: Visitor<'de>>(
        self,
        length: usize,
        visitor: V,
    ) -> Result<V::Value, Error> {
        self.deeper(|tracer| visitor.visit_seq(Elements { tracer, left: length }))
    }

    fn deserialize_tuple_struct<V: Visitor<'de>>(
        self,
        _name: &'static str,
        length: usize,
        visitor: V,
    ) -> Result<V::Value, Error> {
        self.deserialize_tuple(length, visitor)
    }

    fn deserialize_map<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        let left = usize::from(self.depth < DEPTH_MAX);
        self.deeper(|tracer| visitor.visit_map(Elements { tracer, left }))
    }

    fn deserialize_struct<V: Visitor<'de>>(
        self,
        _name: &'static str,
        fields: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Error> {
        self.deeper(|tracer| visitor.visit_seq(Fields { tracer, names: fields.iter() }))
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        _name: &'static str,
        variants: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Error> {
        let taken = self.script.get(self.choices.len()).copied().unwrap_or(0);
        let Some(name) = variants.get(taken) else {
            return Err(Error::custom("the type has no variant"));
        };
        if self.depth >= DEPTH_MAX && self.script.len() <= self.choices.len() {
            // A type that contains itself ends here with its first variant.
            return self.deeper(|tracer| visitor.visit_enum(Chosen { tracer, taken }));
        }
        self.choices.push(Choice { around: self.path.clone(), variants, taken });
        let chosen = |tracer: &mut Tracer| {
            tracer.deeper(|tracer| visitor.visit_enum(Chosen { tracer, taken }))
        };
        self.within(name, chosen)
    }

    fn is_human_readable(&self) -> bool {
        false // as in the journal
    }
}

/// The elements of a list or a tuple, and the entries of a map.
struct Elements<'a> {
    tracer: &'a mut Tracer,
    left: usize,
}

impl<'de> SeqAccess<'de> for Elements<'_> {
    type Error = Error;

    fn next_element_seed<T: DeserializeSeed<'de>>(
        &mut self,
        seed: T,
    ) -> Result<Option<T::Value>, Error> {
        let Some(left) = self.left.checked_sub(1) else { return Ok(None) };
        self.left = left;
        seed.deserialize(&mut *self.tracer).map(Some)
    }
}

impl<'de> MapAccess<'de> for Elements<'_> {
    type Error = Error;

    fn next_key_seed<K: DeserializeSeed<'de>>(
        &mut self,
        seed: K,
    ) -> Result<Option<K::Value>, Error> {
        self.next_element_seed(seed)
    }

    fn next_value_seed<V: DeserializeSeed<'de>>(&mut self, seed: V) -> Result<V::Value, Error> {
        seed.deserialize(&mut *self.tracer)
    }
}

/// The fields of a struct or of a variant.
struct Fields<'a> {
    tracer: &'a mut Tracer,
    names: std::slice::Iter<'static, &'static str>,
}

impl<'de> SeqAccess<'de> for Fields<'_> {
    type Error = Error;

    fn next_element_seed<T: DeserializeSeed<'de>>(
        &mut self,
        seed: T,
    ) -> Result<Option<T::Value>, Error> {
        let Some(name) = self.names.next() else { return Ok(None) };
        self.tracer.within(name, |tracer| seed.deserialize(tracer)).map(Some)
    }
}

/// The chosen variant of an enum.
struct Chosen<'a> {
    tracer: &'a mut Tracer,
    taken: usize,
}

impl<'de> EnumAccess<'de> for Chosen<'_> {
    type Error = Error;
    type Variant = Self;

    fn variant_seed<V: DeserializeSeed<'de>>(self, seed: V) -> Result<(V::Value, Self), Error> {
        let taken = u32::try_from(self.taken).map_err(Error::custom)?;
        Ok((seed.deserialize(taken.into_deserializer())?, self))
    }
}

impl<'de> VariantAccess<'de> for Chosen<'_> {
    type Error = Error;

    fn unit_variant(self) -> Result<(), Error> {
        Ok(())
    }

    fn newtype_variant_seed<T: DeserializeSeed<'de>>(self, seed: T) -> Result<T::Value, Error> {
        seed.deserialize(self.tracer)
    }

    fn tuple_variant<V: Visitor<'de>>(self, length: usize, visitor: V) -> Result<V::Value, Error> {
        self.tracer.deserialize_tuple(length, visitor)
    }

    fn struct_variant<V: Visitor<'de>>(
        self,
        fields: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Error> {
        self.tracer.deserialize_struct("", fields, visitor)
    }
}
