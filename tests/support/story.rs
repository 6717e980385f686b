//! Tells a story of `examples`: its script sends requests to a server, and checks the answers.

use std::{fmt::Display, process::Command};

/// Runs the script against the server at this address; panics with its output when it fails.
#[track_caller]
pub fn tell(script: &str, address: impl Display) {
    let told = Command::new("sh").args([script, &format!("http://{address}")]).output();
    let told = told.expect("a shell");
    let [said, why] = [told.stdout, told.stderr].map(|text| String::from_utf8(text).unwrap());
    assert!(told.status.success(), "{said}{why}");
}
