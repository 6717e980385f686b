//! What operators persist for a gate: it survives a stop and a kill, precedes the file of settings,
//! and names the operator.

use crate::support::{
    client,
    process::{Server, assert_verified},
    token::{SECRET, token},
};
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};
use std::{fs, path::Path};

const ORDERS: &str = "/admin/gates/taxi%2Forders";

async fn sent(server: &Server, method: Method, path: &str, body: &Value) -> (StatusCode, Value) {
    let operator = token("ops", &["admin".to_owned()]);
    let request = client().request(method, server.url(path)).bearer_auth(operator);
    let answer = request.json(body).send().await.unwrap();
    (answer.status(), answer.json().await.unwrap_or_default())
}

async fn gate(server: &Server) -> Value {
    sent(server, Method::GET, ORDERS, &Value::Null).await.1
}

async fn persist(server: &Server, changes: &Value) {
    let path = format!("{ORDERS}?persist=true");
    let (status, gate) = sent(server, Method::PUT, &path, changes).await;
    assert_eq!(status, StatusCode::OK, "{gate}");
}

/// Writes a file of settings with tokens and this section of the gate.
fn settings(folder: &Path, section: &str) -> std::path::PathBuf {
    let (secret, file) = (folder.join("secret"), folder.join("madang.toml"));
    fs::write(&secret, SECRET).unwrap();
    let text = format!(
        "[identity]\nsecret_file = {:?}\n[gates.\"taxi/orders\"]\n{section}\n",
        secret.to_str().unwrap()
    );
    fs::write(&file, text).unwrap();
    file
}

#[tokio::test]
async fn what_is_persisted_survives_a_stop_and_a_kill_and_names_the_operator() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    let file = settings(folder.path(), "concurrency_max = 50\nopen_ms = 7");
    let server = Server::start(&data, Some(&file));
    persist(&server, &json!({ "concurrency_max": 60 })).await;
    sent(&server, Method::PUT, ORDERS, &json!({ "permit_ms": 9 })).await;
    server.kill();
    settings(folder.path(), "concurrency_max = 51\nopen_ms = 8");
    let server = Server::start(&data, Some(&file));
    let found = gate(&server).await;
    let in_force = ["concurrency_max", "open_ms", "permit_ms"].map(|key| &found["settings"][key]);
    assert_eq!(in_force, [&json!(60), &json!(8), &json!(60_000)], "{found}");
    let persisted = &found["persisted"];
    assert_eq!(persisted["settings"], json!({ "concurrency_max": 60 }));
    assert_eq!((&persisted["by"], &persisted["problem"]), (&json!("ops"), &Value::Null));
    assert!(server.terminate().success());
    assert_verified(&data);
    let server = Server::start(&data, Some(&file));
    assert_eq!(gate(&server).await["persisted"], *persisted);
    let (status, _) = sent(&server, Method::DELETE, ORDERS, &Value::Null).await;
    assert_eq!(status, StatusCode::NO_CONTENT);
    assert_eq!(gate(&server).await["settings"]["concurrency_max"], 51);
    server.kill();
    let server = Server::start(&data, Some(&file));
    let found = gate(&server).await;
    assert_eq!(found["settings"]["concurrency_max"], 51);
    assert_eq!(found["persisted"], Value::Null);
    server.kill();
    assert_verified(&data);
}

#[tokio::test]
async fn persisted_settings_that_do_not_fit_the_file_are_left_out_and_say_why() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    let file = settings(folder.path(), "concurrency_max = 50");
    let server = Server::start(&data, Some(&file));
    persist(&server, &json!({ "concurrency_min": 20 })).await;
    assert!(server.terminate().success());
    settings(folder.path(), "concurrency_max = 10");
    let server = Server::start(&data, Some(&file));
    let found = gate(&server).await;
    assert_eq!(found["settings"]["concurrency_max"], 10);
    let problem = found["persisted"]["problem"].as_str().unwrap_or_default();
    assert!(problem.starts_with("concurrency_min is at most concurrency_max"), "{found}");
}
