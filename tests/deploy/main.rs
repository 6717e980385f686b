//! The files of `deploy/` and the `Dockerfile`: what they name exists, and the server works with
//! them. The commands of operators: `config` and `health`.

mod commands;
mod configuration;
mod kubernetes;
mod package;
mod settings;
#[path = "../support/mod.rs"]
mod support;
mod systemd;

use std::{fs, path::Path};

/// The text of a file.
///
/// # Panics
/// When it cannot be read.
fn text(path: impl AsRef<Path>) -> String {
    let path = path.as_ref();
    fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// The value after a key, in the first line that begins with it, spaces aside. It fits `key: value`
/// of YAML, `key=value` of units, and instructions of a Dockerfile.
#[track_caller]
fn value(text: &str, key: &str) -> String {
    let after = |line: &str| {
        let rest = line.trim_start_matches([' ', '-']).strip_prefix(key)?;
        rest.starts_with([':', '=', ' ']).then(|| rest.to_owned())
    };
    let line = text.lines().find_map(after);
    let value = line.unwrap_or_else(|| panic!("{key}: is missing"));
    value.trim_start_matches([':', '=', ' ']).trim().to_owned()
}

/// The whole seconds that a value says, in digits.
#[track_caller]
fn seconds(text: &str, key: &str) -> u64 {
    value(text, key).parse().unwrap_or_else(|error| panic!("{key}: {error}"))
}
