//! What a type is made of, by the names of the business.

use serde::Serialize;
use std::collections::BTreeMap;

/// A field with its type.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Field {
    /// Its name; the number of its place when it has none.
    pub name: String,
    /// Its type, as it is written in the business: `Option<Id<Taxi>>`.
    #[serde(rename = "type")]
    pub kind: String,
}

/// One of several situations.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Variant {
    /// Its name.
    pub name: String,
    /// Its details, none for a bare name.
    pub fields: Vec<Field>,
}

/// How a type is defined.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub enum Definition {
    /// All of these together.
    Fields(Vec<Field>),
    /// One of these.
    OneOf(Vec<Variant>),
}

impl Default for Definition {
    fn default() -> Self {
        Self::Fields(Vec::new())
    }
}

/// Types by their names.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Types(pub BTreeMap<String, Definition>);

/// A type that was traced.
pub(super) struct Traced<T> {
    /// How it is defined itself.
    pub whole: Definition,
    /// The types it is made of.
    pub types: Types,
    /// Values of it, the simplest first.
    pub samples: Vec<T>,
}

impl Definition {
    /// An enum of which only one variant is known more closely.
    pub(super) fn variant(names: &[&str], nth: usize, fields: Vec<Field>) -> Self {
        let bare = |name: &&str| Variant { name: (*name).to_owned(), fields: vec![] };
        let mut variants: Vec<Variant> = names.iter().map(bare).collect();
        if let Some(variant) = variants.get_mut(nth) {
            variant.fields = fields;
        }
        Self::OneOf(variants)
    }

    /// Adds what another look at the same type has shown; what was seen first counts.
    pub(super) fn learn(&mut self, seen: Self) {
        match (self, seen) {
            (Self::OneOf(known), Self::OneOf(seen)) => {
                for (known, seen) in known.iter_mut().zip(seen) {
                    if known.fields.is_empty() {
                        known.fields = seen.fields;
                    }
                }
            }
            (known @ Self::Fields(_), seen) if *known == Self::default() => *known = seen,
            (Self::Fields(_) | Self::OneOf(_), _) => {}
        }
    }

    /// Calls a variant by the name it has in the business, however it is written down.
    pub(super) fn call(&mut self, nth: usize, name: String) {
        if let Self::OneOf(variants) = self
            && let Some(variant) = variants.get_mut(nth)
        {
            variant.name = name;
        }
    }

    /// The variants; a type with fields only is one variant without a name.
    pub(super) fn variants(self) -> Vec<Variant> {
        match self {
            Self::OneOf(variants) => variants,
            Self::Fields(fields) => vec![Variant { name: String::new(), fields }],
        }
    }
}

impl Variant {
    /// Its details in one line: `taxi: Option<Id<Taxi>>, because: String`.
    pub(super) fn details(&self) -> String {
        details(&self.fields)
    }
}

/// Fields in one line; those without a name by their types alone.
pub(super) fn details(fields: &[Field]) -> String {
    let named = fields.iter().map(|Field { name, kind }| match name.parse::<usize>() {
        Ok(_) => kind.clone(),
        Err(_) => format!("{name}: {kind}"),
    });
    named.collect::<Vec<_>>().join(", ")
}

/// A type's name without the paths: `a::b::Id<c::Taxi>` is `Id<Taxi>`.
pub(super) fn bare(name: &str) -> String {
    let mut bare = String::new();
    for part in name.split_inclusive(['<', '>', ',', ' ', '(', ')']) {
        bare.push_str(part.rsplit("::").next().unwrap_or(part));
    }
    bare
}
