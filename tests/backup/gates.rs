//! What operators persist for gates is in records: a restored and an imported store has it.

use crate::{
    support::{client, process::Server},
    tools::{back_up_files, done, restore, shown, stopped},
};
use serde_json::{Value, json};

const ORDERS: &str = "/admin/gates/taxi%2Forders";

async fn persisted(server: &Server) -> Value {
    let answer = client().get(server.url(ORDERS)).send().await.unwrap();
    answer.json::<Value>().await.unwrap()["persisted"].clone()
}

#[tokio::test]
async fn a_restored_and_an_imported_store_has_what_was_persisted_for_gates() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name);
    let (data, backup, file) = (path("data"), path("backup"), path("events.jsonl"));
    let server = Server::start(&data, None);
    let set = client().put(server.url(&format!("{ORDERS}?persist=true")));
    let set = set.json(&json!({ "concurrency_max": 60 })).send().await.unwrap();
    assert_eq!(set.status(), 200);
    let expected = persisted(&server).await;
    assert_eq!(expected["settings"], json!({ "concurrency_max": 60 }));
    stopped(server, &data);
    back_up_files(&data, &backup);
    restore(&backup, &path("restored"));
    done(&["export", shown(&file), "--data", shown(&data)]);
    done(&["import", shown(&file), "--data", shown(&path("imported"))]);
    for name in ["restored", "imported"] {
        let server = Server::start(&path(name), None);
        assert_eq!(persisted(&server).await, expected, "{name}");
        stopped(server, &path(name));
    }
}
