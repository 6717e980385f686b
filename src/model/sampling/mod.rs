//! Generates sample values and the definition of any stored type, from its `Deserialize` alone.
//!
//! The deserializer has no input. Whenever the type requests a value, it returns one of the
//! possible values and records the choice. It enumerates all choices, the simplest first.
//!
//! Every variant, every option and both booleans appear in all combinations. At most one number or
//! text of a sample is not the usual one. The unusual ones are those that rules are about: zero,
//! a number above every bound, an empty text, a text longer than a name.

mod parts;
#[cfg(test)]
mod tests;

use super::shape::{Definition, Field, Traced, Types, bare};
use crate::domain::kernel::{Money, command_name};
use parts::{Chosen, Entries, Fields};
use serde::de::{DeserializeOwned, Deserializer, Error as _, Visitor, value::Error};
use std::{any::type_name, collections::VecDeque, fmt::Debug};

/// The most samples generated per type.
const SAMPLES_MAX: usize = 1_024;

/// A number above every bound of the businesses: the largest that is read from clients.
const HUGE: u64 = 1_000_000_000_000_000;

/// The usual date of the samples, as days since 1970-01-01: 2026-01-01. A period begins on it.
pub(super) const USUAL_DAY: u64 = 20_454;

/// The characters of an overlong text: more than a name may have.
const OVERLONG_CHARS: usize = 101;

/// The depth at which lists and options end; only recursive types are deeper.
const DEPTH_MAX: usize = 16;

/// The most numbers or texts of one sample that are not the usual one.
const UNUSUAL_MAX: usize = 1;

/// Traces a type: its definition and sample values, the simplest first.
pub(crate) fn traced<T: DeserializeOwned + Debug>() -> Traced<T> {
    let mut types = Types::default();
    let mut whole = Definition::default();
    let mut samples = Vec::new();
    let mut scripts = VecDeque::from([Vec::new()]);
    while let Some(script) = scripts.pop_front() {
        let fixed = script.len();
        let mut tracer = Tracer { script, types, ..Tracer::default() };
        let sample = T::deserialize(&mut tracer);
        let Tracer { choices, root, types: found, .. } = tracer;
        types = found;
        whole.learn(root);
        if let (Ok(sample), Some(variant)) = (&sample, choices.first()) {
            whole.call(variant.taken, command_name(sample));
        }
        samples.extend(sample.ok());
        if samples.len() + scripts.len() < SAMPLES_MAX {
            scripts.extend(variations(&choices, fixed));
        }
    }
    Traced { types: without(types, &whole), whole, samples }
}

/// The types without this one. It is a function of its own, because it is compiled once then.
fn without(mut types: Types, one: &Definition) -> Types {
    types.0.retain(|_, definition| definition != one);
    types
}

/// The scripts that differ from these choices at one place after the first `fixed` ones.
fn variations(choices: &[Choice], fixed: usize) -> impl Iterator<Item = Vec<usize>> + '_ {
    let script = |upto: usize| choices[..upto].iter().map(|choice| choice.taken);
    let unusual = |upto: usize| choices[..upto].iter().filter(|choice| choice.is_unusual()).count();
    let places = choices.iter().enumerate().skip(fixed);
    places.flat_map(move |(nth, choice)| {
        let is_allowed = !choice.is_number || unusual(nth) < UNUSUAL_MAX;
        let others = if is_allowed { 1..choice.ways } else { 0..0 };
        others.map(move |other| script(nth).chain([other]).collect())
    })
}

/// A choice between several values.
struct Choice {
    taken: usize,
    ways: usize,
    is_number: bool,
}

impl Choice {
    const fn is_unusual(&self) -> bool {
        self.is_number && self.taken > 0
    }
}

/// The deserializer that generates a value by a script of choices.
#[derive(Default)]
struct Tracer {
    /// The first choices; after them, always the first alternative.
    script: Vec<usize>,
    choices: Vec<Choice>,
    depth: usize,
    /// The name of the field being read. `around` is the name of the newtype around a bare value.
    field: &'static str,
    around: String,
    /// Whether the key of a map is being read.
    is_key: bool,
    /// The type name of the value read last, and of the value in the newtype read last.
    last: String,
    wrapped: String,
    root: Definition,
    types: Types,
}

impl Tracer {
    fn choose(&mut self, ways: usize, is_number: bool) -> usize {
        let taken = self.script.get(self.choices.len()).copied().unwrap_or(0);
        self.choices.push(Choice { taken, ways, is_number });
        taken
    }

    /// A number up to `max`, by the type around it. Ids can be equal or differ, amounts can be zero.
    fn number(&mut self, max: u64) -> u64 {
        let numbers: &[u64] = match self.around.as_str() {
            "Timestamp" => &[1],
            "Date" if self.field == "until" => &[USUAL_DAY + 2, USUAL_DAY + 1],
            "Date" => &[USUAL_DAY, USUAL_DAY + 1, 0],
            "Percent" => &[1_000, 0],
            "Money" | "Amount" => &[100, 0, Money::MAX.0, HUGE],
            id if id.starts_with("Id<") => &[1, 2, 0],
            _ => &[1, 2, 0, HUGE],
        };
        numbers[self.choose(numbers.len(), true)].min(max)
    }

    fn is_something(&mut self) -> bool {
        self.depth < DEPTH_MAX && self.choose(2, false) == 0
    }

    fn deeper<T>(&mut self, read: impl FnOnce(&mut Self) -> Result<T, Error>) -> Result<T, Error> {
        if self.depth > 2 * DEPTH_MAX {
            return Err(Error::custom("the type is infinitely deep"));
        }
        self.depth += 1;
        let read = read(self);
        self.depth -= 1;
        read
    }

    fn fields<'de, V: Visitor<'de>>(
        &mut self,
        names: &'static [&'static str],
        visitor: V,
    ) -> Result<(V::Value, Vec<Field>), Error> {
        let mut fields = Vec::new();
        let value = self.deeper(|tracer| {
            visitor.visit_seq(Fields { tracer, names: names.iter(), found: &mut fields })
        })?;
        Ok((value, fields))
    }

    fn tuple<'de, V: Visitor<'de>>(
        &mut self,
        length: usize,
        visitor: V,
    ) -> Result<(V::Value, Vec<Field>), Error> {
        const NAMES: [&str; 12] = ["0", "1", "2", "3", "4", "5", "6", "7", "8", "9", "10", "11"];
        self.fields(&NAMES[..length.min(NAMES.len())], visitor)
    }

    /// The name of the type of a value that was just read, as in the code of the business. A type of
    /// the business that is read as a value of another type is defined as such.
    fn name_of<T>(&mut self) -> String {
        let name = bare(type_name::<T>());
        if name.contains("__DeserializeWith") {
            return self.last.clone(); // a field with a function of its own for reading
        }
        let (mut path, mut read) = (type_name::<T>(), self.last.as_str());
        while let (Some(inner), Some(read_inside)) = (content(path), content(read)) {
            (path, read) = (inner, read_inside);
        }
        let read = if bare(path) == read { &self.wrapped } else { read };
        self.types.learn_value(path, read);
        name
    }

    fn define(&mut self, name: &str, definition: Definition) {
        name.clone_into(&mut self.last);
        if self.depth == 0 {
            self.root = definition;
        } else {
            self.types.0.entry(name.to_owned()).or_default().learn(definition);
        }
    }
}

macro_rules! numbers {
    ($($method:ident $visit:ident $type:ty),+ $(,)?) => {
        $(fn $method<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
            let max = u64::try_from(<$type>::MAX).unwrap_or(HUGE);
            let number = self.number(max);
            stringify!($type).clone_into(&mut self.last);
            visitor.$visit(<$type>::try_from(number).unwrap_or(<$type>::MAX))
        })+
    };
}

macro_rules! fractions {
    ($($method:ident $visit:ident $type:ty),+ $(,)?) => {
        $(fn $method<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
            stringify!($type).clone_into(&mut self.last);
            visitor.$visit([1.0, 0.5, 0.0][self.choose(3, true)])
        })+
    };
}

impl<'de> Deserializer<'de> for &mut Tracer {
    type Error = Error;

    numbers! {
        deserialize_u8 visit_u8 u8, deserialize_u16 visit_u16 u16,
        deserialize_u32 visit_u32 u32, deserialize_u64 visit_u64 u64,
        deserialize_i16 visit_i16 i16, deserialize_i32 visit_i32 i32,
        deserialize_i64 visit_i64 i64,
        deserialize_u128 visit_u128 u128, deserialize_i128 visit_i128 i128,
    }

    fractions! {
        deserialize_f32 visit_f32 f32, deserialize_f64 visit_f64 f64,
    }

    fn deserialize_i8<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        "i8".clone_into(&mut self.last);
        visitor.visit_i8(1)
    }

    fn deserialize_bool<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        "bool".clone_into(&mut self.last);
        let is_false = self.choose(2, false) == 0;
        visitor.visit_bool(!is_false)
    }

    fn deserialize_char<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        "char".clone_into(&mut self.last);
        visitor.visit_char('x')
    }

    /// A text contains the name of its field, so that messages made of it are readable. The second
    /// text is the same for all fields, so that the texts of two fields can be equal. It is the usual
    /// text of the keys of a map.
    fn deserialize_str<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        "String".clone_into(&mut self.last);
        let usual = if self.is_key { "<another>".to_owned() } else { format!("<{}>", self.field) };
        let texts = [usual, "<another>".to_owned(), String::new(), "x".repeat(OVERLONG_CHARS)];
        let nth = self.choose(texts.len(), true);
        visitor.visit_str(&texts[nth])
    }

    fn deserialize_string<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        self.deserialize_str(visitor)
    }

    fn deserialize_bytes<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        "bytes".clone_into(&mut self.last);
        visitor.visit_byte_buf(Vec::new())
    }

    fn deserialize_byte_buf<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        self.deserialize_bytes(visitor)
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        if !self.is_something() {
            "Option".clone_into(&mut self.last);
            return visitor.visit_none();
        }
        let value = self.deeper(|tracer| visitor.visit_some(&mut *tracer))?;
        self.last = format!("Option<{}>", self.last);
        Ok(value)
    }

    fn deserialize_unit<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        "()".clone_into(&mut self.last);
        visitor.visit_unit()
    }

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        self.deserialize_unit(visitor)
    }

    fn deserialize_ignored_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        self.deserialize_unit(visitor)
    }

    fn deserialize_identifier<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        self.deserialize_unit(visitor)
    }

    fn deserialize_unit_struct<V: Visitor<'de>>(
        self,
        name: &'static str,
        visitor: V,
    ) -> Result<V::Value, Error> {
        self.define(name, Definition::default());
        visitor.visit_unit()
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(
        self,
        name: &'static str,
        visitor: V,
    ) -> Result<V::Value, Error> {
        let name = bare(name);
        let around = std::mem::replace(&mut self.around, name.clone());
        let value = self.deeper(|tracer| visitor.visit_newtype_struct(&mut *tracer));
        self.around = around;
        self.wrapped = std::mem::replace(&mut self.last, name);
        value
    }

    fn deserialize_seq<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        if !self.is_something() {
            "Vec".clone_into(&mut self.last);
            return visitor.visit_seq(Fields::none(self, &mut Vec::new()));
        }
        let (value, fields) = self.tuple(1, visitor)?;
        self.last = format!("Vec<{}>", types_of(&fields));
        Ok(value)
    }

    fn deserialize_tuple<V: Visitor<'de>>(
        self,
        length: usize,
        visitor: V,
    ) -> Result<V::Value, Error> {
        let (value, fields) = self.tuple(length, visitor)?;
        self.last = format!("({})", types_of(&fields));
        Ok(value)
    }

    fn deserialize_tuple_struct<V: Visitor<'de>>(
        self,
        name: &'static str,
        length: usize,
        visitor: V,
    ) -> Result<V::Value, Error> {
        let (value, fields) = self.tuple(length, visitor)?;
        self.define(name, Definition::Fields(fields));
        Ok(value)
    }

    fn deserialize_map<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        let entries = usize::from(self.is_something());
        let mut fields = Vec::new();
        let value = self.deeper(|tracer| {
            visitor.visit_map(Entries { tracer, left: entries, fields: &mut fields })
        })?;
        self.last = format!("Map<{}>", types_of(&fields));
        Ok(value)
    }

    fn deserialize_struct<V: Visitor<'de>>(
        self,
        name: &'static str,
        fields: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Error> {
        let (value, fields) = self.fields(fields, visitor)?;
        self.define(name, Definition::Fields(fields));
        Ok(value)
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        name: &'static str,
        variants: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Error> {
        let chosen = self.choose(variants.len(), false);
        let mut fields = Vec::new();
        let value = self.deeper(|tracer| {
            visitor.visit_enum(Chosen { tracer, nth: chosen, fields: &mut fields })
        })?;
        self.define(name, Definition::variant(variants, chosen, fields));
        Ok(value)
    }

    fn is_human_readable(&self) -> bool {
        false // as in the journal
    }
}

/// The type within an option or a list.
fn content(path: &str) -> Option<&str> {
    let inner = path.strip_suffix('>')?;
    let around = ["core::option::Option<", "alloc::vec::Vec<", "Option<", "Vec<"];
    around.iter().find_map(|around| inner.strip_prefix(around))
}

fn types_of(fields: &[Field]) -> String {
    let types: Vec<&str> = fields.iter().map(|field| field.kind.as_str()).collect();
    types.join(", ")
}
