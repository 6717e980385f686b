//! The stories in `examples/` run twice against a real server with all businesses.

use crate::support::process::Server;
use std::{
    path::Path,
    process::{Command, Output},
    thread,
};

#[test]
fn every_business_has_a_story_that_can_be_run_repeatedly() {
    let folder = tempfile::tempdir().unwrap();
    let server = Server::start(folder.path(), None);
    // The stories do not affect each other.
    thread::scope(|scope| {
        for business in businesses() {
            let server = &server;
            scope.spawn(move || {
                for _ in 0..2 {
                    let Output { status, stdout, stderr } = told(&business, &server.url(""));
                    let [said, why] = [stdout, stderr].map(|text| String::from_utf8(text).unwrap());
                    assert!(status.success(), "{business}: {said}{why}");
                }
            });
        }
    });
    assert!(server.terminate().success());
}

#[test]
fn a_story_fails_without_a_server() {
    let Output { status, stderr, .. } = told("taxi", "http://127.0.0.1:1");
    assert_eq!(status.code(), Some(1));
    assert!(String::from_utf8_lossy(&stderr).contains("nobody answers"), "{stderr:?}");
}

/// The list of a view and a field of its rows may have the same name, such as `points`.
#[test]
fn a_story_finds_the_field_of_the_first_row_and_not_the_list_of_its_name() {
    let page =
        |rows: &str| format!(r#"{{"_embedded":{{"points":[{rows}]}},"page":{{"size":20}}}}"#);
    for (body, name, found) in [
        (page(r#"{"card":7,"points":1000},{"card":8,"points":5}"#), "points", "1000"),
        (page(r#"{"card":7,"points":1000}"#), "size", "20"),
        (page(""), "points", ""),
        (r#"{"card":7,"points":1000}"#.to_owned(), "points", "1000"),
    ] {
        let script = format!(". examples/lib.sh; body=$1; field {name}");
        let Output { stdout, .. } =
            Command::new("sh").args(["-c", &script, "story", &body]).output().expect("a shell");
        assert_eq!(String::from_utf8_lossy(&stdout).trim_end(), found, "{name} of {body}");
    }
}

fn told(business: &str, url: &str) -> Output {
    let script = Path::new("examples").join(business).with_extension("sh");
    Command::new("sh").arg(script).arg(url).output().expect("a shell")
}

/// The businesses: one folder each.
fn businesses() -> Vec<String> {
    let folders = std::fs::read_dir("src/domain").expect("the businesses").map(Result::unwrap);
    let folders = folders.filter(|entry| entry.path().is_dir());
    let names = folders.map(|entry| entry.file_name().into_string().unwrap());
    names.filter(|name| name != "kernel").collect()
}
