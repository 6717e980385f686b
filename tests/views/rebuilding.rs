//! Views that are rebuilt at the start: they equal a replay, also after kills and under load.

use super::support::{
    self,
    process::{Server, assert_verified},
    story,
};
use madang::http::PositionToken;
use reqwest::{Client, Response, StatusCode};
use rusqlite::Connection;
use serde_json::{Value, json};
use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
    thread,
    time::{Duration, Instant},
};
use tokio::task::JoinSet;

/// Longer than any step of a test; it only ends a test that fails.
const HANG: Duration = Duration::from_secs(120);

/// Concurrent clients.
const CLIENTS: usize = 32;

fn views(data: &Path) -> PathBuf {
    data.join("views")
}

async fn order(client: &Client, orders: String, name: &str) -> Response {
    let order = json!({ "orderType": "basic", "name": name, "phone": "010" });
    let posted = client.post(orders).json(&order).timeout(HANG).send().await;
    let response = posted.expect("an answer");
    assert_eq!(response.status(), StatusCode::CREATED);
    response
}

/// Places this many orders for each of the concurrent clients.
async fn order_many(server: &Server, of_each: usize) {
    let mut clients = JoinSet::new();
    for _ in 0..CLIENTS {
        let orders = server.url("/taxi/orders");
        clients.spawn(async move {
            let client = support::client();
            for _ in 0..of_each {
                order(&client, orders.clone(), "Jung").await;
            }
        });
    }
    clients.join_all().await;
}

async fn read(client: &Client, server: &Server, path: &str) -> (StatusCode, Value) {
    let response = client.get(server.url(path)).timeout(HANG).send().await.expect("an answer");
    (response.status(), response.json().await.expect("json"))
}

/// Returns the position of an answer.
fn position_of(response: &Response) -> PositionToken {
    let position = response.headers()["x-madang-position"].to_str().expect("a text");
    position.parse().expect("a position")
}

/// Waits until no view is being rebuilt.
async fn rebuilt(client: &Client, server: &Server) {
    let begun = Instant::now();
    loop {
        let (_, health) = read(client, server, "/actuator/health").await;
        let parts = health["components"].as_object().expect("components");
        if !parts.values().any(|part| part["details"]["rebuildPercent"].is_string()) {
            return;
        }
        assert!(begun.elapsed() < HANG, "it is never over: {health}");
    }
}

/// The files of all views.
fn files_in(views: &Path) -> impl Iterator<Item = PathBuf> {
    let files = fs::read_dir(views).expect("a folder").map(|entry| entry.expect("a file").path());
    files.filter(|path| path.extension().is_some_and(|ending| ending == "sqlite"))
}

/// The statements that made the tables and indexes of each view.
fn schemas(views: &Path) -> BTreeMap<PathBuf, Vec<String>> {
    let schema = |path: PathBuf| {
        let file = Connection::open(&path).expect("opens");
        let all = "SELECT sql FROM sqlite_master ORDER BY sql";
        let mut all = file.prepare(all).expect("is a query");
        let all = all.query_map([], |row| row.get(0)).expect("is a query");
        (path, all.collect::<Result<_, _>>().expect("texts"))
    };
    files_in(views).map(schema).collect()
}

fn wait_until(is_so: impl Fn() -> bool) {
    let begun = Instant::now();
    while !is_so() {
        assert!(begun.elapsed() < HANG, "it never is");
        thread::yield_now();
    }
}

#[tokio::test]
async fn rebuilt_views_equal_a_replay_and_have_the_schema_of_views_that_grew() {
    let data = tempfile::tempdir().expect("a folder");
    let (client, views) = (support::client(), views(data.path()));
    let server = Server::start(data.path(), None);
    thread::scope(|scope| {
        for business in ["taxi", "phone", "rental", "claims", "education", "insurance"] {
            let address = server.address;
            scope.spawn(move || story::tell(&format!("examples/{business}.sh"), address));
        }
    });
    order_many(&server, 10).await;
    assert!(server.terminate().success());
    let grown = schemas(&views);
    assert!(grown.len() > 10 && grown.values().all(|statements| statements.len() > 3));
    fs::remove_dir_all(&views).expect("is there");

    let server = Server::start(data.path(), None);
    rebuilt(&client, &server).await;
    let (_, page) = read(&client, &server, "/taxi/mypages?size=1").await;
    assert!(page["page"]["totalElements"].as_u64() >= Some(320), "{page}");
    assert!(server.terminate().success());
    assert_eq!(schemas(&views), grown);
    assert_verified(data.path());
}

#[tokio::test]
async fn a_rebuild_that_is_killed_begins_anew_and_shows_no_half_of_the_journal() {
    let data = tempfile::tempdir().expect("a folder");
    let (client, views) = (support::client(), views(data.path()));
    let server = Server::start(data.path(), None);
    order_many(&server, 40).await;
    assert!(server.terminate().success());
    fs::remove_dir_all(&views).expect("is there");

    let place = views.join("taxi.mypages.sqlite");
    let building = views.join("taxi.mypages.sqlite.building");
    // The first kill is at the begin of the rebuild, the second after rows are written.
    for bytes in [1, 100_000] {
        let server = Server::launch(data.path(), None);
        let is_long = || fs::metadata(&building).is_ok_and(|file| file.len() >= bytes);
        wait_until(|| is_long() || place.exists());
        server.kill();
        assert_verified(data.path());
    }
    let server = Server::start(data.path(), None);
    rebuilt(&client, &server).await;
    let (_, page) = read(&client, &server, "/taxi/mypages?size=1").await;
    assert_eq!(page["page"]["totalElements"], 40 * CLIENTS, "{page}");
    assert!(server.terminate().success());
    assert!(place.exists() && !building.exists());
    assert_verified(data.path());
}

#[tokio::test]
async fn commands_are_accepted_during_a_rebuild_and_their_rows_are_read_after_it() {
    let data = tempfile::tempdir().expect("a folder");
    let client = support::client();
    let server = Server::start(data.path(), None);
    order_many(&server, 40).await;
    assert!(server.terminate().success());
    fs::remove_dir_all(views(data.path())).expect("is there");

    let server = Server::start(data.path(), None);
    for nth in 1..=100 {
        let response = order(&client, server.url("/taxi/orders"), "Kim").await;
        let at = position_of(&response);
        let path = format!("/taxi/mypages/{}?at-least={at}", 40 * CLIENTS + nth);
        let (mut status, mut row) = read(&client, &server, &path).await;
        while status == StatusCode::SERVICE_UNAVAILABLE {
            assert!(row["detail"].is_string(), "{row}");
            (status, row) = read(&client, &server, &path).await;
        }
        assert_eq!((status, &row["name"]), (StatusCode::OK, &json!("Kim")), "{row}");
    }
    let (_, page) = read(&client, &server, "/taxi/mypages?size=1").await;
    assert_eq!(page["page"]["totalElements"], 40 * CLIENTS + 100, "{page}");
    assert!(server.terminate().success());
    assert_verified(data.path());
}

#[tokio::test]
async fn after_a_stop_no_view_has_to_read_what_was_answered() {
    let data = tempfile::tempdir().expect("a folder");
    let client = support::client();
    let server = Server::start(data.path(), None);
    order_many(&server, 1).await;
    let last = position_of(&order(&client, server.url("/taxi/orders"), "Kim").await);
    assert!(server.terminate().success());
    let mut seen = 0;
    // Also the files of views of businesses without any record.
    for path in files_in(&views(data.path())) {
        let file = Connection::open(&path).expect("opens");
        let position = file.query_row("SELECT cursor FROM meta", [], |row| row.get::<_, i64>(0));
        let position = PositionToken(position.expect("a position").cast_unsigned());
        assert!(position >= last, "{} is at {position}, not at {last}", path.display());
        seen += 1;
    }
    assert!(seen > 10);
}
