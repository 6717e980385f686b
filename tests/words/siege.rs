//! The load generator siege, which submits one command repeatedly.

use super::{
    programs::{curl, has},
    support::process::Server,
};
use serde_json::Value;
use std::process::Command;

#[test]
fn siege_orders_taxis_without_a_failure() {
    if !has("siege") || !has("curl") {
        return;
    }
    for (path, arguments) in [("/taxi/orders", &[][..]), ("/orders", &["--business", "taxi"])] {
        let folder = tempfile::tempdir().unwrap();
        let server = Server::start_with(&folder.path().join("data"), arguments);
        let url = format!(r#"{} POST {{"orderType":"basic","name":"Jung"}}"#, server.url(path));
        let mut command = Command::new("siege");
        command.env("HOME", folder.path());
        command.args(["-b", "-c10", "-r20", "--content-type", "application/json", &url]);
        let output = command.output().expect("siege runs");
        let text = [output.stdout, output.stderr].map(|text| String::from_utf8(text).unwrap());
        // Newer versions print JSON, older ones lines. The names differ in case and underscores.
        let text = text.concat().to_lowercase().replace('_', " ");
        assert_eq!(figure(&text, "availability"), "100.00", "{text}");
        assert_eq!(figure(&text, "failed transactions"), "0", "{text}");
        let page = curl("GET", &server.url(&format!("{path}?size=1")), "").body;
        let page: Value = serde_json::from_str(&page).unwrap();
        assert_eq!(page["page"]["totalElements"], 200, "{text}");
    }
}

/// The first number after a name.
fn figure(text: &str, name: &str) -> String {
    let rest = text.split(name).nth(1).unwrap_or_else(|| panic!("{name}: {text}"));
    let digits = rest.trim_start_matches(|c: char| !c.is_ascii_digit());
    digits.split(|c: char| !c.is_ascii_digit() && c != '.').next().unwrap_or_default().to_owned()
}
