//! The commands of operators: `config`.

mod configuration;
#[path = "../support/mod.rs"]
mod support;

use std::{fs, path::Path};

/// The text of a file.
///
/// # Panics
/// When it cannot be read.
fn text(path: impl AsRef<Path>) -> String {
    let path = path.as_ref();
    fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}
