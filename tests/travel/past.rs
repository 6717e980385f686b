//! Representations as they were: `?at=` a version or an instant.

use super::taxi::Taxi;
use madang::domain::kernel::Timestamp;
use serde_json::{Value, json};

fn time(record: &Value) -> Timestamp {
    let at = record["at"].as_str().expect("a time");
    Timestamp::from_rfc3339(at).expect("a time")
}

#[tokio::test]
async fn an_order_is_shown_as_it_was_at_each_version() {
    let taxi = Taxi::start(|_| {});
    let number = taxi.order("Kim").await;
    let path = format!("/taxi/orders/{number}");
    let paid = taxi.get(&path).await;
    taxi.cancel(number).await;
    let version: u32 = paid.header("etag").trim_matches('"').parse().expect("a version");
    let past = taxi.get(&format!("{path}?at={version}")).await;
    assert_eq!((past.status, past.header("etag")), (200, paid.header("etag")));
    assert!(past.header("memento-datetime").ends_with(" GMT"), "{past:?}");
    let (mut before, mut shown) = (paid.body.clone(), past.body.clone());
    let links = shown["_links"].take();
    before["_links"].take();
    assert_eq!(shown, before, "the same representation, in the past");
    for (_, link) in links.as_object().expect("links") {
        assert!(link.get("method").is_none(), "no command is possible in the past: {links}");
    }
    let href = |relation: &str| links[relation]["href"].as_str().unwrap_or_default().to_owned();
    assert_eq!(href("self"), format!("{path}?at={version}"));
    assert_eq!(href("latest-version"), path);
    assert_eq!(href("successor-version"), format!("{path}?at={}", version + 1));
    let first = taxi.get(&format!("{path}?at=1")).await;
    assert_ne!(first.body["status"], paid.body["status"], "the first version was not paid yet");
    assert!(first.body["_links"].get("predecessor-version").is_none());
}

#[tokio::test]
async fn an_instant_shows_the_last_version_up_to_it() {
    let taxi = Taxi::start(|_| {});
    let number = taxi.order("Kim").await;
    let path = format!("/taxi/orders/{number}");
    taxi.cancel(number).await;
    let history = taxi.get(&format!("{path}/history")).await;
    let records = history.body["_embedded"]["history"].as_array().expect("records").clone();
    for record in &records {
        let later = records.iter().rfind(|other| other["at"] == record["at"]).expect("one");
        for at in [time(record).to_rfc3339(), time(record).0.to_string()] {
            let past = taxi.get(&format!("{path}?at={at}")).await;
            assert_eq!(past.header("etag"), format!("\"{}\"", later["version"]), "{at}");
        }
    }
    let before = time(&records[0]).0 - 1;
    assert_eq!(
        taxi.get(&format!("{path}?at={before}")).await.status,
        404,
        "it was not ordered yet"
    );
    assert_eq!(taxi.get(&format!("{path}?at=1970-01-01T00:00:00Z")).await.status, 404);
}

#[tokio::test]
async fn a_moment_that_is_not_reached_or_not_understood_is_refused_with_the_reason() {
    let taxi = Taxi::start(|_| {});
    let path = format!("/taxi/orders/{}", taxi.order("Kim").await);
    for (at, reason) in [
        ("99", "there is no version 99 yet"),
        ("0", "versions begin with 1"),
        ("9999-12-31T23:59:59Z", "lies in the future"),
        ("253402300799000", "lies in the future"),
        ("yesterday", "possible is a version like `3`"),
        ("2021-02-30T00:00:00Z", "possible is a version like `3`"),
        ("1&at=2", "more than once"),
    ] {
        let refused = taxi.get(&format!("{path}?at={at}")).await;
        assert_eq!(refused.status, 400, "{at}");
        assert!(refused.detail().contains(reason), "{at}: {refused:?}");
    }
    assert_eq!(taxi.get("/taxi/orders/77?at=1").await.status, 404);
    assert_eq!(taxi.get(&format!("{path}?colour=red")).await.status, 200, "as before");
}

#[tokio::test]
async fn a_version_that_the_client_has_is_not_sent_again() {
    let taxi = Taxi::start(|_| {});
    let path = format!("/taxi/orders/{}?at=1", taxi.order("Kim").await);
    let request = taxi.request(reqwest::Method::GET, &path).header("If-None-Match", "\"1\"");
    assert_eq!(request.send().await.expect("it answers").status(), 304);
    let head = taxi.request(reqwest::Method::HEAD, &path).send().await.expect("it answers");
    assert_eq!((head.status().as_u16(), &head.headers()["etag"]), (200, &"\"1\"".parse().unwrap()));
}

#[tokio::test]
async fn a_long_history_is_shown_before_and_after_its_snapshot_alike() {
    // The taxi has a snapshot after every third record.
    let taxi = Taxi::start(|config| config.actors.snapshot_every_events = 3);
    let body = json!({"taxiName": "sonata", "companyName": "tmap", "stockCnt": 10, "itemPrice": 1});
    let made = taxi.post("/taxi/taxis", body).await;
    assert_eq!(made.status, 201, "{made:?}");
    let path = made.header("location").to_owned();
    let mut shown = vec![made.body];
    for stock in 1..20 {
        let answer = taxi
            .request(reqwest::Method::PATCH, &path)
            .json(&json!({ "stockCnt": stock }))
            .send()
            .await
            .expect("it answers");
        assert_eq!(answer.status(), 200);
        shown.push(answer.json().await.expect("json"));
    }
    for (version, expected) in (1..).zip(&mut shown) {
        let mut past = taxi.get(&format!("{path}?at={version}")).await.body;
        past["_links"].take();
        expected["_links"].take();
        assert_eq!(past, *expected, "version {version}");
    }
}
