//! The commands of `docs/quickstart.md` work on a fresh server, and print what the page says.

use super::support::process::Server;
use std::{fs, process::Command};

/// The mark between the outputs of two blocks.
const MARK: &str = "--- the next block ---";

/// A block of commands, and the lines that its output must contain.
#[derive(Default)]
struct Block {
    commands: String,
    printed: Vec<String>,
}

fn blocks(page: &str) -> Vec<Block> {
    let mut blocks: Vec<Block> = Vec::new();
    let mut kind = None;
    for line in page.lines() {
        match (kind, line.strip_prefix("```")) {
            (None, Some("sh")) => {
                kind = Some("sh");
                blocks.push(Block::default());
            }
            (None, Some(other)) => kind = Some(if other == "text" { "text" } else { "other" }),
            (Some(_), Some(_)) => kind = None,
            (Some(kind), None) => {
                let block = blocks.last_mut().expect("commands come first");
                match kind {
                    "sh" => block.commands.extend([line, "\n"]),
                    "text" => block.printed.push(line.to_owned()),
                    _ => {}
                }
            }
            (None, None) => {}
        }
    }
    blocks
}

#[test]
fn the_commands_of_the_quickstart_print_what_the_page_says() {
    let page = fs::read_to_string("docs/quickstart.md").expect("the page");
    let blocks = blocks(&page);
    assert!(blocks.len() > 7, "{} blocks", blocks.len());
    let data = tempfile::tempdir().expect("a folder");
    let server = Server::start(data.path(), None);
    let mut script = String::new();
    for block in &blocks {
        script.extend([&block.commands, "\necho; echo '", MARK, "'\n"]);
    }
    let told = Command::new("sh").args(["-e", "-c", &script]).env("at", server.url("")).output();
    let told = told.expect("a shell");
    let output = String::from_utf8_lossy(&told.stdout).into_owned();
    assert!(told.status.success(), "{output}{}", String::from_utf8_lossy(&told.stderr));
    for (block, printed) in blocks.iter().zip(output.split(MARK)) {
        for line in &block.printed {
            assert!(printed.contains(line), "{line} is not in\n{printed}\nof\n{}", block.commands);
        }
    }
}
