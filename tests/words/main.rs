//! Every command of every business, submitted by curl and `HTTPie`, under the business and at the
//! root. In CI both programs are required. Elsewhere a missing one is skipped, with a printed line.
//!
//! One file per business holds its commands as a table, in the order of submission to a fresh
//! server. `TESTED_MADANG=target/release/madang` tests another binary.

mod callers;
mod claims;
mod education;
mod insurance;
mod phone;
mod programs;
mod rental;
mod siege;
mod strangers;
#[path = "../support/mod.rs"]
mod support;
mod table;
mod taxi;

use programs::{Program, curl, has, httpie};
use std::{fs, path::Path, thread};
use support::process::Server;
use table::Story;

/// The commands of all businesses.
const STORIES: &[Story] =
    &[claims::STORY, education::STORY, insurance::STORY, phone::STORY, rental::STORY, taxi::STORY];

#[test]
fn curl_submits_every_command_under_the_business() {
    under_the_business("curl", curl);
}

#[test]
fn curl_submits_every_command_at_the_root() {
    at_the_root("curl", curl);
}

#[test]
fn httpie_submits_every_command_under_the_business_with_numbers_as_text() {
    under_the_business("http", httpie);
}

#[test]
fn httpie_submits_every_command_at_the_root_with_numbers_as_text() {
    at_the_root("http", httpie);
}

/// Starts a server with the settings that the commands need.
fn start(folder: &Path, arguments: &[&str]) -> Server {
    let config = folder.join("madang.toml");
    fs::write(&config, phone::SETTINGS).unwrap();
    let config = ["--config", config.to_str().unwrap()];
    Server::start_with(&folder.join("data"), &[&config[..], arguments].concat())
}

/// Submits all tables to one server, because the businesses are independent.
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

/// Submits each table to a server that runs only that business.
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
