//! Every word of every business, said by the programs people say them with: curl and `HTTPie`,
//! under the business and at the root. In CI they must be there; elsewhere what is missing is left
//! out, aloud.
//!
//! One file per business holds its words as a table, told from the top to the bottom on a fresh
//! server. `TESTED_MADANG=target/release/madang` tells them to another binary.

mod claims;
mod education;
mod insurance;
mod phone;
mod programs;
mod rental;
mod siege;
#[path = "../support/mod.rs"]
mod support;
mod table;
mod taxi;

use programs::{Program, curl, has, httpie};
use std::{fs, path::Path, thread};
use support::process::Server;
use table::Story;

/// The words of all businesses.
const STORIES: &[Story] =
    &[claims::STORY, education::STORY, insurance::STORY, phone::STORY, rental::STORY, taxi::STORY];

#[test]
fn curl_says_every_word_under_the_business() {
    under_the_business("curl", curl);
}

#[test]
fn curl_says_every_word_at_the_root() {
    at_the_root("curl", curl);
}

#[test]
fn httpie_says_every_word_under_the_business_with_numbers_as_text() {
    under_the_business("http", httpie);
}

#[test]
fn httpie_says_every_word_at_the_root_with_numbers_as_text() {
    at_the_root("http", httpie);
}

/// Starts a server with whatever has to be configured for the words.
fn start(folder: &Path, arguments: &[&str]) -> Server {
    let config = folder.join("madang.toml");
    fs::write(&config, phone::SETTINGS).unwrap();
    let config = ["--config", config.to_str().unwrap()];
    Server::start_with(&folder.join("data"), &[&config[..], arguments].concat())
}

/// Tells all stories to one server, as their businesses do not know each other.
fn under_the_business(name: &str, program: Program) {
    if !has(name) {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let server = start(folder.path(), &[]);
    thread::scope(|scope| {
        for story in STORIES {
            let (server, root) = (&server, format!("/{}", story.business));
            scope.spawn(move || story.tell(server, &root, program));
        }
    });
    assert!(server.terminate().success());
}

/// Tells each story to a server that runs that business alone.
fn at_the_root(name: &str, program: Program) {
    if !has(name) {
        return;
    }
    thread::scope(|scope| {
        for story in STORIES {
            scope.spawn(move || {
                let folder = tempfile::tempdir().unwrap();
                let server = start(folder.path(), &["--business", story.business]);
                story.tell(&server, "", program);
                assert!(server.terminate().success());
            });
        }
    });
}
