//! HTTP/2 has the same answers as HTTP/1.1, with and without TLS.

mod client;
mod hostile;
mod raw;

use crate::support::inside::Running;
use madang::config::Config;
use std::{fs, path::Path, process::Command};
use tokio::task::JoinSet;

const CERTIFICATES: &str = "tests/conventions/certificates";
const ORDER: &str = r#"{"orderType":"basic","name":"Jung","phone":"010"}"#;

/// A server with TLS.
fn secured(folder: &Path, change: impl FnOnce(&mut Config)) -> Running {
    for ending in ["key", "pem"] {
        let from = format!("{CERTIFICATES}/one.{ending}");
        fs::copy(from, folder.join(format!("server.{ending}"))).expect("a certificate");
    }
    let all = |config: &mut Config| {
        config.only = vec!["taxi".into()];
        config.tls.certificate = Some(folder.join("server.pem"));
        config.tls.key = Some(folder.join("server.key"));
        change(config);
    };
    Running::serve(&folder.join("data"), all, madang::shipped)
}

/// What curl prints about a request, and the body behind it.
fn curl(arguments: &[&str]) -> String {
    let mut command = Command::new("curl");
    command.args(["--silent", "--insecure", "--max-time", "30"]).args(arguments);
    let output = command.output().expect("curl is installed");
    assert!(output.status.success(), "{}: {output:?}", output.status);
    String::from_utf8(output.stdout).expect("text")
}

#[test]
fn curl_speaks_http_2_with_tls_and_without_and_http_1_as_well() {
    let folder = tempfile::tempdir().expect("a folder");
    let (running, plain) = (secured(folder.path(), |_| ()), Running::start(|_| ()));
    let (url, plain) =
        (format!("https://{}/taxi/orders", running.address), format!("http://{}/", plain.address));
    let version = ["--output", "/dev/null", "--write-out", "%{http_version} %{http_code}"];
    for (protocol, url, spoken) in [
        ("--http2", &url, "2 200"),
        ("--http1.1", &url, "1.1 200"),
        ("--http2-prior-knowledge", &plain, "2 200"),
        ("--http1.1", &plain, "1.1 200"),
    ] {
        let told = curl(&[&[protocol], &version[..], &[url]].concat());
        assert_eq!(told, spoken, "{protocol} {url}");
    }
    let content = ["--header", "content-type: application/json", "--data", ORDER];
    let ordered = curl(&[&["--http2"], &content[..], &[&url]].concat());
    assert!(ordered.contains(r#""id":"#), "{ordered}");
    // The answer arrives although the server does not want the body.
    let body = folder.path().join("large");
    fs::write(&body, "x".repeat(200_000)).expect("the folder");
    let body = format!("@{}", body.display());
    let content = ["--header", "content-type: application/json", "--data-binary", &body];
    let refused = curl(&[&["--http2"], &version[..], &content, &[&url]].concat());
    assert_eq!(refused, "2 413");
    let shown = curl(&["--http1.1", &format!("{url}/1")]);
    assert_eq!(curl(&["--http2", &format!("{url}/1")]), shown);
}

#[tokio::test]
async fn many_requests_of_one_connection_are_answered_at_once() {
    let folder = tempfile::tempdir().expect("a folder");
    let running = secured(folder.path(), |_| ());
    let client = client::secured(running.address, &folder.path().join("server.pem")).await;
    let mut sending = JoinSet::new();
    for key in 0..50 {
        let mut client = client.clone();
        sending.spawn(async move {
            let request = client.request("POST", "/taxi/orders");
            let request = request.header("content-type", "application/json");
            client.send(request.header("idempotency-key", format!("key-{key}")), ORDER).await
        });
    }
    let mut numbers = Vec::new();
    while let Some(answer) = sending.join_next().await {
        let answer = answer.expect("no panic");
        assert_eq!(answer.status, 201, "{answer:?}");
        numbers.push(answer.json()["id"].as_u64().expect("a number"));
    }
    numbers.sort_unstable();
    numbers.dedup();
    assert_eq!(numbers.len(), 50);
}

#[tokio::test]
async fn an_answer_has_the_headers_and_the_body_of_http_1() {
    let running = Running::start(|_| ());
    let mut client = client::plain(running.address).await;
    let http_1 = crate::support::client();
    for (method, path) in [
        ("GET", "/"),
        ("HEAD", "/"),
        ("GET", "/nowhere"),
        ("OPTIONS", "/taxi/orders"),
        ("DELETE", "/taxi/orders"),
        ("GET", "/taxi/orders?size=many"),
    ] {
        let request = client.request(method, path).header("accept-encoding", "identity");
        let own = client.send(request, "").await;
        let url = format!("http://{}{path}", running.address);
        let other = http_1.request(method.parse().expect("a method"), url).send().await;
        let other = other.expect("it answers");
        assert_eq!(own.status, other.status().as_u16(), "{method} {path}");
        let names = |headers: &http_1::HeaderMap| {
            let mut all: Vec<_> = headers.iter().filter(|(name, _)| *name != "date").collect();
            all.sort_by_key(|(name, _)| name.as_str().to_owned());
            format!("{all:?}")
        };
        assert!(own.headers.contains_key("date"));
        assert_eq!(names(&own.headers), names(other.headers()), "{method} {path}");
        assert_eq!(own.body, other.bytes().await.expect("a body"), "{method} {path}");
    }
}

#[tokio::test]
async fn the_authority_is_the_host_and_must_not_contradict_it() {
    let running = Running::start(|_| ());
    let mut client = client::plain(running.address).await;
    let foreign = || http_1::Request::builder().uri("http://elsewhere.example/");
    assert_eq!(client.send(foreign(), "").await.status, 421);
    let request = client.request("GET", "/").header("host", "localhost");
    assert_eq!(client.send(request, "").await.status, 400);
    let request = client.request("POST", "/taxi/orders").header("origin", "http://other.example");
    let request = request.header("content-type", "application/json");
    assert_eq!(client.send(request, ORDER).await.status, 403);
}

#[tokio::test]
async fn heads_and_bodies_have_the_bounds_of_http_1() {
    let running = Running::start(|config| config.http.body_timeout_ms = 300);
    let mut client = client::plain(running.address).await;
    let large = client.request("GET", "/").header("x-large", "x".repeat(40 << 10));
    assert_eq!(client.send(large, "").await.status, 431);
    let many = (0..100).fold(client.request("GET", "/"), |request, number| {
        request.header(format!("x-{number}"), "1")
    });
    let many = client.send(many, "").await;
    assert_eq!((many.status, &many.json()["type"]), (431, &"/problems/head-too-large".into()));
    let order = client.request("POST", "/taxi/orders").header("content-type", "application/json");
    assert_eq!(client.send(order, &"x".repeat(70 << 10)).await.status, 413);
    let order = client.request("POST", "/taxi/orders").header("content-type", "application/json");
    assert_eq!(client.without_end(order).await, 408);
    assert_eq!(client.get("/").await.status, 200, "the connection serves on");
}

#[tokio::test]
async fn a_stream_of_events_shows_an_order_and_ends_with_the_server() {
    let running = Running::start(|_| ());
    let mut client = client::plain(running.address).await;
    let feed = client.request("GET", "/events").header("accept", "text/event-stream");
    let mut feed = client.begin(feed, "").await.expect("it answers").into_body();
    let order = client.request("POST", "/taxi/orders").header("content-type", "application/json");
    assert_eq!(client.send(order, ORDER).await.status, 201);
    let mut text = String::new();
    while !text.contains("taxi.orders.") {
        let part = feed.data().await.expect("it goes on").expect("a part");
        text.push_str(std::str::from_utf8(&part).expect("text"));
    }
    let stopped = tokio::task::spawn_blocking(move || drop(running));
    while let Some(part) = feed.data().await {
        text.push_str(std::str::from_utf8(&part.expect("a part")).expect("text"));
    }
    assert!(text.ends_with("event: end\ndata: {\"reason\":\"the server stops\"}\n\n"), "{text}");
    stopped.await.expect("it stops");
    let request = client.request("GET", "/");
    assert!(client.begin(request, "").await.is_err(), "the connection is over");
}

#[tokio::test]
async fn without_the_setting_only_http_1_is_spoken() {
    let folder = tempfile::tempdir().expect("a folder");
    let running = secured(folder.path(), |config| config.http.http2 = false);
    let url = format!("https://{}/", running.address);
    let told = curl(&["--http2", "--output", "/dev/null", "--write-out", "%{http_version}", &url]);
    assert_eq!(told, "1.1");
}
