//! The records of a server are exported as lines of JSON, and imported as a new store.

use crate::{
    support::{
        client,
        process::{Server, assert_verified},
    },
    tools::{TRACE, done, names, order, refused, shown, stopped},
};
use serde_json::Value;
use std::{collections::BTreeMap, fs, path::Path};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_imported_store_has_the_records_of_the_exported_one() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name);
    let server = Server::start(&path("data"), None);
    for key in ["a", "b", "c"] {
        order(&client(), &server.url(""), key).await;
    }
    assert!(server.terminate().success());
    let (data, file, new) = (path("data"), path("events.jsonl"), path("new"));
    let said = done(&["export", shown(&file), "--data", shown(&data)]);
    let lines = lines(&file);
    assert!(said.contains(&format!("{} records", lines.len())), "{said}");
    assert!(refused(&["export", shown(&file), "--data", shown(&data)]).contains("exists"));

    done(&["import", shown(&file), "--data", shown(&new)]);
    assert_verified(&new);
    let again = path("again.jsonl");
    done(&["export", shown(&again), "--data", shown(&new)]);
    assert_eq!(fs::read_to_string(&again).unwrap(), fs::read_to_string(&file).unwrap());
    let restored = Server::start(&new, None);
    assert_eq!(names(&client(), &restored).await, ["a", "b", "c"]);
    order(&client(), &restored.url(""), "d").await;
    stopped(restored, &new);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn each_line_is_an_event_in_the_form_of_cloud_events() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name);
    let server = Server::start(&path("data"), None);
    order(&client(), &server.url(""), "Jung").await;
    let (data, file, url) = (path("data"), path("events.jsonl"), server.url(""));
    let export = ["export", shown(&file), "--data", shown(&data), "--url", &url];
    tokio::task::block_in_place(|| done(&export));
    let lines = lines(&file);
    for line in &lines {
        for required in ["specversion", "id", "source", "type"] {
            assert!(line[required].as_str().is_some_and(|text| !text.is_empty()), "{line}");
        }
        assert_eq!(line["specversion"], "1.0");
        let is_attribute = |name: &String| {
            let is_short = name.len() <= 20 && name.chars().all(|c| c.is_ascii_lowercase());
            is_short || name == "data_base64"
        };
        assert!(line.as_object().unwrap().keys().all(is_attribute), "{line}");
    }
    let first = lines.iter().find(|line| line["aggregate"] == "taxi/orders").expect("an order");
    assert_eq!(first["source"], "/taxi/orders/1");
    assert!(first["type"].as_str().unwrap().starts_with("taxi.orders."), "{first}");
    assert!(first["data"].to_string().contains("Jung"), "{first}");
    for line in lines.iter().filter(|line| line["correlation"] == "1") {
        let trace = line["traceparent"].as_str().expect("a trace");
        assert_eq!(trace[..36], TRACE[..36], "{line}");
    }
}

#[test]
fn a_line_that_is_no_record_is_refused_with_its_number() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name);
    let (file, new) = (path("events.jsonl"), path("new"));
    let line = |id: &str, version: u32, cause: &str| {
        format!(
            r#"{{"specversion":"1.0","id":"{id}","time":"2026-11-29T12:00:00Z","aggregate":"a/b","number":"1","aggregateversion":{version},"correlation":"1","record":"timer","cause":"{cause}"}}"#
        )
    };
    let token = madang::http::PositionToken(1).to_string();
    let good = line(&token, 1, "timer");
    for (wrong, reason) in [
        ("{}".to_owned(), "is no position"),
        ("x".to_owned(), "expected value"),
        (line(&token, 2, "timer"), "version 1 of a/b is missing"),
        (line(&token, 1, "whim"), "`cause` \"whim\" is not known"),
        (format!("{good}\n{good}"), "line 2: position 2 is missing"),
    ] {
        fs::write(&file, format!("{wrong}\n")).unwrap();
        let said = refused(&["import", shown(&file), "--data", shown(&new)]);
        assert!(said.contains(reason), "{said}");
        let serve = ["serve", "--data", shown(&new), "--listen", "127.0.0.1:0"];
        assert!(refused(&serve).contains("was interrupted"));
    }
    fs::write(&file, format!("{good}\n")).unwrap();
    done(&["import", shown(&file), "--data", shown(&new)]);
    assert!(refused(&["import", shown(&file), "--data", shown(&new)]).contains("is not empty"));
}

fn lines(file: &Path) -> Vec<Value> {
    let text = fs::read_to_string(file).unwrap();
    let lines: Vec<Value> = text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let ids: BTreeMap<&str, &Value> =
        lines.iter().map(|line| (line["id"].as_str().unwrap(), line)).collect();
    assert_eq!(ids.len(), lines.len(), "each record is there once");
    lines
}
