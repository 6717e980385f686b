//! The commands as an operator runs them, and clients that order meanwhile.

use crate::support::{
    client,
    process::{Server, assert_verified, binary},
};
use madang::http::PositionToken;
use reqwest::Client;
use serde_json::{Value, json};
use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
    process::{Command, Output},
    sync::Arc,
};
use tokio::{sync::watch, task::JoinHandle};

/// The trace of each order.
pub const TRACE: &str = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";

/// Runs the binary, and returns its output.
pub fn madang(arguments: &[&str]) -> Output {
    let mut command = Command::new(binary());
    command.args(arguments).env("RUST_LOG", "warn").output().expect("the binary runs")
}

/// Runs the binary, which must succeed; returns what it printed.
#[track_caller]
pub fn done(arguments: &[&str]) -> String {
    let output = madang(arguments);
    let (out, log) = (text(&output.stdout), text(&output.stderr));
    assert!(output.status.success(), "{arguments:?}: {}\n{out}\n{log}", output.status);
    out
}

/// Runs the binary, which must fail; returns what it printed.
#[track_caller]
pub fn refused(arguments: &[&str]) -> String {
    let output = madang(arguments);
    let said = text(&output.stdout) + &text(&output.stderr);
    assert_eq!(output.status.code(), Some(1), "{arguments:?}: {said}");
    said
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

/// A path as an argument.
pub fn shown(path: &Path) -> &str {
    path.to_str().expect("a path of ASCII letters")
}

/// Stops a server, whose data must then be sound.
#[track_caller]
pub fn stopped(server: Server, data: &Path) {
    assert!(server.terminate().success());
    assert_verified(data);
}

/// Backs up the server with this data folder, with the keys of persons beside the backup.
#[track_caller]
pub fn back_up(server: &Server, data: &Path, to: &Path) -> u64 {
    let url = server.url("");
    let said = done(&[
        "backup",
        shown(to),
        "--keys",
        shown(&keys_beside(to)),
        "--data",
        shown(data),
        "--url",
        &url,
    ]);
    position_in(&said)
}

/// Backs up the data of a stopped server in the same way; returns what the command printed.
#[track_caller]
pub fn back_up_files(data: &Path, to: &Path) -> String {
    done(&["backup", shown(to), "--keys", shown(&keys_beside(to)), "--data", shown(data)])
}

/// Where the keys of persons are that belong to a backup.
pub fn keys_beside(backup: &Path) -> PathBuf {
    backup.with_extension("keys")
}

/// Restores a backup with the keys beside it; returns what the command printed.
#[track_caller]
pub fn restore(backup: &Path, data: &Path) -> String {
    let keys = keys_beside(backup);
    done(&["restore", shown(backup), "--keys", shown(&keys), "--data", shown(data)])
}

/// The position in a line that the binary printed.
#[track_caller]
pub fn position_in(said: &str) -> u64 {
    let (_, rest) = said.split_once("position ").expect("a position");
    let digits: String = rest.chars().take_while(char::is_ascii_digit).collect();
    digits.parse().expect("a position")
}

/// The answer to an order: its body and its position.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Placed {
    pub position: u64,
    pub body: Vec<u8>,
}

/// Places an order under a key, in a trace.
pub async fn order(client: &Client, server: &str, key: &str) -> Placed {
    let body = json!({ "orderType": "basic", "name": key });
    let request = client.post(format!("{server}/taxi/orders")).header("Idempotency-Key", key);
    let request = request.header("traceparent", TRACE);
    let answer = request.json(&body).send().await.expect("an answer");
    assert!(answer.status().is_success(), "{key}: {}", answer.status());
    let position = answer.headers()["x-madang-position"].to_str().expect("text").parse();
    let PositionToken(position) = position.expect("a position");
    Placed { position, body: answer.bytes().await.expect("a body").to_vec() }
}

/// The names in all orders, by number.
pub async fn names(client: &Client, server: &Server) -> Vec<String> {
    let mut names = Vec::new();
    for page in 0.. {
        let url = server.url(&format!("/taxi/orders?size=200&page={page}"));
        let answer = client.get(url).send().await.expect("an answer");
        let answer: Value = answer.json().await.expect("json");
        let orders = answer["_embedded"]["orders"].as_array().cloned().unwrap_or_default();
        if orders.is_empty() {
            break;
        }
        names.extend(orders.iter().map(|it| it["name"].as_str().expect("a name").to_owned()));
    }
    names
}

/// Clients that place orders until they are stopped.
pub struct Orders {
    clients: Vec<JoinHandle<BTreeMap<String, Placed>>>,
    stop: watch::Sender<bool>,
    placed: watch::Receiver<usize>,
}

impl Orders {
    pub fn begin(server: &Server, clients: usize) -> Self {
        let (stop, stopped) = watch::channel(false);
        let (count, placed) = watch::channel(0);
        let count = Arc::new(count);
        let run = |nth: usize| {
            let (url, stopped, count) = (server.url(""), stopped.clone(), Arc::clone(&count));
            tokio::spawn(async move {
                let (client, mut answers) = (client(), BTreeMap::new());
                for number in 1.. {
                    if *stopped.borrow() {
                        break;
                    }
                    let key = format!("{nth}-{number}");
                    let placed = order(&client, &url, &key).await;
                    answers.insert(key, placed);
                    count.send_modify(|count| *count += 1);
                }
                answers
            })
        };
        Self { clients: (0..clients).map(run).collect(), stop, placed }
    }

    /// Waits until so many further orders are placed.
    pub async fn further(&mut self, orders: usize) {
        let until = *self.placed.borrow() + orders;
        let reached = self.placed.wait_for(|placed| *placed >= until).await;
        assert!(reached.is_ok(), "the clients run");
    }

    /// Stops the clients; returns their answers by key.
    pub async fn end(self) -> BTreeMap<String, Placed> {
        self.stop.send_replace(true);
        let mut answers = BTreeMap::new();
        for client in self.clients {
            answers.extend(client.await.expect("no client fails"));
        }
        answers
    }
}
