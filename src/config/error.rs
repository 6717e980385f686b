//! The errors of settings: sentences that name the key and its place.

use super::{OWN_KEYS, place::Place};
use crate::domain::kernel::in_plain_words;
use figment::{
    Figment,
    error::{Error, Kind},
};
use serde::de::Error as SerdeError;

/// The error of an unusable configuration. It names the key and its source.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct ConfigError(pub(super) String);

/// The error of a key with an invalid value. A key that is missing has the source of its section.
pub(super) fn invalid(figment: &Figment, path: Vec<&str>, reason: String) -> Error {
    let source = |path: &[&str]| figment.find_metadata(&path.join(".")).cloned();
    let mut error = Error::from(Kind::Message(reason));
    error.metadata = source(&path).or_else(|| source(&path[..path.len().saturating_sub(1)]));
    error.path = path.into_iter().map(str::to_owned).collect();
    error
}

/// Turns an error of figment into a sentence that names the key and its place.
pub(super) fn named(error: &Error) -> ConfigError {
    let place = Place::of(error.metadata.as_ref(), &key(error)).in_parentheses();
    let shown = error.path.join(".");
    let shown = if shown.is_empty() { shown } else { format!("{shown}: ") };
    ConfigError(format!("{shown}{}{place}", reason(&error.kind)))
}

/// The full name of the key that an error is about, also of one that is unknown.
pub(super) fn key(error: &Error) -> String {
    let key = error.path.join(".");
    match &error.kind {
        Kind::UnknownField(name, _) if key.is_empty() => name.clone(),
        Kind::UnknownField(name, _) if !key.ends_with(name.as_str()) => format!("{key}.{name}"),
        _ => key,
    }
}

/// The reason of an error, without names of Rust types.
fn reason(kind: &Kind) -> String {
    let (found, expected) = match kind {
        Kind::InvalidType(found, expected) | Kind::InvalidValue(found, expected) => {
            (found.to_string(), expected)
        }
        Kind::UnknownField(name, known) => {
            // The names of the businesses are not known here.
            let others = if *known == OWN_KEYS {
                ", and the section of each business; `madang config doc` prints every key"
            } else {
                ""
            };
            return format!("there is no key `{name}`; there are {}{others}", known.join(", "));
        }
        Kind::UnknownVariant(found, known) => {
            let error: serde::de::value::Error = SerdeError::unknown_variant(found, known);
            return in_plain_words(&error.to_string());
        }
        other => return other.to_string(),
    };
    // figment and serde name the same types differently.
    let kinds = [
        ("signed int", "integer"),
        ("unsigned int", "integer"),
        ("float", "floating point"),
        ("bool", "boolean"),
        ("array", "sequence"),
    ];
    let known = kinds
        .iter()
        .find_map(|(name, known)| found.strip_prefix(name).map(|rest| format!("{known}{rest}")));
    let found = known.unwrap_or(found);
    in_plain_words(&format!("invalid type: {found}, expected {expected}"))
}
