//! The history service in Python: `examples/history.py`.

use super::Desk;
use crate::support::inside::Running;
use reqwest::Method;
use serde_json::Value;
use std::{
    net::SocketAddr,
    path::Path,
    process::{Child, Command, Stdio},
};

fn start(address: SocketAddr, file: &Path, arguments: &[&str]) -> Child {
    let mut command = Command::new("python3");
    command.args(["examples/history.py", "--lease-ms", "1000", "--server"]);
    command.arg(format!("http://{address}")).arg("--file").arg(file).args(arguments);
    command.stdin(Stdio::null()).spawn().expect("python3 is installed")
}

/// The ids of the events in the file.
fn written(file: &Path) -> Vec<String> {
    let store = rusqlite::Connection::open(file).unwrap();
    let mut rows = store.prepare("SELECT id FROM events ORDER BY id").unwrap();
    let rows = rows.query_map([], |row| row.get(0)).unwrap();
    rows.collect::<Result<_, _>>().unwrap()
}

async fn lag(desk: &Desk) -> u64 {
    desk.get("/subscriptions/history").await["lag"]["events"].as_u64().unwrap()
}

#[tokio::test]
async fn two_services_write_each_event_once_although_one_is_killed_and_both_are_started_again() {
    let (app, folder) = (Running::start(|_| {}), tempfile::tempdir().unwrap());
    let (desk, file) = (Desk::at(app.address), folder.path().join("history.sqlite"));
    let order = async |names: &[&str]| {
        for name in names {
            desk.order(name).await;
        }
    };
    order(&["Kim", "Lee", "Park", "Choi", "Jung"]).await;
    let mut killed = start(app.address, &file, &["--batch", "1"]);
    let mut other = start(app.address, &file, &["--batch", "3"]);
    while desk.send(Method::GET, "/subscriptions/history", &Value::Null).await.0 != 200 {}
    let before = lag(&desk).await;
    while lag(&desk).await == before && before > 0 {}
    killed.kill().unwrap();
    order(&["Han", "Yoon"]).await;
    while lag(&desk).await > 0 {}
    // It is stopped, and started again after further events.
    assert!(Command::new("kill").arg(other.id().to_string()).status().unwrap().success());
    assert!(other.wait().unwrap().success(), "it stops by itself");
    killed.wait().unwrap();
    order(&["Shin"]).await;
    assert!(start(app.address, &file, &["--once"]).wait().unwrap().success());
    let page = desk.get("/events?size=1000").await;
    let events = page["events"].as_array().unwrap().iter();
    let mut events: Vec<_> = events.map(|it| it["id"].as_str().unwrap().to_owned()).collect();
    events.sort();
    assert_eq!(written(&file), events);
}
