//! `madang top --once`: the page of a running server as text.

use crate::support::{
    client,
    process::{Server, binary},
};
use serde_json::json;
use std::{fs, path::Path, process::Command};

/// Runs `madang top --once` with these arguments and a quarter of a second between the two looks;
/// returns its exit code and what it printed.
fn top(arguments: &[&str]) -> (Option<i32>, String) {
    let mut command = Command::new(binary());
    command.args(["top", "--once", "--every", "0.25"]).args(arguments).env("RUST_LOG", "warn");
    let output = command.output().expect("the binary runs");
    let printed = [output.stdout, output.stderr].concat();
    (output.status.code(), String::from_utf8_lossy(&printed).into_owned())
}

/// Starts a server with these settings, beside those that are needed.
fn served(folder: &Path, settings: &str) -> Server {
    let file = folder.join("madang.toml");
    fs::write(&file, settings).expect("written");
    Server::start(&folder.join("data"), Some(&file))
}

#[test]
fn the_page_of_a_running_server_has_its_businesses_and_files() {
    let folder = tempfile::tempdir().expect("a folder");
    let server = served(folder.path(), "");
    let (code, page) = top(&["--url", &server.url("/")]);
    assert_eq!(code, Some(0), "{page}");
    for start in ["madang ", "requests ", "journal ", "commits ", "files ", "process ", "taxi "] {
        assert!(page.lines().any(|line| line.starts_with(start)), "{start} is not in:\n{page}");
    }
    assert!(page.contains(&format!("at {}", server.url(""))), "{page}");
}

#[tokio::test]
async fn an_order_is_counted_in_the_page() {
    let folder = tempfile::tempdir().expect("a folder");
    let server = served(folder.path(), "");
    let order = json!({ "orderType": "prime", "name": "Jung" });
    let answer = client().post(server.url("/taxi/orders")).json(&order).send().await;
    assert!(answer.expect("an answer").status().is_success());
    let (code, page) = top(&["--url", &server.url("")]);
    let process = page.lines().find(|line| line.starts_with("process ")).expect("a line");
    assert_eq!((code, process.contains("aggregates 0 of")), (Some(0), false), "{page}");
}

#[test]
fn a_server_without_figures_and_one_that_is_away_are_named_with_exit_code_1() {
    let folder = tempfile::tempdir().expect("a folder");
    let server = served(folder.path(), "[metrics]\nenabled = false\n");
    let url = server.url("");
    let (code, page) = top(&["--url", &url]);
    assert!(code == Some(1) && page.contains("`metrics.enabled` is false"), "{page}");
    assert!(server.terminate().success());
    let (code, page) = top(&["--url", &url]);
    assert!(code == Some(1) && page.contains("no answer: "), "{page}");
}

#[test]
fn a_server_that_issues_its_own_tokens_gets_one_of_its_data_folder() {
    let folder = tempfile::tempdir().expect("a folder");
    let server = served(folder.path(), "[identity]\nissue = true\n");
    let (code, page) = top(&["--url", &server.url("")]);
    assert!(code == Some(1) && page.contains("--token-file"), "{page}");
    let (data, listen) = (folder.path().join("data"), server.address.to_string());
    let settings = format!("listen = \"{listen}\"\n[identity]\nissue = true\n");
    let here = folder.path().join("here.toml");
    let config = ["--config", here.to_str().expect("ASCII letters")];
    fs::write(&here, format!("data = {:?}\n{settings}", data.display())).expect("written");
    let (code, page) = top(&config);
    assert!(code == Some(0) && page.contains("\nrequests "), "{page}");
    fs::write(&here, settings).expect("written");
    let data = ["--data", data.to_str().expect("ASCII letters")];
    let (code, page) = top(&[config, data].concat());
    assert!(code == Some(0) && page.contains("\nrequests "), "{page}");
}
