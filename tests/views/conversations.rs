//! The whole conversation of a number, with all its participants.

use super::Reader;
use madang::http::PositionToken;
use reqwest::Method;
use serde_json::{Value, json};
use std::time::{Duration, Instant};

/// A conversation ends within milliseconds. The rest is for a busy machine.
const IS_OVER_WITHIN: Duration = Duration::from_secs(30);

async fn register_taxi(reader: &Reader, stock: u32) {
    let taxi =
        json!({"taxiName": "sonata", "companyName": "tmap", "stockCnt": stock, "itemPrice": 4900});
    assert_eq!(reader.post("/taxi/taxis", taxi).await.status, 201);
}

async fn confirm(reader: &Reader, reservation: u64, body: Value) -> u16 {
    let path = format!("/taxi/reservations/{reservation}");
    let request = reader.request(Method::PATCH, &path).json(&body);
    let mut answered = super::Answered::of(request.try_clone().expect("a body")).await;
    let begin = Instant::now();
    // The saga creates the reservation shortly after the order.
    while answered.status == 404 && begin.elapsed() < IS_OVER_WITHIN {
        answered = super::Answered::of(request.try_clone().expect("a body")).await;
    }
    answered.status.as_u16()
}

/// Polls until all expected records exist.
async fn told(reader: &Reader, number: u64, is_over: impl Fn(&[Value]) -> bool) -> Vec<Value> {
    let begin = Instant::now();
    loop {
        let answered = reader.get(&format!("/taxi/conversations/{number}")).await;
        assert_eq!(answered.status, 200, "{}", answered.text);
        if is_over(answered.rows("records")) {
            return answered.rows("records").to_vec();
        }
        assert!(begin.elapsed() < IS_OVER_WITHIN, "it is never over: {}", answered.text);
    }
}

fn is(record: &Value, resource: &str, number: u64, name: &str) -> bool {
    record["who"]["resource"] == resource
        && record["who"]["number"] == number
        && record["what"]["name"] == name
}

fn has(records: &[Value], resource: &str, number: u64, name: &str) -> bool {
    records.iter().any(|record| is(record, resource, number, name))
}

fn messages(records: &[Value]) -> usize {
    records.iter().filter(|record| record["who"]["resource"] == "notices").count()
}

/// Whether everything of the ride below has happened. The order is undone after the rest is.
fn is_over(records: &[Value]) -> bool {
    has(records, "orders", 3, "Undone") && messages(records) == 5
}

/// Runs a ride: taxi 1 is out of stock, taxi 2 is assigned to order 3 and released.
async fn a_ride_with_everything_in_it(reader: &Reader) {
    register_taxi(reader, 0).await;
    register_taxi(reader, 5).await;
    for name in ["Kim", "Lee", "Jung"] {
        reader.call(name).await;
    }
    assert_eq!(confirm(reader, 3, json!({"status": "confirmed", "taxiId": 1})).await, 409);
    assert_eq!(confirm(reader, 3, json!({"status": "confirmed", "taxiId": 2})).await, 200);
    // A cancellation that comes before the order is confirmed would save a message.
    told(reader, 3, |records| has(records, "orders", 3, "Confirmed")).await;
    assert_eq!(reader.post("/taxi/orders/3/cancel", json!({})).await.status, 200);
}

#[tokio::test]
async fn all_participants_of_a_conversation_are_listed_in_order() {
    let reader = Reader::start();
    a_ride_with_everything_in_it(&reader).await;
    let records = told(&reader, 3, is_over).await;
    let token = |value: &Value| value.as_str()?.parse::<PositionToken>().ok();
    let positions: Vec<_> =
        records.iter().filter_map(|record| token(&record["position"])).collect();
    assert!(positions.len() == records.len() && positions.is_sorted_by(|one, next| one < next));
    for (resource, number, name) in [
        ("orders", 3, "Called"),
        ("payments", 3, "Requested"),
        ("reservations", 3, "Accepted"),
        ("taxis", 2, "Assigned"),
        ("taxis", 2, "Released"),
        ("orders", 3, "Undone"),
    ] {
        let is_payment = resource == "payments" && has(&records, "paymentHistories", number, name);
        assert!(is_payment || has(&records, resource, number, name), "{resource} {name}");
    }
    let refused = records.iter().find(|record| record["what"]["kind"] == "refused");
    let refused = refused.expect("taxi 1 refused");
    assert!(
        is(refused, "taxis", 1, "Assign") && refused["what"]["reason"].is_string(),
        "{refused}"
    );
    assert_eq!(refused["issuer"], json!({"role": "saga", "name": "ride"}));
    assert!(records.iter().any(|record| record["issuer"]["name"] == "sms"));
    let called = &records[0];
    assert_eq!(called["issuer"]["role"], "client");
    assert_eq!(called["what"]["details"]["customer"]["name"], "Jung");
    // Every cause is in the conversation itself.
    for record in &records {
        if let Some(cause) = token(&record["cause"]["reactionTo"]) {
            assert!(positions.contains(&cause), "{record}");
        }
    }
    // Taxis have numbers of their own. So the conversation has no record of another ride or of a
    // registration.
    assert!(!records.iter().any(|record| record["what"]["name"] == "Registered"));
    let other = told(&reader, 2, |records| messages(records) == 2).await;
    assert!(!other.iter().any(|record| record["who"]["resource"] == "taxis"), "{other:?}");
}

#[tokio::test]
async fn a_conversation_shows_what_it_waits_for() {
    let reader = Reader::start();
    reader.call("Jung").await;
    let records = told(&reader, 1, |records| messages(records) == 2).await;
    assert!(has(&records, "reservations", 1, "Accepted"));
    let answered = reader.get("/taxi/conversations/1").await;
    let expected = json!({"kind": "person", "name": "dispatcher"});
    let waiting = answered.body["waiting"].as_array().expect("a list");
    let ride = waiting.iter().find(|saga| saga["saga"] == "taxi/ride").expect("the ride");
    assert_eq!(ride["waitsFor"], expected);
    let text = reader.get_as("/taxi/conversations/1", "text/plain").await;
    assert_eq!(text.header("content-type"), "text/plain; charset=utf-8");
    let lines: Vec<&str> = text.text.lines().collect();
    assert!(lines[0].starts_with("taxi, conversation 1: "), "{}", text.text);
    assert!(text.text.contains("client ──▶ orders 1"), "{}", text.text);
    assert!(text.text.contains("taxi/ride waits for a person: dispatcher"), "{}", text.text);
    assert_eq!(reader.get("/taxi/conversations/1?as=text").await.text, text.text);
}

#[tokio::test]
async fn an_old_conversation_is_shown_the_same_after_a_restart() {
    let data = tempfile::tempdir().expect("a folder");
    let reader = Reader::start_in(data.path());
    a_ride_with_everything_in_it(&reader).await;
    let before = told(&reader, 3, is_over).await;
    for _ in 0..50 {
        reader.call("Kim").await;
    }
    drop(reader);
    let reader = Reader::start_in(data.path());
    assert_eq!(told(&reader, 3, is_over).await, before);
    drop(reader);
    // The result is the same without the index.
    std::fs::remove_file(data.path().join("views").join("conversations.sqlite")).expect("is there");
    let reader = Reader::start_in(data.path());
    assert_eq!(told(&reader, 3, is_over).await, before);
}

#[tokio::test]
async fn a_conversation_is_read_page_by_page() {
    let reader = Reader::start();
    a_ride_with_everything_in_it(&reader).await;
    let all = told(&reader, 3, is_over).await;
    let mut paged = Vec::new();
    let mut next = Some("/taxi/conversations/3?size=5".to_owned());
    while let Some(path) = next {
        let page = reader.get(&path).await;
        assert_eq!(page.body["page"]["totalElements"], all.len());
        paged.extend(page.rows("records").to_vec());
        next = page.body["_links"]["next"]["href"].as_str().map(str::to_owned);
    }
    assert_eq!(paged, all);
}

#[tokio::test]
async fn an_unknown_conversation_is_not_found() {
    let reader = Reader::start();
    register_taxi(&reader, 1).await;
    for number in [0, 1, 7, u64::MAX] {
        let answered = reader.get(&format!("/taxi/conversations/{number}")).await;
        assert_eq!(answered.status, 404, "{}", answered.text);
    }
    assert_eq!(reader.get("/taxi/conversations").await.status, 404);
    assert_eq!(reader.get("/taxi/conversations/one").await.status, 404);
    assert_eq!(reader.post("/taxi/conversations/1", json!({})).await.status, 405);
    for query in ["as=xml", "sort=id", "colour=red", "size=0"] {
        let answered = reader.get(&format!("/taxi/conversations/1?{query}")).await;
        assert_eq!(answered.status, 400, "{query}");
    }
}

#[tokio::test]
async fn a_conversation_contains_no_control_characters() {
    let reader = Reader::start();
    reader.call("\u{1b}[2J\u{9b}31m\u{202e}\nJung").await;
    let text = reader.get("/taxi/conversations/1?as=text").await.text;
    assert!(!text.chars().any(|c| (c.is_control() && c != '\n') || c == '\u{202e}'), "{text:?}");
    assert!(text.contains("Jung"));
}
