//! Bad requests, thousands of them, over raw sockets: each is refused with a sentence, and the
//! server goes on serving.

#[path = "common/mod.rs"]
mod common;

use common::Running;
use proptest::{prelude::*, test_runner::TestRunner};
use std::{
    io::{Read as _, Write as _},
    net::{Shutdown, SocketAddr, TcpStream},
    time::Duration,
};

const BAD_REQUESTS: u32 = 10_000;

/// Sends these bytes and reads to the end; writing may fail when the server has heard enough.
fn say(address: SocketAddr, bytes: &[u8]) -> String {
    let mut stream = TcpStream::connect(address).expect("a connection");
    let limit = Some(Duration::from_secs(10));
    stream.set_read_timeout(limit).expect("a limit");
    stream.set_write_timeout(limit).expect("a limit");
    let mut reader = stream.try_clone().expect("a second handle");
    let reading = std::thread::spawn(move || {
        let (mut heard, mut part) = (Vec::new(), [0; 4096]);
        while let Ok(read @ 1..) = reader.read(&mut part) {
            heard.extend_from_slice(&part[..read]);
        }
        String::from_utf8_lossy(&heard).into_owned()
    });
    if stream.write_all(bytes).is_ok() {
        let _ = stream.shutdown(Shutdown::Write);
    }
    reading.join().expect("the reader")
}

fn request(method: &str, path: &str, body: &[u8]) -> Vec<u8> {
    let mut bytes = format!(
        "{method} {path} HTTP/1.1\r\nhost: madang\r\nconnection: close\r\ncontent-length: {}\r\n\r\n",
        body.len()
    )
    .into_bytes();
    bytes.extend_from_slice(body);
    bytes
}

fn status(answer: &str) -> u16 {
    answer.get(9..12).and_then(|status| status.parse().ok()).unwrap_or(0)
}

fn bad_body() -> impl Strategy<Value = Vec<u8>> {
    let text = |text: &'static str| Just(text.as_bytes().to_vec());
    prop_oneof![
        proptest::collection::vec(any::<u8>(), 1..200).prop_map(|mut bytes| {
            bytes.insert(0, b'}');
            bytes
        }),
        any::<i64>().prop_map(|n| format!(r#"{{"orderType":{n},"nam":"x"}}"#).into_bytes()),
        "[a-z]{1,20}".prop_map(|key| format!(r#"{{"un{key}known":1}}"#).into_bytes()),
        text(r#"{"orderType":"basic","name":"Jung""#),
        text(r#"{"orderType":{"basic":1},"name":"Jung"}"#),
        text("[1]"),
        text("nul"),
        Just("[".repeat(5_000).into_bytes()),
        Just(b"{\"name\":\"\xff\xfe\"}".to_vec()),
    ]
}

fn bad_request() -> impl Strategy<Value = Vec<u8>> {
    let path = prop_oneof![
        "/[a-z]{1,8}(/[a-z.]{1,8}){0,4}",
        "/taxi/orders/[0-9]{7,30}",
        "/taxi/orders/-[0-9]{1,5}",
        "/taxi/orders/7/[a-z]{9,12}",
        "/taxi/mypages/[0-9]{7,30}/x",
        Just("/taxi/../taxi/orders".to_owned()),
        Just("/taxi/%2e%2e/orders".to_owned()),
        Just("//taxi//orders".to_owned()),
        Just("/taxi/orders?size=-1".to_owned()),
        Just("/taxi/orders?page=99999999999999999999".to_owned()),
        Just("/taxi/mypages?sort=;drop".to_owned()),
    ];
    prop_oneof![
        bad_body().prop_map(|body| request("POST", "/taxi/orders", &body)),
        path.prop_map(|path| request("GET", &path, b"")),
        "(DELETE|PUT|PURGE|TRACE)".prop_map(|method| request(&method, "/taxi/orders", b"")),
    ]
}

#[test]
fn ten_thousand_bad_requests_are_each_refused_with_a_sentence() {
    let running = Running::start(|_| {});
    let config = ProptestConfig {
        cases: BAD_REQUESTS,
        failure_persistence: None,
        ..ProptestConfig::default()
    };
    let seed = proptest::test_runner::TestRng::deterministic_rng(
        proptest::test_runner::RngAlgorithm::ChaCha,
    );
    let outcome = TestRunner::new_with_rng(config, seed).run(&bad_request(), |bytes| {
        let answer = say(running.address, &bytes);
        prop_assert!((400..500).contains(&status(&answer)), "{answer}");
        prop_assert!(answer.contains("\"detail\":\""), "{answer}");
        Ok(())
    });
    outcome.expect("every bad request is refused");
    assert_eq!(status(&say(running.address, &request("GET", "/", b""))), 200);
}

#[test]
fn a_giant_body_and_a_giant_header_are_refused() {
    let running = Running::start(|_| {});
    let body = vec![b' '; 10 << 20];
    let answer = say(running.address, &request("POST", "/taxi/orders", &body));
    assert!([413, 0].contains(&status(&answer)), "{answer}");
    let header = format!("GET / HTTP/1.1\r\nhost: m\r\nx: {}\r\n\r\n", "x".repeat(1 << 20));
    let answer = say(running.address, header.as_bytes());
    // The connection may be reset before the answer is read: the client is still writing.
    assert!([431, 0].contains(&status(&answer)), "{answer}");
    assert_eq!(status(&say(running.address, &request("GET", "/", b""))), 200);
}

#[test]
fn clients_that_never_finish_are_not_waited_for() {
    let running = Running::start(|config| {
        config.http.head_timeout_ms = 200;
        config.http.body_timeout_ms = 200;
    });
    for unfinished in
        ["GET / HT", "POST /taxi/orders HTTP/1.1\r\nhost: m\r\ncontent-length: 9\r\n\r\n{"]
    {
        let mut stream = TcpStream::connect(running.address).expect("a connection");
        stream.set_read_timeout(Some(Duration::from_secs(10))).expect("a limit");
        stream.write_all(unfinished.as_bytes()).expect("the beginning");
        let mut head = [0; 12];
        stream.read_exact(&mut head).expect("an answer");
        assert_eq!(&head[9..], b"408", "{unfinished}");
    }
}
