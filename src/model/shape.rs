//! The description of types by the names that the business uses.

use serde::Serialize;
use std::collections::BTreeMap;

/// A field with its type.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Field {
    /// Its name, or its index when it has no name.
    pub name: String,
    /// Its type, as written in the code of the business: `Option<Id<Taxi>>`.
    #[serde(rename = "type")]
    pub kind: String,
}

/// A variant of an enum.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Variant {
    /// Its name.
    pub name: String,
    /// Its fields; empty for a unit variant.
    pub fields: Vec<Field>,
}

/// The definition of a type.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub enum Definition {
    /// A struct with these fields.
    Fields(Vec<Field>),
    /// An enum with these variants.
    OneOf(Vec<Variant>),
    /// A value of the business, read as a value of this type.
    Value(String),
}

impl Default for Definition {
    fn default() -> Self {
        Self::Fields(Vec::new())
    }
}

/// Types by their names.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Types(pub BTreeMap<String, Definition>);

/// The result of tracing a type.
pub(crate) struct Traced<T> {
    /// The definition of the type itself.
    pub whole: Definition,
    /// The definitions of the types it contains.
    pub types: Types,
    /// Sample values, the simplest first.
    pub samples: Vec<T>,
}

/// The module of the language; its own values need no definition on a board.
const KERNEL: &str = concat!(env!("CARGO_CRATE_NAME"), "::domain::kernel::");

impl Types {
    /// Defines the type with this path as one that is read as `read`, unless it is defined already,
    /// is generic, or is part of Rust or of the language.
    pub(super) fn learn_value(&mut self, path: &str, read: &str) {
        let name = bare(path);
        let is_foreign =
            ["core::", "alloc::", "std::", KERNEL].iter().any(|at| path.starts_with(at));
        if path.contains("::") && !is_foreign && !path.contains('<') {
            self.0.entry(name).or_insert_with(|| Definition::Value(read.to_owned()));
        }
    }
}

impl Definition {
    /// The definition of an enum; only the fields of one variant are known.
    pub(super) fn variant(names: &[&str], nth: usize, fields: Vec<Field>) -> Self {
        let bare = |name: &&str| Variant { name: (*name).to_owned(), fields: vec![] };
        let mut variants: Vec<Variant> = names.iter().map(bare).collect();
        if let Some(variant) = variants.get_mut(nth) {
            variant.fields = fields;
        }
        Self::OneOf(variants)
    }

    /// Merges another definition of the same type; fields that are known already are kept.
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
            (Self::Fields(_) | Self::OneOf(_) | Self::Value(_), _) => {}
        }
    }

    /// Sets the name of a variant to its name in the code, however it is serialized.
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
            Self::Value(_) => vec![],
        }
    }
}

impl Variant {
    /// The fields in one line: `taxi: Option<Id<Taxi>>, reason: String`.
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
