//! `Prefer` and `Idempotency-Key`.

use crate::{Taxi, header, json_of, sent};
use reqwest::StatusCode;

/// A call taxi that waits 30 s for a payment, and gets none.
async fn without_payment() -> Taxi {
    let taxi = Taxi::start(|config| config.http.wait_max_ms = 30_000);
    let path = "/admin/components/taxi/billing/suspend";
    assert_eq!(sent(taxi.request("POST", path)).await.status(), 200);
    taxi
}

#[tokio::test]
async fn a_client_that_prefers_it_is_answered_before_the_outcome() {
    let taxi = without_payment().await;
    let answer = sent(taxi.order().header("Prefer", "respond-async")).await;
    assert_eq!(answer.status(), StatusCode::ACCEPTED);
    assert_eq!(header(&answer, "location"), Some("/taxi/orders/1"));
    assert_eq!(header(&answer, "preference-applied"), Some("respond-async"));
    assert_eq!(header(&answer, "etag"), Some("\"1\""), "the order is durable");
    let position = header(&answer, "x-madang-position").expect("a position").to_owned();
    assert_eq!(json_of(answer).await["status"], "Requested");

    assert_eq!(json_of(taxi.get("/taxi/orders/1").await).await["status"], "Requested");
    sent(taxi.request("POST", "/admin/components/taxi/billing/resume")).await;
    let view = format!("/taxi/mypages/1?at-least={position}");
    assert_eq!(taxi.get(&view).await.status(), 200);
}

#[tokio::test]
async fn the_early_answer_is_the_answer_of_its_key() {
    let taxi = without_payment().await;
    let order = || taxi.order().header("Idempotency-Key", "\"8e03978e-40d5\"");
    let first = sent(order().header("Prefer", "respond-async")).await;
    let first = (first.status(), first.bytes().await.unwrap());
    assert_eq!(first.0, StatusCode::ACCEPTED);
    let bare = taxi.order().header("Idempotency-Key", "8e03978e-40d5");
    for retry in [order(), order().header("Prefer", "wait=20"), bare] {
        let retry = sent(retry).await;
        assert_eq!((retry.status(), retry.bytes().await.unwrap()), first);
    }
    let orders = json_of(taxi.get("/taxi/orders").await).await;
    assert_eq!(orders["page"]["totalElements"], 1);
}

#[tokio::test]
async fn a_client_says_how_long_it_waits_for_the_outcome() {
    let taxi = without_payment().await;
    let answer = sent(taxi.order().header("Prefer", "wait=1")).await;
    assert_eq!(answer.status(), StatusCode::ACCEPTED);
    assert_eq!(header(&answer, "preference-applied"), Some("wait=1"));
    let answer = sent(taxi.order().header("Prefer", "wait=0")).await;
    assert_eq!(header(&answer, "preference-applied"), Some("wait=0"));
}

#[tokio::test]
async fn an_outcome_that_is_known_at_once_is_answered_at_once() {
    let taxi = Taxi::start(|_| ());
    let cab = serde_json::json!({ "name": "Min" });
    let unknown = taxi.request("POST", "/taxi/orders/7/cancel").json(&cab);
    let answer = sent(unknown.header("Prefer", "respond-async")).await;
    assert!(answer.status().is_client_error(), "{answer:?}");
    assert_eq!(header(&answer, "preference-applied"), None);
    let answer = sent(taxi.order().header("Prefer", "return=minimal, wait=x")).await;
    assert_eq!(
        (answer.status(), header(&answer, "preference-applied")),
        (StatusCode::CREATED, None)
    );
}
