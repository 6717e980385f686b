//! Thousands of malformed requests over raw sockets: each is refused with a reason, and the server
//! keeps serving.

use crate::support::inside::Running;
use proptest::{prelude::*, test_runner::TestRunner};
use std::{
    io::{Read as _, Write as _},
    net::{Shutdown, SocketAddr, TcpStream},
    time::Duration,
};

const BAD_REQUESTS: u32 = 10_000;

/// Sends these bytes and reads to the end. Writing may fail when the server stops reading.
fn send(address: SocketAddr, bytes: &[u8]) -> String {
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
        "{method} {path} HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\
         content-type: application/json\r\ncontent-length: {}\r\n\r\n",
        body.len()
    )
    .into_bytes();
    bytes.extend_from_slice(body);
    bytes
}

fn status(answer: &str) -> u16 {
    answer.get(9..12).and_then(|status| status.parse().ok()).unwrap_or(0)
}

/// A request with one more header line.
fn request_with(header: &str, method: &str, path: &str, body: &[u8]) -> Vec<u8> {
    let whole = String::from_utf8_lossy(&request(method, path, body)).into_owned();
    whole.replacen("\r\n\r\n", &format!("\r\n{header}\r\n\r\n"), 1).into_bytes()
}

/// Values that no field accepts, as JSON.
fn bad_value() -> impl Strategy<Value = String> {
    prop_oneof![
        (i64::MIN..0).prop_map(|number| number.to_string()),
        (1_000_000_000_000_001_u64..).prop_map(|number| number.to_string()),
        "[1-9][0-9]{20,60}",
        "-?[0-9]{1,3}\\.[0-9]*[1-9]",
        "[1-9]e[1-9][0-9]{2,4}",
        "\"-?[a-z ]{0,9}[!-/][a-z]{0,9}\"".prop_map(|text| text.replace('\\', "/")),
        prop_oneof![Just("true"), Just("{}"), Just("[[]]"), Just("{\"a\":[1]}")]
            .prop_map(ToOwned::to_owned),
    ]
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
        text(r#"{"orderType":"basic","name":""}"#),
        text(r#"{"orderType":"basic","name":"a","name":"b"}"#),
        text(r#"{"orderType":null,"name":"Jung"}"#),
        text(r#"{"orderType":"basic","name":"\ud800"}"#),
        text(r"[1]"),
        text("nul"),
        text("\"\u{feff}\""),
        Just("[".repeat(5_000).into_bytes()),
        Just(format!(r#"{{"orderType":"basic","name":"{}"}}"#, "x".repeat(101)).into_bytes()),
        Just(b"{\"name\":\"\xff\xfe\"}".to_vec()),
    ]
}

fn bad_path() -> impl Strategy<Value = String> {
    const PATHS: &[&str] = &[
        "/taxi/../taxi/orders",
        "/taxi/%2e%2e/orders",
        "/taxi/orders/%2e%2e/taxis",
        "/taxi/orders/1%00",
        "/taxi/orders/1/../2",
        "/taxi/orders/0x1",
        "/taxi\\orders/7",
        "//taxi//orders",
        "/taxi/orders?size=-1",
        "/taxi/orders?page=99999999999999999999",
        "/taxi/orders?page=%ff",
        "/taxi/mypages?sort=;drop",
        "/taxi/mypages?name=a'--&id=x",
        "/taxi/mypages?at-least=-1",
        "/taxi/availability?itemPrice_from=cheap",
        "/admin/quarantine/../../etc/passwd",
        "/problems/..",
    ];
    prop_oneof![
        "/[a-z]{1,8}(/[a-z.]{1,8}){0,4}",
        "/taxi/orders/[0-9]{7,30}",
        "/taxi/orders/-[0-9]{1,5}",
        "/taxi/orders/7/[a-z]{9,12}",
        "/taxi/mypages/[0-9]{7,30}/x",
        "/taxi/(orders|mypages)/(%[0-9a-f]{2}){1,9}",
        proptest::sample::select(PATHS).prop_map(ToOwned::to_owned),
    ]
}

/// Bytes that are no valid head of a request.
fn bad_head() -> impl Strategy<Value = Vec<u8>> {
    let heads: &[&[u8]] = &[
        b"GET / HTTP/9.9\r\n\r\n",
        b"GET / HTTP/1.1\r\nno colon\r\n\r\n",
        b"GET  HTTP/1.1\r\n\r\n",
        b"GET /\xff\xfe HTTP/1.1\r\n\r\n",
        b"POST /taxi/orders HTTP/1.1\r\ncontent-length: -1\r\n\r\n",
        b"POST /taxi/orders HTTP/1.1\r\ncontent-length: 99999999999999999999\r\n\r\n",
        b"POST /taxi/orders HTTP/1.1\r\ncontent-length: 1\r\ncontent-length: 2\r\n\r\n{}",
        b"POST /taxi/orders HTTP/1.1\r\ntransfer-encoding: rot13\r\n\r\n{}",
        b"GET / HTTP/1.1\r\nx: a\0b\r\n\r\n",
    ];
    prop_oneof![
        proptest::collection::vec(any::<u8>(), 1..200).prop_map(|mut bytes| {
            bytes.insert(0, 0x16);
            bytes
        }),
        proptest::sample::select(heads).prop_map(<[u8]>::to_vec),
        (97_usize..300).prop_map(|count| {
            format!("GET / HTTP/1.1\r\n{}\r\n", "x: y\r\n".repeat(count)).into_bytes()
        }),
    ]
}

/// Headers that are parsed, with invalid values.
fn bad_header() -> impl Strategy<Value = String> {
    prop_oneof![
        "If-Match: [a-z0-9\\-]{1,20}",
        "Idempotency-Key: [a-z]{1,9} [a-z]{1,9}",
        "Idempotency-Key: k{256,400}",
        "X-Correlation-Id: [a-z]{1,9} [a-z]{1,9}",
        "Content-Type: (text/html|application/x-www-form-urlencoded|multipart/form-data)",
        "Origin: (null|http://[a-z]{1,9}\\.test|http://localhost:[0-9]{1,4})",
        "Sec-Fetch-Site: (cross-site|same-site|[a-z]{1,9})",
        "Host: [a-z]{1,9}\\.test",
        "Content-Encoding: (gzip|br|deflate|[a-z]{3,9})",
        "Expect: [a-z]{1,9}",
    ]
}

fn bad_request() -> impl Strategy<Value = Vec<u8>> {
    let spot = proptest::sample::select(
        &[
            (
                "POST",
                "/taxi/taxis",
                r#"{"taxiName":"a","companyName":"b","itemPrice":1,"stockCnt":"#,
            ),
            (
                "POST",
                "/taxi/taxis",
                r#"{"taxiName":"a","companyName":"b","stockCnt":1,"itemPrice":"#,
            ),
            ("PATCH", "/taxi/taxis/1", r#"{"stockCnt":"#),
            ("POST", "/taxi/taxis/1/restock", r#"{"stockCnt":"#),
            ("PUT", "/taxi/orders/1", r#"{"status":"#),
            ("POST", "/taxi/reservations", r#"{"status":"confirmed","orderId":"#),
            ("POST", "/taxi/reservations/1/confirm", r#"{"taxiId":"#),
            ("PATCH", "/taxi/reservations/1", r#"{"status":"#),
            ("POST", "/taxi/paymentHistories", r#"{"status":"valid","orderId":"#),
        ][..],
    );
    let order = br#"{"orderType":"basic","name":"Jung"}"#;
    prop_oneof![
        (spot, bad_value()).prop_map(|((method, path, beginning), value)| {
            request(method, path, format!("{beginning}{value}}}").as_bytes())
        }),
        bad_body().prop_map(|body| request("POST", "/taxi/orders", &body)),
        bad_path().prop_map(|path| request("GET", &path, b"")),
        "(DELETE|PUT|PURGE|TRACE)".prop_map(|method| request(&method, "/taxi/orders", b"")),
        bad_header().prop_map(|header| request_with(
            &header,
            "POST",
            "/taxi/orders/1/cancel",
            order
        )),
        bad_head(),
    ]
}

/// Expects a refusal with a reason, as a problem.
#[track_caller]
fn assert_refused(answer: &str, expected: std::ops::Range<u16>) {
    let start: String = answer.chars().take(600).collect();
    assert!(expected.contains(&status(answer)), "{start}");
    assert!(answer.contains("content-type: application/problem+json\r\n"), "{start}");
    assert!(answer.contains("\"detail\":\""), "{start}");
}

#[test]
fn ten_thousand_bad_requests_are_each_refused_with_a_reason() {
    let running = Running::start(|_| {});
    let taxi = br#"{"taxiName":"a","companyName":"b","stockCnt":1,"itemPrice":1}"#;
    assert_eq!(status(&send(running.address, &request("POST", "/taxi/taxis", taxi))), 201);
    let order = br#"{"orderType":"basic","name":"Jung"}"#;
    assert_eq!(status(&send(running.address, &request("POST", "/taxi/orders", order))), 201);
    let config = ProptestConfig {
        cases: BAD_REQUESTS,
        failure_persistence: None,
        ..ProptestConfig::default()
    };
    let seed = proptest::test_runner::TestRng::deterministic_rng(
        proptest::test_runner::RngAlgorithm::ChaCha,
    );
    let outcome = TestRunner::new_with_rng(config, seed).run(&bad_request(), |bytes| {
        let answer = send(running.address, &bytes);
        prop_assert!((400..500).contains(&status(&answer)), "{answer}");
        prop_assert!(answer.contains("\"detail\":\""), "{answer}");
        Ok(())
    });
    outcome.expect("every bad request is refused");
    assert_eq!(status(&send(running.address, &request("GET", "/", b""))), 200);
    let order = send(running.address, &request("GET", "/taxi/orders/1", b""));
    assert!(order.contains(r#""status":"Paid""#), "{order}");
}

#[test]
fn a_giant_body_and_a_giant_header_are_refused() {
    let running = Running::start(|_| {});
    let body = vec![b' '; 10 << 20];
    assert_refused(&send(running.address, &request("POST", "/taxi/orders", &body)), 413..414);
    let chunk = format!("{:x}\r\n{}\r\n", 1 << 20, " ".repeat(1 << 20));
    let head = "POST /taxi/orders HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\ntransfer-encoding: chunked\r\n\r\n";
    let chunked = format!("{head}{}0\r\n\r\n", chunk.repeat(10));
    assert_refused(&send(running.address, chunked.as_bytes()), 413..414);
    let header = format!("GET / HTTP/1.1\r\nhost: localhost\r\nx: {}\r\n\r\n", "x".repeat(1 << 20));
    assert_refused(&send(running.address, header.as_bytes()), 431..432);
    let path = format!("GET /{} HTTP/1.1\r\nhost: localhost\r\n\r\n", "x".repeat(1 << 20));
    assert_refused(&send(running.address, path.as_bytes()), 431..432);
    assert_eq!(status(&send(running.address, &request("GET", "/", b""))), 200);
}

#[test]
fn clients_that_never_finish_are_not_waited_for() {
    let running = Running::start(|config| {
        config.http.head_timeout_ms = 200;
        config.http.body_timeout_ms = 200;
    });
    for unfinished in [
        "",
        "GET / HT",
        "POST /taxi/orders HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\ncontent-length: 9\r\n\r\n{",
        "POST /taxi/orders HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\ntransfer-encoding: chunked\r\n\r\n1",
    ] {
        let mut stream = TcpStream::connect(running.address).expect("a connection");
        stream.set_read_timeout(Some(Duration::from_secs(10))).expect("a limit");
        stream.write_all(unfinished.as_bytes()).expect("the beginning");
        let mut answer = String::new();
        stream.read_to_string(&mut answer).expect("an answer, and the end of the connection");
        assert_refused(&answer, 408..409);
    }
}
