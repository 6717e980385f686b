//! The start, the refusal to start and the stop of the real process.

use crate::support::process::{Server, assert_verified};
use reqwest::{Client, StatusCode};
use serde_json::{Value, json};
use std::{
    path::Path,
    process::{Command, Output},
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::{Duration, Instant},
};

const CLIENTS: usize = 16;

/// The error of `madang serve` when it does not start.
#[track_caller]
fn refusal(data: &Path, arguments: &[&str], variable: Option<(&str, &str)>) -> String {
    let mut command = Command::new(env!("CARGO_BIN_EXE_madang"));
    command.args(["serve", "--data"]).arg(data).args(arguments).envs(variable);
    let is_listening = |text: &str| text == "--listen" || text == "MADANG_LISTEN";
    if !arguments.iter().copied().chain(variable.map(|(name, _)| name)).any(is_listening) {
        command.args(["--listen", "127.0.0.1:0"]);
    }
    let Output { status, stdout, stderr } = command.output().unwrap();
    let said = String::from_utf8_lossy(&stderr).into_owned();
    assert!(!status.success(), "it served: {}\n{said}", String::from_utf8_lossy(&stdout));
    assert!(!said.contains("panicked"), "{said}");
    said
}

/// Places orders until the server is gone, and counts every answer.
async fn order_until_the_end(client: Client, url: String, answered: Arc<AtomicUsize>) {
    loop {
        let order = json!({"orderType": "basic", "name": "Jung"});
        // A stopping server refuses new connections and closes idle ones.
        let Ok(response) = client.post(&url).json(&order).send().await else { return };
        assert_eq!(response.status(), StatusCode::CREATED);
        let order: Value = response.json().await.expect("the whole answer");
        assert_eq!(order["status"], "Paid");
        answered.fetch_add(1, Ordering::SeqCst);
    }
}

#[tokio::test]
async fn a_server_that_stops_under_load_answers_all_accepted_requests() {
    let folder = tempfile::tempdir().unwrap();
    let server = Server::start(folder.path(), None);
    let answered = Arc::new(AtomicUsize::new(0));
    let clients: Vec<_> = (0..CLIENTS)
        .map(|_| {
            let url = server.url("/taxi/orders");
            tokio::spawn(order_until_the_end(crate::support::client(), url, Arc::clone(&answered)))
        })
        .collect();
    while answered.load(Ordering::SeqCst) < 10 * CLIENTS {
        tokio::task::yield_now().await;
    }
    let since = Instant::now();
    let status = tokio::task::spawn_blocking(move || server.terminate()).await.unwrap();
    let took = since.elapsed();
    assert!(status.success(), "{status}");
    assert!(took < Duration::from_secs(10), "stopped after {took:?}");
    for client in clients {
        client.await.unwrap();
    }
    assert_verified(folder.path());
    let server = Server::start(folder.path(), None);
    let page: Value = crate::support::client()
        .get(server.url("/taxi/orders?size=1"))
        .send()
        .await
        .unwrap()
        .json()
        .await
        .unwrap();
    let kept = page["page"]["totalElements"].as_u64().unwrap();
    let answered = answered.load(Ordering::SeqCst) as u64;
    // The last order of each client may be stored without an answer. No answered order is lost.
    assert!((answered..=answered + CLIENTS as u64).contains(&kept), "{kept} of {answered} orders");
    println!("stopped in {took:?} after {answered} orders");
}

#[test]
fn a_second_server_on_the_same_data_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let server = Server::start(folder.path(), None);
    let said = refusal(folder.path(), &[], None);
    assert!(said.contains("another process") || said.contains("in use"), "{said}");
    assert!(server.terminate().success());
}

#[test]
fn a_taken_address_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    let said = refusal(folder.path(), &["--listen", &address], None);
    assert!(said.contains(&address), "{said}");
}

#[test]
fn an_invalid_setting_is_named_with_its_key() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("madang.toml");
    for (text, named) in [
        ("[http]\npatience = 7", "patience"),
        ("colour = 1", "colour"),
        ("[journal]\ncache_bytes = -1", "journal.cache_bytes"),
        ("[taxi]\nfare_gold = 1", "fare_gold"),
        ("[taxi]\nfare_basic = \"cheap\"", "fare_basic"),
        ("[taxis]\nfare_basic = 1", "taxis"),
        ("[claims]\ncancel_within_ms = 3000", "claims.cancel_within_ms"),
        ("[http]\nwait_max_ms = 900\n[phone]\ncancel_within_ms = 900", "http.wait_max_ms = 900"),
        (
            "[journal]\nanswers_kept_s = 0",
            "journal.answers_kept_s: must be from 60 to 4294967295, not 0",
        ),
        ("[http]\nwait_max_ms = 60000", "http.wait_max_ms: must be from 1 to 30000, not 60000"),
        ("[actors]\nsnapshot_every_events = 0", "actors.snapshot_every_events: must be from 1"),
        ("[journal]\ncache_bytes = 1", "journal.cache_bytes: must be from 1048576"),
        (
            "[ports.\"taxi/payment\"]\ntimeout_ms = 0",
            "ports.taxi/payment.timeout_ms: must be from 1",
        ),
        (
            "[gates.\"taxi/payment\"]\nfailure_rate = 7",
            "failure_rate is above 0 and at most 1, not 7",
        ),
        ("[gates.\"taxi/payment\"]\nopen_ms = 0", "gates.\"taxi/payment\": open_ms must be from 1"),
        ("[ports.\"taxi/payments\"]\nretries = 1", "taxi/payments"),
        ("[ports.\"taxi/payment\"]\ntransport = \"pigeon\"", "transport"),
        ("[http", "madang.toml"),
    ] {
        std::fs::write(&file, text).unwrap();
        let said = refusal(folder.path(), &["--config", file.to_str().unwrap()], None);
        assert!(said.contains(named), "{text}: {said}");
    }
    for (name, value) in [
        ("MADANG_HTTP__WAIT_MAX", "7"),
        ("MADANG_HTTP__WAIT_MAX_MS", "soon"),
        ("MADANG_HTTP__WAIT_MAX_MS", "60000"),
        ("MADANG_COLOUR", "red"),
        ("MADANG_LISTEN", "nowhere"),
        ("MADANG_TAXI__FARE_BASIC", "cheap"),
    ] {
        let said = refusal(folder.path(), &[], Some((name, value)));
        let key = name.trim_start_matches("MADANG_TAXI__").to_lowercase();
        assert!(said.contains(name) || said.contains(&key), "{name}={value}: {said}");
    }
    assert!(refusal(folder.path(), &["--config", "nowhere.toml"], None).contains("nowhere.toml"));
    assert!(refusal(folder.path(), &["--business", "bakery"], None).contains("bakery"));
}

#[test]
fn an_address_that_other_machines_can_reach_is_refused_unless_it_is_allowed() {
    let folder = tempfile::tempdir().unwrap();
    let said = refusal(folder.path(), &["--listen", "0.0.0.0:0"], None);
    assert!(said.contains("--insecure"), "{said}");
}
