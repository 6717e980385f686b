//! HTTP rules that this server once ignored: each case over a raw socket, with its answer.

use crate::support::inside::Running;
use std::{
    io::{Read as _, Write as _},
    net::{SocketAddr, TcpStream},
    time::Duration,
};

/// It only ends a test that fails.
const HANG: Duration = Duration::from_secs(10);

const ORDER: &str = r#"{"orderType":"basic","name":"Jung"}"#;

/// Sends these bytes and reads until the server closes the connection.
fn send(address: SocketAddr, bytes: &[u8]) -> String {
    let mut stream = TcpStream::connect(address).expect("a connection");
    stream.set_read_timeout(Some(HANG)).expect("a limit");
    stream.write_all(bytes).expect("the bytes are sent");
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).expect("an answer, and the end of the connection");
    String::from_utf8_lossy(&answer).into_owned()
}

/// A request with these header lines, and a JSON body if there is one.
fn request(line: &str, headers: &str, body: &str) -> Vec<u8> {
    let about_body = match body.len() {
        0 => String::new(),
        length => format!("content-type: application/json\r\ncontent-length: {length}\r\n"),
    };
    let head = format!("{line} HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n");
    format!("{head}{headers}{about_body}\r\n{body}").into_bytes()
}

fn status(answer: &str) -> u16 {
    answer.get(9..12).and_then(|status| status.parse().ok()).unwrap_or(0)
}

/// Expects a problem of this status and name, with a message that names no source code.
#[track_caller]
fn assert_problem(answer: &str, expected: u16, name: &str) {
    assert_eq!(status(answer), expected, "{answer}");
    assert!(answer.contains(&format!("\"type\":\"/problems/{name}\"")), "{answer}");
    let detail = answer.split("\"detail\":\"").nth(1).expect("a sentence");
    for word in ["struct", "enum", "u32", "u64", "i64", "variant", "sequence", "Body", "::"] {
        assert!(!detail.contains(word), "{word}: {answer}");
    }
}

#[test]
fn a_header_that_requests_an_unsupported_feature_is_refused() {
    let running = Running::start(|_| {});
    for (header, expected, name) in [
        ("content-encoding: gzip", 415, "content-encoding"),
        ("content-encoding: identity, zstd", 415, "content-encoding"),
        ("expect: 200-ok", 417, "expectation"),
        ("upgrade: websocket\r\nconnection: upgrade", 400, "bad-request"),
        ("idempotency-key: a\r\nidempotency-key: a", 400, "bad-request"),
        ("idempotency-key: ", 400, "bad-request"),
        ("idempotency-key: schl\u{fc}ssel", 400, "bad-request"),
        ("x-correlation-id: a\r\nx-correlation-id: a", 400, "bad-request"),
        ("origin: null", 403, "foreign-origin"),
        ("origin: http://localhost:1\r\norigin: http://localhost", 400, "bad-request"),
        ("sec-fetch-site: cross-site", 403, "foreign-origin"),
    ] {
        let headers = format!("{header}\r\n");
        let answer = send(running.address, &request("POST /taxi/orders", &headers, ORDER));
        assert_problem(&answer, expected, name);
    }
    let long = format!("idempotency-key: {}\r\n", "k".repeat(256));
    let answer = send(running.address, &request("POST /taxi/orders", &long, ORDER));
    assert_problem(&answer, 400, "bad-request");
    let orders = send(running.address, &request("GET /taxi/orders", "", ""));
    assert!(orders.contains("\"totalElements\":0"), "{orders}");
}

#[test]
fn a_header_without_a_meaning_here_is_ignored() {
    let running = Running::start(|_| {});
    for header in [
        "content-encoding: identity",
        "origin: http://localhost",
        "sec-fetch-site: same-origin",
        "range: bytes=0-0",
        "idempotency-key: 7f3",
    ] {
        let headers = format!("{header}\r\n");
        let answer = send(running.address, &request("POST /taxi/orders", &headers, ORDER));
        assert_eq!(status(&answer), 201, "{header}: {answer}");
    }
    let continued = request("POST /taxi/orders", "expect: 100-continue\r\n", ORDER);
    let answer = send(running.address, &continued);
    let rest = answer.strip_prefix("HTTP/1.1 100 Continue\r\n\r\n").expect("an interim answer");
    assert_eq!(status(rest), 201, "{rest}");
    let answer = send(running.address, &request("GET /taxi/orders", "range: bytes=0-0\r\n", ""));
    assert_eq!(status(&answer), 200, "{answer}");
}

#[test]
fn an_upgrade_request_is_answered_in_http_1_1_without_an_upgrade() {
    let running = Running::start(|_| {});
    let upgrade = "GET /taxi/orders HTTP/1.1\r\nhost: localhost\r\n\
                   connection: upgrade, http2-settings\r\nupgrade: h2c\r\nhttp2-settings: x\r\n\r\n";
    let answer = send(running.address, upgrade.as_bytes()).to_lowercase();
    assert_eq!(status(&answer), 200, "{answer}");
    assert!(answer.contains("connection: close\r\n") && !answer.contains("upgrade"), "{answer}");
}

#[test]
fn only_a_strong_entity_tag_of_the_present_version_matches() {
    let running = Running::start(|_| {});
    let order = send(running.address, &request("POST /taxi/orders", "", ORDER));
    let etag = order.split("etag: ").nth(1).expect("a version").split("\r\n").next().unwrap();
    let cancel = |tags: &str| {
        let header = format!("if-match: {tags}\r\n");
        send(running.address, &request("POST /taxi/orders/1/cancel", &header, ""))
    };
    for tags in [format!("W/{etag}"), "\"999\"".into(), "\"x\"".into(), "W/\"1\", \"x\"".into()] {
        assert_problem(&cancel(&tags), 412, "version-differs");
    }
    for tags in ["1", "\"1\", \"2\"", "w/\"1\"", ""] {
        assert_problem(&cancel(tags), 400, "bad-request");
    }
    let answer = cancel(&format!("W/\"1\", \"x\", {etag}"));
    assert_eq!(status(&answer), 200, "{answer}");
    assert_eq!(status(&cancel("*")), 200);
}

#[test]
fn a_body_is_one_object_of_json_and_a_refusal_names_no_types() {
    let running = Running::start(|_| {});
    let nested = format!(r#"{{"name":{}1{}}}"#, "[".repeat(200), "]".repeat(200));
    for (body, expected, name) in [
        (r#"["basic","Jung"]"#, 422, "malformed"),
        ("[]", 422, "malformed"),
        ("7", 422, "malformed"),
        ("\"basic\"", 422, "malformed"),
        ("null", 422, "malformed"),
        (r#"{"orderType":["basic"],"name":"Jung"}"#, 422, "malformed"),
        (r#"{"orderType":"basic","name":{}}"#, 422, "malformed"),
        (r#"{"orderType":"basic","name":"a","name":"b"}"#, 422, "malformed"),
        (r#"{"orderType":"basic","name":"a","name":"b","_links":{}}"#, 422, "malformed"),
        (r#"{"orderType":"basic","phone":1e400}"#, 400, "syntax"),
        (r#"{"orderType":"basic","phone":NaN}"#, 400, "syntax"),
        ("\u{feff}{}", 400, "syntax"),
        ("{}{}", 400, "syntax"),
        ("{'name':1}", 400, "syntax"),
        ("{\"name\":1,}", 400, "syntax"),
        (&nested, 400, "syntax"),
    ] {
        let answer = send(running.address, &request("POST /taxi/orders", "", body));
        assert_problem(&answer, expected, name);
    }
    let typed = |media_type: &str| {
        let head = format!("content-type: {media_type}\r\ncontent-length: {}\r\n", ORDER.len());
        let bytes = request("POST /taxi/orders", &head, "");
        send(running.address, &[bytes.as_slice(), ORDER.as_bytes()].concat())
    };
    for media_type in ["text/plain", "application/json; charset=utf-16", "text/plain, a/b+json"] {
        assert_problem(&typed(media_type), 415, "media-type");
    }
    assert_eq!(status(&typed("application/json; charset=UTF-8")), 201);
}

#[test]
fn a_refusal_points_to_the_field_that_is_wrong() {
    let running = Running::start(|_| {});
    assert_eq!(status(&send(running.address, &request("POST /taxi/orders", "", ORDER))), 201);
    for (line, body, pointer) in [
        ("POST /taxi/orders", r#"{"orderType":"gold"}"#, "#/orderType"),
        ("POST /taxi/orders", r#"{"orderType":"basic","phone":{}}"#, "#/phone"),
        ("PATCH /taxi/orders/1", r#"{"status":"eaten"}"#, "#/status"),
        ("PATCH /taxi/reservations/1", r#"{"status":"eaten"}"#, "#/status"),
    ] {
        let answer = send(running.address, &request(line, "", body));
        assert_problem(&answer, 422, "malformed");
        assert!(answer.contains(&format!(r#""pointer":"{pointer}""#)), "{answer}");
    }
}

#[test]
fn an_ambiguous_request_is_refused() {
    let running = Running::start(|_| {});
    let head = "POST /taxi/orders HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n";
    for headers in [
        "content-length: 2\r\ncontent-length: 2\r\n\r\n{}",
        "content-length: +2\r\n\r\n{}",
        "content-length: 2\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n",
        "transfer-encoding: chunked\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n",
        "transfer-encoding: gzip, chunked\r\n\r\n0\r\n\r\n",
        "host: localhost\r\ncontent-length: 0\r\n\r\n",
    ] {
        assert_problem(
            &send(running.address, format!("{head}{headers}").as_bytes()),
            400,
            "bad-request",
        );
    }
    // The unexpected body is not parsed as the next request.
    for method in ["GET", "DELETE"] {
        let first = format!(
            "{method} /taxi/orders HTTP/1.1\r\nhost: localhost\r\ncontent-length: 36\r\n\r\n\
             POST /taxi/orders/1/x HTTP/1.1\r\nx: \r\n"
        );
        let second = "GET /nowhere HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n";
        let answers = send(running.address, format!("{first}{second}").as_bytes());
        assert!(answers.matches("HTTP/1.1 ").count() <= 2, "{answers}");
        assert!(!answers.contains("/taxi/orders/1/x"), "{answers}");
    }
}

#[test]
fn a_request_for_another_host_is_misdirected_whatever_its_form() {
    let running = Running::start(|config| config.http.hosts = vec!["madang".into()]);
    let get = |target: &str, host: &str| {
        let text = format!("GET {target} HTTP/1.1\r\n{host}connection: close\r\n\r\n");
        send(running.address, text.as_bytes())
    };
    for (target, host, expected, name) in [
        ("/", "host: evil.test\r\n", 421, "misdirected"),
        ("/", "host: madang.evil.test\r\n", 421, "misdirected"),
        ("http://evil.test/", "host: localhost\r\n", 421, "misdirected"),
        ("http://localhost/", "host: evil.test\r\n", 421, "misdirected"),
        ("/", "host: localhost@evil.test\r\n", 400, "bad-request"),
        ("/", "host: localhost\r\nhost: localhost\r\n", 400, "bad-request"),
        ("/", "", 400, "bad-request"),
    ] {
        assert_problem(&get(target, host), expected, name);
    }
    let evil = get("/", "host: evil.test\r\n");
    assert!(evil.contains("evil.test") && evil.contains("http.hosts"), "{evil}");
    for (target, host) in [
        ("/", "host: MADANG.:9\r\n"),
        ("/", "host: [::1]:8080\r\n"),
        ("http://localhost:8080/", "host: localhost:8080\r\n"),
    ] {
        assert_eq!(status(&get(target, host)), 200, "{target} {host}");
    }
    let old = send(running.address, b"GET / HTTP/1.0\r\n\r\n");
    assert_eq!(status(&old), 200, "{old}");
}

#[test]
fn unsupported_methods_are_refused_and_no_page_is_given_permission() {
    let running = Running::start(|_| {});
    for line in ["TRACE /taxi/orders", "DELETE /taxi/orders/1", "PROPFIND /"] {
        assert_problem(&send(running.address, &request(line, "", "")), 405, "method-not-allowed");
    }
    let connect = send(running.address, &request("CONNECT evil.test:80", "", ""));
    assert_problem(&connect, 421, "misdirected");
    let preflight = "origin: http://evil.test\r\naccess-control-request-method: PUT\r\n\
                     access-control-request-headers: content-type\r\n";
    let answer = send(running.address, &request("OPTIONS /taxi/orders/1", preflight, ""));
    assert_eq!(status(&answer), 204, "{answer}");
    assert!(!answer.to_lowercase().contains("access-control"), "{answer}");
}
