//! A real browser: a web page in it cannot make a server on loopback do anything, and people can
//! read the pages of the server.
//!
//! In CI, Chromium is required. Elsewhere the tests are skipped without it, with a printed line.
//!
//! `TESTED_MADANG=target/release/madang` attacks another binary.

mod attacker;
mod chromium;
mod devtools;
mod docs;
mod pages;
#[path = "../words/programs.rs"]
#[allow(dead_code)] // HTTPie is not needed here
mod programs;
#[path = "../support/mod.rs"]
mod support;

use attacker::Attacker;
use programs::{curl, has};
use serde_json::Value;
use std::{
    fs,
    net::{Ipv4Addr, SocketAddr},
    path::Path,
    sync::mpsc::Receiver,
    time::Duration,
};
use support::process::Server;

const ORDER: &str = r#"{"orderType":"basic","name":"Jung"}"#;

/// Orders that exist before the attack.
const ORDERS: u64 = 4;

/// Longer than an attack takes; it only ends a test that fails.
const HANG: Duration = Duration::from_secs(90);

/// A server with some orders, and further arguments.
fn started(folder: &Path, arguments: &[&str]) -> Server {
    let server = Server::start_with(&folder.join("data"), arguments);
    for _ in 0..ORDERS {
        assert_eq!(curl("POST", &server.url("/taxi/orders"), ORDER).status, 201);
    }
    server
}

fn read(server: &Server, path: &str) -> Value {
    serde_json::from_str(&curl("GET", &server.url(path), "").body).expect("json")
}

/// The changes that the attack made, one line each.
fn changes(server: &Server) -> Vec<String> {
    let mut changes = Vec::new();
    let orders = read(server, "/taxi/orders?size=100");
    let total = orders["page"]["totalElements"].as_u64().expect("a total");
    changes.extend((ORDERS < total).then(|| format!("{} orders more", total - ORDERS)));
    for order in orders["_embedded"]["orders"].as_array().expect("orders") {
        let is_paid = order["status"] == "Paid";
        changes.extend((!is_paid).then(|| format!("order {} is {}", order["id"], order["status"])));
    }
    let component = read(server, "/admin/components/taxi/sms");
    changes.extend((component["state"] != "RUNNING").then(|| "messages are suspended".to_owned()));
    let gate = read(server, "/admin/gates/taxi/payment");
    let is_set = gate["settings"]["concurrency_max"] == 1;
    changes.extend(is_set.then(|| "the gate of payments is set".to_owned()));
    let order = curl("POST", &server.url("/taxi/orders"), ORDER).status;
    changes.extend((order != 201).then(|| format!("an order is answered {order}")));
    changes
}

/// Opens the page of the attacker and waits until it has tried all requests.
fn attacked(folder: &Path, arguments: &[&str], page: &str, told: &Receiver<String>) -> String {
    let browser = chromium::open(folder, arguments, page);
    let found = told.recv_timeout(HANG).expect("the page reports its results");
    drop(browser);
    println!("{found}");
    assert_eq!(found.lines().filter(|line| line.starts_with("json order:")).count(), 1, "{found}");
    found
}

fn loopback(last: u8, port: u16) -> SocketAddr {
    SocketAddr::from((Ipv4Addr::new(127, 0, 0, last), port))
}

#[test]
fn a_page_of_another_origin_changes_nothing_and_reads_nothing() {
    if !has("chromium") || !has("curl") {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let server = started(folder.path(), &["--allow-faults"]);
    let attacker = Attacker::at(loopback(1, 0));
    let page = format!("http://{}/attack", attacker.address());
    let told = attacker.serve(&server.url(""), server.address);
    let found = attacked(folder.path(), &[], &page, &told);
    assert_eq!(changes(&server), [""; 0]);
    assert!(!found.contains("Jung"), "{found}");
    assert!(server.terminate().success());
}

/// The attack itself works: with its origin configured, requests that need no body are accepted.
#[test]
fn a_page_of_a_configured_origin_can_send_requests_without_a_preflight() {
    if !has("chromium") || !has("curl") {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let attacker = Attacker::at(loopback(1, 0));
    let (config, origin) =
        (folder.path().join("madang.toml"), format!("http://{}", attacker.address()));
    fs::write(&config, format!("[http]\norigins = [\"{origin}\"]\n")).unwrap();
    let server = started(folder.path(), &["--config", config.to_str().unwrap()]);
    let told = attacker.serve(&server.url(""), server.address);
    attacked(folder.path(), &[], &format!("{origin}/attack"), &told);
    let expected =
        [r#"order 1 is "Cancelled""#, r#"order 2 is "Cancelled""#, "messages are suspended"];
    assert_eq!(changes(&server), expected);
    assert!(server.terminate().success());
}

/// The page comes from `evil.test`, whose name then resolves to madang. For the browser both are
/// one origin. The server of the attacker forwards the requests that madang would get by then.
#[test]
fn a_page_whose_name_resolves_to_the_server_changes_nothing_and_reads_nothing() {
    if !has("chromium") || !has("curl") {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let server = started(folder.path(), &["--allow-faults"]);
    let port = server.address.port();
    let attacker = Attacker::at(loopback(2, port));
    let told = attacker.serve("", server.address);
    let rules = "--host-resolver-rules=MAP evil.test 127.0.0.2";
    let page = format!("http://evil.test:{port}/attack");
    let found = attacked(folder.path(), &[rules], &page, &told);
    assert_eq!(changes(&server), [""; 0]);
    assert!(!found.contains("Jung") && found.contains("json order: basic 421"), "{found}");
    assert!(server.terminate().success());
}
