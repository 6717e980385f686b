//! The shape of the code, checked like any other property of it.

use std::{fs, path::Path, path::PathBuf};

/// Who may not speak of what. Outer layers may look inwards, never the other way.
const FORBIDDEN: &[(&str, &[&str])] = &[
    (
        "src/domain",
        &[
            "actix",
            "tokio",
            "sled",
            "bincode",
            "rusqlite",
            "tracing",
            "reqwest",
            "SystemTime",
            "Instant",
            "rand",
            "crate::actors",
            "crate::http",
            "crate::store",
        ],
    ),
    (
        "src/store",
        &["actix", "tokio", "reqwest", "crate::actors", "crate::http", "crate::domain::taxi"],
    ),
    ("src/actors", &["actix_web", "sled", "bincode", "rusqlite", "crate::http"]),
    (
        "src/model",
        &[
            "actix",
            "tokio",
            "sled",
            "bincode",
            "rusqlite",
            "crate::actors",
            "crate::http",
            "crate::store",
        ],
    ),
    (
        "src/sandbox",
        &[
            "sled",
            "bincode",
            "rusqlite",
            "crate::actors",
            "crate::domain",
            "crate::http",
            "crate::store",
        ],
    ),
    ("src/http", &["sled", "bincode", "rusqlite", "crate::store", "actix::"]),
];

const LINES_MAX: usize = 400;
const FUNCTION_LINES_MAX: usize = 70;

#[test]
fn layers_look_inwards_only() {
    for (layer, words) in FORBIDDEN {
        for (path, text) in sources(layer) {
            for word in *words {
                let found = text.lines().find(|line| !is_comment(line) && mentions(line, word));
                assert_eq!(found, None, "{}: a word of another layer: {word}", path.display());
            }
        }
    }
}

#[test]
fn only_one_file_knows_how_bytes_are_made() {
    for (path, text) in sources("src") {
        if path.ends_with("store/codec.rs") {
            continue;
        }
        let found = text.lines().find(|line| !is_comment(line) && mentions(line, "bincode"));
        assert_eq!(found, None, "{}: only store/codec.rs names bincode", path.display());
    }
}

#[test]
fn no_layer_but_the_domain_knows_a_business_by_name() {
    for layer in ["src/store", "src/actors", "src/http", "src/model", "src/domain/kernel"] {
        for (path, text) in sources(layer) {
            for business in businesses() {
                let name = format!("domain::{business}");
                let found = text.lines().find(|line| !is_comment(line) && mentions(line, &name));
                assert_eq!(found, None, "{}: knows {business}", path.display());
            }
        }
    }
}

#[test]
fn no_business_knows_another() {
    for business in businesses() {
        for (path, text) in sources(format!("src/domain/{business}")) {
            for other in businesses().iter().filter(|other| **other != business) {
                let name = format!("domain::{other}");
                let found = text.lines().find(|line| !is_comment(line) && mentions(line, &name));
                assert_eq!(found, None, "{}: knows {other}", path.display());
            }
        }
    }
}

#[test]
fn every_business_is_declared_and_installed() {
    let catalogue = fs::read_to_string("src/domain/mod.rs").unwrap();
    for business in businesses() {
        for line in [format!("pub mod {business};"), format!("host.business::<{business}::")] {
            assert!(catalogue.contains(&line), "src/domain/mod.rs: missing {line}");
        }
    }
}

#[test]
fn every_file_says_what_it_is_and_fits_in_the_head() {
    for (path, text) in sources("src").into_iter().chain(sources("tests")) {
        assert!(text.starts_with("//! "), "{}: no header", path.display());
        let lines = text.lines().count();
        assert!(lines <= LINES_MAX, "{}: {lines} lines", path.display());
    }
}

#[test]
fn every_function_fits_on_a_screen() {
    for (path, text) in sources("src") {
        let lines: Vec<&str> = text.lines().collect();
        for (start, line) in lines.iter().enumerate().filter(|(_, line)| opens_function(line)) {
            let indent = line.len() - line.trim_start().len();
            let closing = format!("{}}}", " ".repeat(indent));
            let length = lines[start..].iter().position(|line| *line == closing).unwrap_or(0) + 1;
            assert!(length <= FUNCTION_LINES_MAX, "{}: {line}: {length} lines", path.display());
        }
    }
}

fn opens_function(line: &str) -> bool {
    let line = line.trim_start();
    let words =
        ["fn ", "pub fn ", "pub(super) fn ", "pub(crate) fn ", "async fn ", "pub async fn "];
    words.iter().any(|word| line.starts_with(word))
        && !line.trim_end().ends_with(';')
        && !line.trim_end().ends_with('}')
}

fn businesses() -> Vec<String> {
    let entries = fs::read_dir("src/domain").unwrap().map(Result::unwrap);
    let folders = entries.filter(|entry| entry.file_type().unwrap().is_dir());
    let names = folders.map(|entry| entry.file_name().into_string().unwrap());
    names.filter(|name| name != "kernel").collect()
}

fn sources(root: impl AsRef<Path>) -> Vec<(PathBuf, String)> {
    let Ok(entries) = fs::read_dir(root) else {
        return vec![];
    };
    let paths = entries.map(|entry| entry.unwrap().path());
    paths
        .flat_map(|path| match path.extension() {
            _ if path.is_dir() => sources(path),
            Some(extension) if extension == "rs" => {
                vec![(path.clone(), fs::read_to_string(&path).unwrap())]
            }
            _ => vec![],
        })
        .collect()
}

fn is_comment(line: &str) -> bool {
    line.trim_start().starts_with("//")
}

/// Whole words only: `operand` does not speak of `rand`.
fn mentions(line: &str, word: &str) -> bool {
    line.match_indices(word).any(|(start, _)| {
        let is_edge = |c: Option<char>| c.is_none_or(|c| !c.is_alphanumeric() && c != '_');
        is_edge(line[..start].chars().next_back())
            && (word.ends_with(':') || is_edge(line[start + word.len()..].chars().next()))
    })
}
