//! What the status and the body of an answer of an outside service lead to.

use crate::{
    harness::{TaxiServer, rejected},
    provider::Mood,
};
use serde_json::{Value, json};

/// The sentence instead of the text of a service that fails.
const FAILED: &str = "the outside service failed";

/// The gate counts failures and does not open.
fn never_open() -> Value {
    json!({"minimum_calls": 1_000, "window_calls": 1_000, "consecutive_failures": 1_000})
}

#[tokio::test]
async fn the_number_of_a_charge_is_kept_shown_and_sent_with_its_refund() {
    let server = TaxiServer::open(|_| {}, &never_open());
    assert_eq!(server.order().await.status(), 201);
    let payment = server.get("/taxi/paymentHistories/1").await;
    assert_eq!(payment["transactionId"], "t-charge-1");
    let server = server.reopened(|_| {}, &never_open());
    assert_eq!(server.cancel_at_once(1..=1).await, [200]);
    server.is_done("refund-1").await;
    assert_eq!(server.provider.transaction("refund-1").as_deref(), Some("t-charge-1"));
    let payment = server.get("/taxi/paymentHistories/1").await;
    assert_eq!(payment["transactionId"], "t-charge-1");
    server.ends_well();
}

#[tokio::test]
async fn a_declined_card_is_402_with_the_reason_and_nothing_is_refunded() {
    let server = TaxiServer::open(|port| port.retries = 0, &never_open());
    for (number, status) in [(1, 402), (2, 409), (3, 422)] {
        server.provider.charges(Mood::Answers(status));
        let answer = server.order().await;
        assert_eq!(answer.status(), 402);
        let problem: Value = answer.json().await.expect("json");
        assert_eq!(problem["detail"], "not enough money");
        let payment = server.get(&format!("/taxi/paymentHistories/{number}")).await;
        assert_eq!(payment["reason"], "not enough money");
    }
    assert_eq!(server.provider.asked_in_all("refund-"), 0);
    let gate = server.get("/admin/gates/taxi/payment").await;
    let window = &gate["window"];
    assert_eq!((&window["calls"], &window["failures"]), (&json!(3), &json!(0)), "{gate}");
    server.ends_well();
}

#[tokio::test]
async fn a_request_that_the_service_does_not_understand_is_a_failure_and_never_a_declined_card() {
    let server = TaxiServer::open(|port| port.retries = 0, &never_open());
    let statuses = [400, 401, 403, 404, 405, 410, 415, 429, 301, 500];
    for (status, number) in statuses.into_iter().zip(1_u64..) {
        server.provider.charges(Mood::Answers(status));
        let problem = rejected(server.order().await, "unavailable").await;
        assert_eq!(problem["detail"], FAILED, "{status}: {problem}");
        // The charge may have been made, so it is refunded.
        server.is_done(&format!("refund-{number}")).await;
        let payment = server.get(&format!("/taxi/paymentHistories/{number}")).await;
        assert_eq!(payment["reason"], FAILED);
        let conversation = server.get(&format!("/taxi/conversations/{number}")).await.to_string();
        assert!(!conversation.contains("10.0.0.3") && !conversation.contains("CHARGES"));
    }
    let gate = server.get("/admin/gates/taxi/payment").await;
    assert_eq!(gate["window"]["failures"], statuses.len(), "{gate}");
    server.ends_well();
}

#[tokio::test]
async fn a_refund_is_repeated_while_the_service_does_not_know_this_server() {
    let server = TaxiServer::open(|_| {}, &never_open());
    for number in 1..=3 {
        assert_eq!(server.order().await.status(), 201, "{number}");
    }
    for (number, status) in [(1, 401), (2, 403), (3, 404)] {
        server.provider.refunds(Mood::Answers(status));
        let repeated = async {
            server.is_asked(&format!("refund-{number}"), 3).await;
            server.provider.refunds(Mood::Approves);
        };
        tokio::join!(server.cancel_at_once(number..=number), repeated);
        server.is_done(&format!("refund-{number}")).await;
    }
    server.ends_well();
}
