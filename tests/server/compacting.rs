//! `madang compact` writes the journal into new files; what they hold stays the same.

use crate::support::{
    client,
    process::{Server, assert_verified, binary},
};
use reqwest::Client;
use serde_json::json;
use std::{fs, path::Path, process::Command};

/// The result of `madang compact`: whether it succeeded, and all it printed.
fn compact(data: &Path) -> (bool, String) {
    let output = Command::new(binary()).args(["compact", "--data"]).arg(data).output().unwrap();
    let printed = [output.stdout, output.stderr].concat();
    (output.status.success(), String::from_utf8_lossy(&printed).into_owned())
}

/// Orders a taxi under a key. Returns the answer: the status and the body.
async fn order(client: &Client, server: &Server, key: &str) -> (u16, String) {
    let order = json!({"orderType": "basic", "name": "Jung"});
    let request = client.post(server.url("/taxi/orders")).header("Idempotency-Key", key);
    let answer = request.json(&order).send().await.unwrap();
    (answer.status().as_u16(), answer.text().await.unwrap())
}

async fn get(client: &Client, server: &Server, path: &str) -> String {
    client.get(server.url(path)).send().await.unwrap().text().await.unwrap()
}

#[tokio::test]
async fn a_compacted_journal_has_the_same_orders_and_answers() {
    let (data, client) = (tempfile::tempdir().unwrap(), client());
    let server = Server::start(data.path(), None);
    let taxi = json!({"taxiName": "sonata", "companyName": "tmap", "stockCnt": 9, "itemPrice": 1});
    let registered = client.post(server.url("/taxi/taxis")).json(&taxi).send().await.unwrap();
    assert_eq!(registered.status(), 201);
    for nth in 0..40 {
        assert_eq!(order(&client, &server, &format!("k{nth}")).await.0, 201);
    }
    let first = order(&client, &server, "k0").await;
    let shown = get(&client, &server, "/taxi/orders/7").await;
    let history = get(&client, &server, "/taxi/conversations/7").await;
    assert!(server.terminate().success());
    // An earlier run was interrupted and has left its files.
    let left = data.path().join("journal.compacting");
    fs::create_dir(&left).unwrap();
    fs::write(left.join("db"), "not whole").unwrap();

    let (is_done, said) = compact(data.path());
    assert!(is_done && said.contains("the journal has"), "{said}");
    assert!(!left.exists());
    assert_verified(data.path());
    let server = Server::start(data.path(), None);
    assert_eq!(order(&client, &server, "k0").await, first, "the answer of the key");
    assert_eq!(get(&client, &server, "/taxi/orders/7").await, shown);
    assert_eq!(get(&client, &server, "/taxi/conversations/7").await, history);
    assert_eq!(order(&client, &server, "new").await.0, 201);

    let (is_done, said) = compact(data.path());
    assert!(!is_done && said.contains("a server has it open; stop the server first"), "{said}");
    assert!(server.terminate().success());
    assert_verified(data.path());
}

#[test]
fn a_folder_without_a_journal_is_not_compacted() {
    let data = tempfile::tempdir().unwrap();
    let (is_done, said) = compact(data.path());
    assert!(!is_done && said.contains("there is no journal here"), "{said}");
    assert!(fs::read_dir(data.path()).unwrap().next().is_none(), "nothing is created");
}
