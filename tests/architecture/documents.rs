//! The documents: each block of code in `docs/business.md` is a part of a file that is compiled.

use crate::sources;
use std::{fs, path::Path};

/// The document, and the places whose code it quotes.
const DOCUMENT: &str = "docs/business.md";
const QUOTED: &[&str] = &["examples/bakery", "examples/eighth", "src/domain/taxi", "tests/server"];

#[test]
fn each_block_of_code_is_compiled_and_tested() {
    let text = fs::read_to_string(DOCUMENT).expect("the document");
    let code: Vec<_> = QUOTED.iter().flat_map(sources).map(|(_, text)| text).collect();
    let blocks: Vec<&str> = text.split("```rust\n").skip(1).collect();
    assert!(blocks.len() > 10, "{} blocks", blocks.len());
    for block in blocks {
        let (block, _) = block.split_once("```").expect("the end of a block");
        let is_quoted = code.iter().any(|text| text.contains(block));
        assert!(is_quoted, "{DOCUMENT}: no file of {QUOTED:?} has this block:\n{block}");
    }
}

#[test]
fn each_link_of_the_document_leads_to_a_file() {
    let text = fs::read_to_string(DOCUMENT).expect("the document");
    let links = text.split("](").skip(1).filter_map(|rest| rest.split_once(')'));
    let files = links.map(|(link, _)| link.split('#').next().unwrap_or_default());
    for file in files {
        assert!(Path::new("docs").join(file).exists(), "{DOCUMENT}: {file} does not exist");
    }
}
