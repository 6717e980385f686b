//! Bad input at the paths of subscriptions: never a failure of the server, and never a panic.

use super::Desk;
use crate::support::{dice::Dice, inside::Running};
use reqwest::{Method, header::CONTENT_TYPE};
use serde_json::{Value, json};

const BODIES: usize = 4_000;

const WORDS: &[&str] = &[
    "filter",
    "start",
    "url",
    "secret",
    "attemptsMax",
    "business",
    "aggregate",
    "number",
    "type",
    "correlation",
    "batch",
    "leaseMs",
    "waitMs",
    "consumer",
    "lease",
    "events",
    "delayMs",
    "reason",
    "all",
    "now",
    "beginning",
    "0p06f",
    "0pffffffffffffffffff",
    "taxi",
    "orders",
    "Called",
    "http://127.0.0.1:9/",
    "http://[::1",
    "whsec_AAAA",
    "0123456789abcdef",
    "\u{202e}\0",
    "ä",
];

/// A value that is often close to a valid one.
fn value(dice: &mut Dice, depth: u64) -> Value {
    let word = |dice: &mut Dice| WORDS[usize::try_from(dice.roll(WORDS.len() as u64)).unwrap()];
    match dice.roll(if depth > 3 { 7 } else { 9 }) {
        0 => Value::Null,
        1 => json!(dice.roll(2) == 0),
        2 => json!(dice.roll(2_000)),
        3 => json!([0, -1, i64::MIN, i64::MAX][usize::try_from(dice.roll(4)).unwrap()]),
        4 => json!([1.8e19, 0.5, 1e300][usize::try_from(dice.roll(3)).unwrap()]),
        5 => json!(word(dice)),
        6 => json!(word(dice).repeat(usize::try_from(dice.roll(300)).unwrap())),
        7 => (0..dice.roll(5)).map(|_| value(dice, depth + 1)).collect(),
        _ => object(dice, depth + 1),
    }
}

fn object(dice: &mut Dice, depth: u64) -> Value {
    let mut fields = serde_json::Map::new();
    for _ in 0..dice.roll(6) {
        let name = WORDS[usize::try_from(dice.roll(19)).unwrap()];
        let mut value = value(dice, depth);
        // A wait would only take time.
        if name == "waitMs" && value.as_u64().is_some() {
            value = json!(0);
        }
        fields.insert(name.to_owned(), value);
    }
    Value::Object(fields)
}

#[tokio::test]
async fn generated_bodies_are_refused_with_a_sentence() {
    let app = Running::start(|_| {});
    let desk = Desk::at(app.address);
    desk.order("Kim").await;
    desk.subscribe().await;
    let mut dice = Dice(0x5eed);
    let paths = [
        (Method::PUT, "/subscriptions/b"),
        (Method::PUT, "/subscriptions/%2e%2e"),
        (Method::POST, "/subscriptions/a/claim"),
        (Method::POST, "/subscriptions/a/ack"),
        (Method::POST, "/subscriptions/a/release"),
        (Method::POST, "/subscriptions/a/park"),
        (Method::POST, "/subscriptions/a/parked/replay"),
        (Method::POST, "/subscriptions/a/parked/drop"),
        (Method::POST, "/events/subscriptions/%ff/claim"),
    ];
    let (mut accepted, mut refused) = (0, 0);
    for nth in 0..BODIES {
        let (method, path) = &paths[nth % paths.len()];
        let mut body = match dice.roll(8) {
            0 => value(&mut dice, 0).to_string(),
            _ => object(&mut dice, 0).to_string(),
        };
        if dice.roll(10) == 0 {
            let cut = usize::try_from(dice.roll(body.len() as u64 + 1)).unwrap();
            let cut = (0..=cut).rev().find(|at| body.is_char_boundary(*at)).unwrap();
            body.truncate(cut);
        }
        let request = desk.client.request(method.clone(), format!("http://{}{path}", app.address));
        let request = request.header(CONTENT_TYPE, "application/json").body(body.clone());
        let answer = request.send().await.expect("it answers");
        let status = answer.status();
        assert!(status.as_u16() < 500, "{method} {path} {body}: {status}");
        if status.is_success() {
            accepted += 1;
        } else {
            let problem: Value = answer.json().await.expect("a problem");
            assert!(!problem["detail"].as_str().unwrap().is_empty(), "{body}: {problem}");
            refused += 1;
        }
    }
    assert!(accepted > 50 && refused > 2_000, "{accepted} accepted, {refused} refused");
    for path in
        ["/subscriptions/a/parked?after=1", "/subscriptions/a/parked?size=0", "/subscriptions/a/x"]
    {
        assert!(desk.send(Method::GET, path, &Value::Null).await.0.is_client_error(), "{path}");
    }
    desk.order("Lee").await;
}

#[tokio::test]
async fn there_are_at_most_a_hundred_subscriptions() {
    let app = Running::start(|_| {});
    let desk = Desk::at(app.address);
    for nth in 0..100 {
        assert_eq!(desk.put(&format!("/subscriptions/s{nth}"), json!({})).await.0, 201);
    }
    let (status, problem) = desk.put("/subscriptions/more", json!({})).await;
    assert_eq!(status, 409);
    assert!(problem["detail"].as_str().unwrap().contains("100 subscriptions"), "{problem}");
    assert_eq!(desk.send(Method::DELETE, "/subscriptions/s7", &Value::Null).await.0, 204);
    assert_eq!(desk.put("/subscriptions/more", json!({})).await.0, 201);
}
