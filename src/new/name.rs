//! The name of a new crate, and the names of its business that follow from it.

use super::{FILES, NewError};
use crate::config::OWN_KEYS;

/// The most characters of a name; lines with longer names would have more than 100 characters.
pub(super) const CHARS_MAX: usize = 32;

/// The business of the templates.
const BUSINESS: &str = "bakery";

/// The type of the business of the templates.
const TYPE: &str = "Bakery";

/// The words of Rust that are no names of modules.
const KEYWORDS: &[&str] = &[
    "abstract", "as", "async", "await", "become", "box", "break", "const", "continue", "crate",
    "do", "dyn", "else", "enum", "extern", "false", "final", "fn", "for", "gen", "if", "impl",
    "in", "let", "loop", "macro", "match", "mod", "move", "mut", "override", "priv", "pub", "ref",
    "return", "self", "static", "struct", "super", "trait", "true", "try", "type", "typeof",
    "unsafe", "unsized", "use", "virtual", "where", "while", "yield",
];

/// The crates that the new crate uses, and names that cargo keeps for itself.
const OF_CARGO: &[&str] = &[
    "alloc",
    "build",
    "core",
    "deps",
    "examples",
    "incremental",
    "madang",
    "proc_macro",
    "serde",
    "std",
    "test",
];

/// The first parts of paths that belong to the server.
const OF_SERVER: &[&str] = &["actuator", "admin"];

/// A valid name of a crate.
#[derive(Debug)]
pub(super) struct Name(String);

impl Name {
    /// Checks a name.
    ///
    /// # Errors
    /// When it is none for a crate, or has another meaning there.
    pub(super) fn parse(text: &str) -> Result<Self, NewError> {
        let is_part = |part: &str| {
            !part.is_empty() && part.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit())
        };
        let is_name = text.len() <= CHARS_MAX
            && text.starts_with(|c: char| c.is_ascii_lowercase())
            && text.split(['-', '_']).all(is_part);
        if !is_name {
            return Err(NewError::NoName(text.to_owned()));
        }
        let name = Self(text.to_owned());
        match name.other_meaning() {
            Some(meaning) => Err(NewError::Taken(text.to_owned(), meaning)),
            None => Ok(name),
        }
    }

    /// The meaning that the name has already, as a sentence.
    fn other_meaning(&self) -> Option<&'static str> {
        let (module, of_type) = (self.business(), self.business_type());
        let is_among = |names: &[&str]| names.contains(&module.as_str());
        if is_among(KEYWORDS) {
            return Some("it is a word of Rust");
        }
        if is_among(OF_CARGO) {
            return Some("cargo or a dependency has this name");
        }
        if is_among(&OWN_KEYS) || is_among(OF_SERVER) {
            return Some("the server has a setting or a path of this name");
        }
        let is_in = |text: &str| {
            text.split(|c: char| !c.is_alphanumeric() && c != '_').any(|word| word == of_type)
        };
        let code = FILES.iter().filter(|(path, _)| path.starts_with("src/"));
        let is_used = of_type != TYPE && { code }.any(|(_, template)| is_in(template));
        is_used.then_some("the code of the business uses a type of this name")
    }

    /// The name of the business: of its module, in paths and in the configuration.
    pub(super) fn business(&self) -> String {
        self.0.replace('-', "_")
    }

    /// The type of the business.
    fn business_type(&self) -> String {
        let parts = self.0.split(['-', '_']).map(|part| part.split_at(1));
        parts.map(|(first, rest)| first.to_ascii_uppercase() + rest).collect()
    }

    /// The template with this name in place of its own. The library of the stories is beside them.
    pub(super) fn renamed(&self, template: &str) -> String {
        template
            .replace("/../lib.sh", "/lib.sh")
            .replace("CRATE", &self.0)
            .replace(BUSINESS, &self.business())
            .replace(TYPE, &self.business_type())
    }
}
