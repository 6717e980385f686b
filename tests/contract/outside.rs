//! Outside tools on the contract: validators, schemathesis, and a generated client.

use super::support::{
    process::{Server, binary},
    tools::tool,
};
use std::{
    env, fs,
    path::Path,
    process::{Command, Output},
};

/// The roles of all businesses.
pub const ROLES: [&str; 10] = [
    "admin",
    "dispatcher",
    "driver",
    "examiner",
    "payout-clerk",
    "course-manager",
    "underwriter",
    "product-manager",
    "store-clerk",
    "fleet-manager",
];

/// The least number of requests that schemathesis sends.
const REQUESTS_MIN: u64 = 5_000;

#[track_caller]
fn succeeds(command: &mut Command) -> String {
    let Output { status, stdout, stderr } = command.output().expect("it runs");
    let [said, why] = [stdout, stderr].map(|text| String::from_utf8_lossy(&text).into_owned());
    assert!(status.success(), "{command:?}\n{said}{why}");
    said
}

/// A server that issues its own tokens, with a token that has all roles.
pub fn server(data: &Path) -> (Server, String) {
    let config = data.join("madang.toml");
    fs::write(&config, "[identity]\nissue = true\n[grpc]\nlisten = \"127.0.0.1:0\"\n")
        .expect("a file");
    let server = Server::start(&data.join("data"), Some(&config));
    (server, token(data, "contract", &ROLES))
}

/// A token of the server with its data in this folder.
pub fn token(data: &Path, subject: &str, roles: &[&str]) -> String {
    let mut mint = Command::new(binary());
    mint.args(["token", "--subject", subject, "--data"]).arg(data.join("data"));
    for role in roles {
        mint.args(["--role", role]);
    }
    succeeds(&mut mint).trim().to_owned()
}

/// What the parser of the `AsyncAPI` initiative finds in the document; empty when it is valid.
fn flaws_of_events(modules: &Path, document: &Path) -> String {
    let mut parse = Command::new("node");
    parse.arg("tests/contract/asyncapi.cjs").arg(document).env("NODE_PATH", modules);
    let Output { status, stderr, .. } = parse.output().expect("node runs");
    let found = String::from_utf8_lossy(&stderr).into_owned();
    assert_eq!(status.success(), found.is_empty(), "{found}");
    found
}

#[test]
fn an_independent_validator_accepts_the_document_of_requests() {
    let Some(validator) = tool("openapi-spec-validator") else { return };
    succeeds(Command::new(validator).arg("docs/contract/openapi.json"));
}

#[test]
fn an_independent_validator_accepts_the_document_of_events() {
    let Some(modules) = tool("node_modules") else { return };
    let path = Path::new("docs/contract/asyncapi.json");
    assert_eq!(flaws_of_events(&modules, path), "");
    let text = fs::read_to_string(path).expect("the document");
    let folder = tempfile::tempdir().expect("a folder");
    let damaged = folder.path().join("asyncapi.json");
    for (from, to, found) in [
        ("#/channels/taxi.orders", "#/channels/taxi.rders", "taxi.rders"),
        (r#""action": "send""#, r#""action": "shout""#, "action"),
        (r#""type": "integer""#, r#""type": "whole""#, "type"),
    ] {
        fs::write(&damaged, text.replacen(from, to, 1)).expect("a file");
        let flaws = flaws_of_events(&modules, &damaged);
        assert!(flaws.contains(found), "{to} is not found: {flaws}");
    }
}

#[test]
fn schemathesis_finds_no_answer_outside_the_document() {
    let Some(schemathesis) = tool("schemathesis") else { return };
    let folder = tempfile::tempdir().expect("a folder");
    let (server, token) = server(folder.path());
    let settings = fs::canonicalize("tests/contract/schemathesis.toml").expect("the settings");
    let mut run = Command::new(schemathesis);
    run.current_dir(folder.path()).arg("--config-file").arg(settings);
    run.args(["run", &server.url("/openapi.json"), "--header"]);
    run.arg(format!("Authorization: Bearer {token}"));
    run.args(["--max-examples", "10", "--seed", "1", "--workers", "1", "--no-color"]);
    let report = succeeds(&mut run);
    let numbers = report.lines().filter_map(|line| line.trim().split_once(" generated"));
    let mut numbers = numbers.filter_map(|(number, _)| number.replace(',', "").parse().ok());
    let generated: u64 = numbers.next().expect("a line with the number of requests");
    assert!(generated >= REQUESTS_MIN, "{generated} requests");
}

#[test]
fn a_generated_client_places_an_order_and_cancels_it() {
    let Some(generator) = tool("openapi-python-client") else { return };
    let python = tool("python3").expect("it is beside the generator");
    let folder = tempfile::tempdir().expect("a folder");
    let (server, token) = server(folder.path());
    let package = folder.path().join("madang_client");
    let path = env::var("PATH").unwrap_or_default();
    let tools = generator.parent().expect("a folder").display().to_string();
    let mut generate = Command::new(&generator);
    generate.args(["generate", "--meta", "none", "--path", "docs/contract/openapi.json"]);
    succeeds(generate.arg("--output-path").arg(&package).env("PATH", format!("{tools}:{path}")));
    let mut order = Command::new(python);
    order.args(["examples/typed_client.py", &server.url("")]).env("PYTHONPATH", folder.path());
    let printed = succeeds(order.env("MADANG_TOKEN", token));
    assert!(printed.contains("Paid") && printed.contains("Cancelled"), "{printed}");
}

#[test]
fn a_stock_client_orders_watches_and_cancels_over_grpc() {
    // The compiler for the file of the services is a module of the interpreter beside it.
    let Some(python) = tool("python3") else { return };
    let folder = tempfile::tempdir().expect("a folder");
    let (server, token) = server(folder.path());
    let mut client = Command::new(python);
    client.args(["examples/grpc_client.py", &server.grpc().to_string()]);
    let printed = succeeds(client.arg("docs/contract").env("TOKEN", token));
    for line in [
        "order 1 is ",
        "the same key has order 1",
        "ABORTED /problems/version-differs",
        "taxi.orders.Called",
        "taxi.orders.Cancelled",
    ] {
        assert!(printed.contains(line), "{printed}");
    }
}
