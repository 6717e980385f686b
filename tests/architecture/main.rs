//! The architecture of the code: layers, sizes, names, diagrams, dependencies and test coverage.

mod dependencies;
mod documents;
mod glossary;
mod imports;
mod layers;
mod model;
mod prose;

use std::{fs, path::Path, path::PathBuf};

/// The forbidden words of each layer. Outer layers may use inner ones, never the reverse.
const FORBIDDEN: &[(&str, &[&str])] = &[
    (
        "src/domain",
        &[
            "SystemTime",
            "Instant",
            "env::",
            "fs::",
            "io::",
            "net::",
            "process::",
            "crate::actors",
            "crate::http",
            "crate::store",
        ],
    ),
    (
        "src/store",
        &["actix", "tokio", "reqwest", "crate::actors", "crate::http", "crate::domain::taxi"],
    ),
    ("src/actors", &["actix_web", "sled", "bincode", "rusqlite", "crate::grpc", "crate::http"]),
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
        "src/metrics",
        &[
            "actix",
            "tokio",
            "prometheus_client",
            "crate::actors",
            "crate::domain",
            "crate::http",
            "crate::inbound",
            "crate::store",
        ],
    ),
    (
        "src/traces",
        &[
            "actix",
            "crate::actors",
            "crate::domain",
            "crate::grpc",
            "crate::http",
            "crate::inbound",
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
    (
        "src/new",
        &["actix", "tokio", "crate::actors", "crate::domain", "crate::http", "crate::store"],
    ),
    ("src/http", &["sled", "bincode", "rusqlite", "crate::store", "crate::grpc", "actix::"]),
    ("src/grpc", &["actix", "sled", "bincode", "rusqlite", "crate::store", "crate::http"]),
    (
        "src/inbound",
        &["sled", "bincode", "rusqlite", "crate::store", "crate::grpc", "crate::http", "actix::"],
    ),
];

/// The crates that a business may use besides the standard library.
const CRATES_OF_THE_DOMAIN: &[&str] = &["serde", "serde_json", "thiserror"];

/// The tests that sleep, and the reason.
const SLEEPERS: &[(&str, &str)] =
    &[("tests/kill.rs", "a start is killed at a random moment, and nothing is awaited")];

const LINES_MAX: usize = 400;
const FUNCTION_LINES_MAX: usize = 50;

#[test]
fn layers_use_only_inner_layers() {
    for (layer, words) in FORBIDDEN {
        for (path, text) in sources(layer) {
            for word in *words {
                let found = text.lines().find(|line| !is_comment(line) && mentions(line, word));
                assert_eq!(found, None, "{}: a word of another layer: {word}", path.display());
            }
        }
    }
}

/// The code uses no crate that Cargo.toml does not name, with `use` or without.
#[test]
fn the_domain_uses_three_crates_and_no_other() {
    let others: Vec<_> = crates().into_iter().filter(|name| !is_of_the_domain(name)).collect();
    assert!(others.len() > CRATES_OF_THE_DOMAIN.len(), "{others:?}");
    for (path, text) in sources("src/domain") {
        // Tests may use random numbers.
        let code = text.split("#[cfg(test)]\nmod tests {").next().unwrap_or_default();
        for name in &others {
            let found = code.lines().find(|line| !is_comment(line) && mentions(line, name));
            assert_eq!(found, None, "{}: uses {name}", path.display());
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
fn no_layer_but_the_domain_names_a_business() {
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
fn no_business_uses_another() {
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
fn every_business_is_tested_as_the_others_are() {
    for business in businesses() {
        let of = |place: &str| place.replace("NAME", &business);
        for (place, line) in [
            ("tests/words/main.rs", "NAME::STORY"),
            ("tests/words/NAME.rs", "const STORY"),
            ("tests/wire/main.rs", "mod NAME;"),
            ("tests/wire/NAME.rs", "golden("),
            ("tests/simulation/main.rs", "mod NAME;"),
            ("tests/simulation/NAME.rs", "RandomWorlds::new("),
            ("tests/simulation/NAME.rs", "explore(&worlds("),
            ("tests/simulation/NAME.rs", "fail_each_step("),
            ("tests/simulation/NAME.rs", "repeat_each_step("),
            ("tests/simulation/NAME.rs", "crash_at_each_record("),
            ("tests/simulation/strangers.rs", "NAME::people"),
            ("tests/simulation/mutants.rs", "mod NAME;"),
            ("tests/simulation/mutants/NAME.rs", "is_noticed("),
        ] {
            let (place, line) = (of(place), of(line));
            let text = fs::read_to_string(&place).unwrap_or_default();
            assert!(text.contains(&line), "{place}: missing {line}");
        }
        let told = of("examples/NAME.sh");
        assert!(Path::new(&told).exists(), "{told} is missing");
        let folder = of("src/domain/NAME");
        let is_specified = sources(&folder).iter().any(|(path, _)| path.ends_with("specs.rs"));
        assert!(is_specified, "{folder}: missing specs.rs");
    }
}

#[test]
fn no_test_sleeps() {
    let is_sleeper = |path: &Path| SLEEPERS.iter().any(|(sleeper, _)| path == Path::new(sleeper));
    let calls = ["sleep", "sleep_until", "park_timeout"].map(|call| format!("{call}("));
    for (path, text) in tests() {
        let sleeps = |line: &&str| calls.iter().any(|call| line.contains(call));
        let found = text.lines().filter(|line| !is_comment(line)).find(sleeps);
        assert_eq!(found.is_some(), is_sleeper(&path), "{}: {found:?}", path.display());
    }
}

#[test]
fn every_file_has_a_header_and_a_bounded_length() {
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
            let length = function_length(&lines[start..]);
            let length = length.unwrap_or_else(|| panic!("{}: {line}: no end", path.display()));
            assert!(length <= FUNCTION_LINES_MAX, "{}: {line}: {length} lines", path.display());
        }
    }
}

#[test]
fn a_function_is_recognised_by_its_first_line() {
    for line in [
        "fn a() {",
        "    pub const fn a(",
        "const fn a() {",
        "pub(super) async fn a<T>(",
        "pub(in crate::store) fn a() {",
        "pub unsafe fn a() {",
    ] {
        assert!(opens_function(line), "{line}");
    }
    for line in ["// fn a() {", "fn_a();", "pub struct A {", "let a: fn() = b;"] {
        assert!(!opens_function(line), "{line}");
    }
}

/// A guarantee whose test was renamed or removed is not checked.
#[test]
fn every_test_named_in_a_guarantee_exists() {
    let guarantees = fs::read_to_string("docs/guarantees.md").unwrap();
    let promised = guarantees.split("## What is not promised").next().unwrap_or_default();
    let texts: String = tests().into_iter().map(|(_, text)| text).collect();
    let mut named = 0;
    for name in promised.split('`').skip(1).step_by(2) {
        let is_test =
            name.contains('_') && name.chars().all(|c| c.is_ascii_lowercase() || c == '_');
        if is_test {
            assert!(texts.contains(&format!("fn {name}()")), "there is no test {name}");
            named += 1;
        }
    }
    assert!(named > 40, "{named}");
    for row in promised.lines().filter(|line| line.starts_with("| ") && !line.contains("| tests |"))
    {
        assert!(row.contains(".rs") || row.contains("tests/"), "names no test: {row}");
    }
}

fn opens_function(line: &str) -> bool {
    let line = line.trim_start();
    let mut rest = match line.strip_prefix("pub(") {
        Some(inside) => inside.split_once(") ").map_or("", |(_, rest)| rest),
        None => line.strip_prefix("pub ").unwrap_or(line),
    };
    for word in ["const ", "async ", "unsafe "] {
        rest = rest.strip_prefix(word).unwrap_or(rest);
    }
    rest.starts_with("fn ")
}

/// The length of the function that starts with the first line; 1 when it has no body. `None` when
/// there is no end.
fn function_length(lines: &[&str]) -> Option<usize> {
    let signature = lines.iter().position(|line| line.ends_with(['{', '}', ';']))?;
    if !lines[signature].ends_with('{') {
        return Some(1);
    }
    let indent = lines[0].len() - lines[0].trim_start().len();
    let closing = format!("{}}}", " ".repeat(indent));
    Some(lines.iter().position(|line| *line == closing)? + 1)
}

/// The crates in Cargo.toml, as code names them.
fn crates() -> Vec<String> {
    let manifest = fs::read_to_string("Cargo.toml").unwrap();
    let sections = manifest.split("\n[").filter(|section| {
        section.split_once(']').is_some_and(|(name, _)| name.ends_with("dependencies"))
    });
    let lines = sections.flat_map(|section| section.lines().skip(1));
    let named = lines.filter_map(|line| line.split_once(" = "));
    named.map(|(name, _)| name.replace('-', "_")).collect()
}

fn is_of_the_domain(name: &str) -> bool {
    CRATES_OF_THE_DOMAIN.contains(&name)
}

/// The code that is compiled only for tests, by its file.
fn tests() -> Vec<(PathBuf, String)> {
    let mut tests = sources("tests");
    for (path, text) in sources("src") {
        for part in text.split("#[cfg(test)]\n").skip(1) {
            let opening = part.lines().next().unwrap_or_default();
            let Some(name) = opening.strip_prefix("mod ") else { continue };
            let Some(name) = name.strip_suffix(';') else {
                tests.push((path.clone(), part.to_owned()));
                continue;
            };
            let is_root = ["mod.rs", "lib.rs", "main.rs"].iter().any(|root| path.ends_with(root));
            let folder = if is_root { path.parent().unwrap() } else { &path.with_extension("") };
            let file = folder.join(name).with_extension("rs");
            tests.extend(fs::read_to_string(&file).ok().map(|text| (file, text)));
            tests.extend(found_in(&folder.join(name)));
        }
    }
    tests
}

fn businesses() -> Vec<String> {
    let entries = fs::read_dir("src/domain").unwrap().map(Result::unwrap);
    let folders = entries.filter(|entry| entry.file_type().unwrap().is_dir());
    let names = folders.map(|entry| entry.file_name().into_string().unwrap());
    names.filter(|name| name != "kernel").collect()
}

/// All files of a folder, which must exist: a renamed layer would otherwise pass all checks.
fn sources(root: impl AsRef<Path>) -> Vec<(PathBuf, String)> {
    let found = found_in(root.as_ref());
    assert!(!found.is_empty(), "{}: there is nothing", root.as_ref().display());
    found
}

fn found_in(folder: &Path) -> Vec<(PathBuf, String)> {
    let Ok(entries) = fs::read_dir(folder) else {
        return vec![];
    };
    let paths = entries.map(|entry| entry.unwrap().path());
    paths
        .flat_map(|path| match path.extension() {
            _ if path.is_dir() => found_in(&path),
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

/// Matches whole words only: `operand` does not contain `rand`.
fn mentions(line: &str, word: &str) -> bool {
    line.match_indices(word).any(|(start, _)| {
        let is_edge = |c: Option<char>| c.is_none_or(|c| !c.is_alphanumeric() && c != '_');
        is_edge(line[..start].chars().next_back())
            && (word.ends_with(':') || is_edge(line[start + word.len()..].chars().next()))
    })
}
