//! The glossary: the retired words of `docs/glossary.md` occur nowhere else.

use crate::{is_comment, mentions, sources};
use std::{fs, path::Path};

/// The heading of the table of retired words.
const RETIRED: &str = "## Retired words";

/// The retired words: the first column of their table.
fn retired() -> Vec<String> {
    let glossary = fs::read_to_string("docs/glossary.md").expect("the glossary");
    let (_, table) = glossary.split_once(RETIRED).expect("the table of retired words");
    let words = table.lines().filter_map(|line| line.strip_prefix("| `")?.split_once('`'));
    words.map(|(word, _)| word.to_owned()).collect()
}

/// Whether a file belongs to a business, which may use its own words.
fn is_of_a_business(path: &Path) -> bool {
    path.starts_with("src/domain") && !path.starts_with("src/domain/kernel")
}

#[test]
fn retired_words_do_not_come_back() {
    let words = retired();
    assert!(words.len() > 50, "{words:?}");
    let code = ["src", "tests", "benches", "examples"].into_iter().flat_map(sources);
    let read = |path: &str| (path.into(), fs::read_to_string(path).expect("a document"));
    let documents = DOCUMENTS.iter().map(|path| read(path));
    for (path, text) in code.chain(documents).filter(|(path, _)| !is_of_a_business(path)) {
        let is_code = path.extension().is_some_and(|extension| extension == "rs");
        for line in text.lines() {
            // Prose may use the word as an English word; as an identifier it is in backticks.
            let is_named = |word: &&String| {
                let is_prose = !is_code || is_comment(line);
                if is_prose { line.contains(&format!("`{word}`")) } else { mentions(line, word) }
            };
            let found = words.iter().find(is_named);
            assert_eq!(found, None, "{}: {line}", path.display());
        }
    }
}

/// The documents about the present code. Decisions keep the words of their time.
const DOCUMENTS: &[&str] = &[
    "README.md",
    "CONTRIBUTING.md",
    "docs/architecture.md",
    "docs/configuration.md",
    "docs/gates.md",
    "docs/guarantees.md",
    "docs/http-api.md",
    "docs/operations.md",
    "docs/performance.md",
    "docs/ports.md",
    "docs/resilience.md",
];
