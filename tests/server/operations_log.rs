//! The operations log stays small when an event is repeated, and counts all repetitions.

use crate::support::{
    client,
    process::{Server, assert_verified},
};
use serde_json::Value;

const RESTARTS: u64 = 200;

#[tokio::test]
async fn two_hundred_restarts_leave_some_events_and_the_number_of_the_others() {
    let (data, client) = (tempfile::tempdir().unwrap(), client());
    let server = Server::start(data.path(), None);
    let restart = server.url("/admin/components/taxi/mypages/restart");
    for _ in 0..RESTARTS {
        assert!(client.post(&restart).send().await.unwrap().status().is_success());
    }
    assert!(server.terminate().success());

    let server = Server::start(data.path(), None);
    let page = client.get(server.url("/admin/log?size=200")).send().await.unwrap();
    let page: Value = page.json().await.unwrap();
    let notes = page["_embedded"]["log"].as_array().unwrap();
    let is_restart =
        |note: &&Value| note["what"] == "Restarted" && note["details"]["part"] == "taxi/mypages";
    let written = notes.iter().filter(is_restart).count() as u64;
    let is_summary =
        |note: &&Value| note["what"] == "Repeated" && note["details"]["subject"] == "taxi/mypages";
    let counted: u64 = notes
        .iter()
        .filter(is_summary)
        .map(|note| note["details"]["count"].as_u64().unwrap())
        .sum();
    // On a machine where this takes longer than a minute, another interval begins.
    assert!(written < RESTARTS / 2, "{written} events");
    assert_eq!(written + counted, RESTARTS, "every restart is counted: {page}");
    assert!(server.terminate().success());
    assert_verified(data.path());
}
