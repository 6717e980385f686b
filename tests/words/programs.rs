//! The programs that submit the commands, and their output.

use serde_json::{Map, Value};
use std::process::{Command, Output};

/// Sends a method, a URL and a body (a JSON object, or empty) to a server.
pub type Program = fn(&str, &str, &str) -> Heard;

/// The output of a program: the status, the head (in lower case) and the body of an HTTP answer.
pub struct Heard {
    pub status: u16,
    pub head: String,
    pub body: String,
}

/// Whether a program can be run.
///
/// # Panics
/// In CI, when the program cannot be run.
pub fn has(program: &str) -> bool {
    let found = Command::new(program).arg("--version").output().is_ok();
    assert!(found || std::env::var_os("CI").is_none(), "{program} is required in CI");
    if !found {
        println!("{program} is not installed: its tests are skipped");
    }
    found
}

/// Sends the request by curl, with the body unchanged.
pub fn curl(method: &str, url: &str, body: &str) -> Heard {
    let mut command = Command::new("curl");
    command.args(["-s", "-i", "-X", method, url]);
    if !body.is_empty() {
        command.args(["-H", "Content-Type: application/json", "-d", body]);
    }
    heard(&command.output().expect("curl runs"))
}

/// Sends the request by `HTTPie` in the form `field=value`, so that numbers are sent as text.
pub fn httpie(method: &str, url: &str, body: &str) -> Heard {
    let fields: Map<String, Value> =
        if body.is_empty() { Map::new() } else { serde_json::from_str(body).expect("an object") };
    let fields = fields.into_iter().map(|(name, value)| match value {
        Value::String(text) => format!("{name}={text}"),
        Value::Number(number) => format!("{name}={number}"),
        other => format!("{name}:={other}"),
    });
    let mut command = Command::new("http");
    // The configuration of the user must not change the result.
    command.env("HTTPIE_CONFIG_DIR", std::env::temp_dir().join("no-such-configuration"));
    command.args(["--ignore-stdin", "--print=hb", "--pretty=none", method, url]).args(fields);
    heard(&command.output().expect("http runs"))
}

#[track_caller]
fn heard(output: &Output) -> Heard {
    let text = String::from_utf8_lossy(&output.stdout).replace("\r\n", "\n");
    let (head, body) = text.split_once("\n\n").unwrap_or((&text, ""));
    let status = head.split(' ').nth(1).and_then(|status| status.parse().ok());
    let status = status.unwrap_or_else(|| panic!("no answer: {output:?}"));
    Heard { status, head: format!("{}\n", head.to_lowercase()), body: body.to_owned() }
}
