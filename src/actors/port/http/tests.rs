//! Tests of the HTTP transport against a service that sends prepared answers.

use super::*;
use crate::{
    actors::settings::{HeaderSetting, TransportKind},
    domain::kernel::RetryPolicy,
};
use serde_json::json;
use std::net::SocketAddr;
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpListener,
};

const SECRET: &str = "s3cret-token";

fn http(address: SocketAddr) -> Http {
    let bearer = HeaderSetting::Plain(SECRET.to_owned());
    let mut settings = PortSettings {
        transport: TransportKind::Http,
        url: Some(format!("http://{address}/charges?of=taxi")),
        ..PortSettings::default()
    };
    settings.headers = settings.headers.with("X-Key", bearer);
    Http::new("taxi/payment", None, &settings).expect("usable settings")
}

fn charge() -> PortRequest {
    PortRequest {
        operation: "charge",
        key: "charge-7".into(),
        undoes: None,
        body: json!({ "amount": 3_800 }),
        retry_policy: RetryPolicy::UntilDeadline,
    }
}

/// What a call leads to when the service sends these bytes, and the request that it received.
async fn asked(answer: String) -> (Result<PortReply, String>, String) {
    let listener = TcpListener::bind(("127.0.0.1", 0)).await.expect("a free port");
    let http = http(listener.local_addr().expect("an address"));
    let serving = async {
        let (mut stream, _) = listener.accept().await.expect("a connection");
        let mut request = Vec::new();
        while !request.ends_with(b"{\"amount\":3800}") {
            assert!(stream.read_buf(&mut request).await.expect("a request") > 0);
        }
        // The client closes the connection in the middle of an answer that is too long.
        let _ = stream.write_all(answer.as_bytes()).await;
        String::from_utf8(request).expect("text")
    };
    let (call, trace) = (charge(), TraceContext { trace_id: 0xab, span_id: 0xcd, flags: 1 });
    tokio::join!(http.ask(&call, Some(&trace)), serving)
}

fn answer(status: &str, body: &str) -> String {
    let length = body.len();
    format!("HTTP/1.1 {status}\r\nContent-Length: {length}\r\nConnection: close\r\n\r\n{body}")
}

async fn asked_with(status: &str, body: &str) -> Result<PortReply, String> {
    asked(answer(status, body)).await.0
}

#[tokio::test]
async fn a_request_has_the_key_the_trace_the_configured_headers_and_a_json_body() {
    let (_, request) = asked(answer("200 OK", "")).await;
    let (head, body) = request.split_once("\r\n\r\n").unwrap();
    assert_eq!(body, "{\"amount\":3800}");
    let version = env!("CARGO_PKG_VERSION");
    for line in [
        "POST /charges?of=taxi HTTP/1.1",
        "idempotency-key: charge-7",
        "content-type: application/json",
        "x-key: s3cret-token",
        "traceparent: 00-000000000000000000000000000000ab-00000000000000cd-01",
        &format!("user-agent: madang/{version}"),
    ] {
        assert!(head.lines().any(|other| other == line), "{line}: {head}");
    }
}

#[tokio::test]
async fn every_2xx_is_done_and_its_json_body_is_kept() {
    let paid = json!({ "transactionId": "t-1" });
    for status in ["200 OK", "201 Created", "202 Accepted"] {
        let reply = asked_with(status, &paid.to_string()).await;
        assert_eq!(reply, Ok(PortReply::Approved(paid.clone())));
    }
    for (status, body) in [("204 No Content", ""), ("200 OK", "paid"), ("200 OK", "{\"a\":")] {
        assert_eq!(asked_with(status, body).await, Ok(PortReply::Approved(Value::Null)));
    }
}

#[tokio::test]
async fn of_an_answer_that_is_too_long_only_the_status_counts() {
    let long = json!({ "transactionId": "t-1", "receipt": "x".repeat(70_000) }).to_string();
    assert_eq!(asked_with("200 OK", &long).await, Ok(PortReply::Approved(Value::Null)));
    let declined = asked_with("402 Payment Required", &long).await;
    assert_eq!(declined, Ok(PortReply::Declined(DECLINED.to_owned())));
}

#[tokio::test]
async fn an_approval_that_breaks_off_is_no_answer_so_the_call_is_repeated_under_its_key() {
    let broken = "HTTP/1.1 200 OK\r\nContent-Length: 99\r\nConnection: close\r\n\r\n{\"trans";
    let reply = asked(broken.to_owned()).await.0;
    assert!(reply.is_err(), "{reply:?}");
}

#[tokio::test]
async fn only_402_409_and_422_decline() {
    for status in ["402 Payment Required", "409 Conflict", "422 Unprocessable Entity"] {
        let reply = asked_with(status, "{\"reason\":\"not enough money\"}").await;
        assert_eq!(reply, Ok(PortReply::Declined("not enough money".to_owned())));
    }
    let statuses = [
        "301 Moved Permanently",
        "302 Found",
        "307 Temporary Redirect",
        "400 Bad Request",
        "401 Unauthorized",
        "403 Forbidden",
        "404 Not Found",
        "405 Method Not Allowed",
        "408 Request Timeout",
        "410 Gone",
        "413 Content Too Large",
        "415 Unsupported Media Type",
        "425 Too Early",
        "429 Too Many Requests",
        "500 Internal Server Error",
        "503 Service Unavailable",
    ];
    for status in statuses {
        let reason = asked_with(status, "{\"reason\":\"not enough money\"}").await.unwrap_err();
        assert!(reason.starts_with(&format!("answered {}", &status[..3])), "{reason}");
    }
}

#[tokio::test]
async fn a_redirect_is_not_followed_because_a_get_elsewhere_is_not_a_charge() {
    let elsewhere = TcpListener::bind(("127.0.0.1", 0)).await.expect("a free port");
    let address = elsewhere.local_addr().expect("an address");
    let location = format!("HTTP/1.1 302 Found\r\nLocation: http://{address}/\r\n");
    let moved = format!("{location}Content-Length: 0\r\nConnection: close\r\n\r\n");
    tokio::select! {
        _ = elsewhere.accept() => panic!("the redirect was followed"),
        (reply, _) = asked(moved) => assert!(reply.is_err(), "{reply:?}"),
    }
}

#[tokio::test]
async fn a_reason_is_short_and_on_one_line_without_addresses_and_secrets() {
    let declined =
        async |body: Value| match asked_with("402 Payment Required", &body.to_string()).await {
            Ok(PortReply::Declined(reason)) => reason,
            other => panic!("{other:?}"),
        };
    assert_eq!(declined(json!({ "detail": "limit\nreached" })).await, "limit reached");
    assert_eq!(declined(json!({ "message": "x".repeat(500) })).await, "x".repeat(200));
    assert_eq!(declined(json!({ "reason": "not for s3cret-token" })).await, "not for ***");
    for unusable in [
        json!({ "reason": "see http://10.0.0.3/logs" }),
        json!({ "error": "ORA-00001 in CHARGES" }),
        json!({ "detail": [{ "loc": ["body"] }] }),
        json!("no"),
    ] {
        assert_eq!(declined(unusable).await, DECLINED);
    }
}

#[tokio::test]
async fn the_details_of_a_failure_show_no_secret_and_no_address() {
    let refused = asked_with("401 Unauthorized", "the key s3cret-token is unknown").await;
    assert_eq!(refused, Err("answered 401 Unauthorized: the key *** is unknown".to_owned()));
    let listener = TcpListener::bind(("127.0.0.1", 0)).await.expect("a free port");
    let address = listener.local_addr().expect("an address");
    drop(listener);
    let reason = http(address).ask(&charge(), None).await.unwrap_err();
    assert!(!reason.contains("of=taxi") && reason.contains("refused"), "{reason}");
}

#[test]
fn an_unreadable_secret_is_named_with_its_setting() {
    let settings = json!({
        "transport": "http",
        "url": "http://127.0.0.1/",
        "headers": { "X-Key": { "env": "MADANG_NO_SUCH_VARIABLE" } },
    });
    let settings: PortSettings = serde_json::from_value(settings).unwrap();
    let reason = Http::new("taxi/payment", None, &settings).err().unwrap();
    assert_eq!(reason, "headers.X-Key: the variable MADANG_NO_SUCH_VARIABLE is not set");
}
