//! Orders that the gate of payments rejects.

use crate::{
    harness::{TaxiServer, rejected},
    provider::Mood,
};
use serde_json::json;
use std::time::{Duration, Instant};

/// One failure opens the gate for longer than any test takes.
fn soon_open() -> serde_json::Value {
    json!({"consecutive_failures": 1, "open_ms": 3_600_000, "open_ms_max": 3_600_000})
}

#[tokio::test]
async fn no_card_is_charged_and_nothing_is_written_while_the_gate_is_open() {
    let server = TaxiServer::open(|port| port.retries = 0, &soon_open());
    assert_eq!(server.order_once("before").await.status(), 201);
    server.provider.charges(Mood::Fails);
    let fell = rejected(server.order().await, "unavailable").await;
    assert_eq!(fell["correlation"], "2");

    server.provider.charges(Mood::Approves);
    for _ in 0..3 {
        let refused = rejected(server.order().await, "gate-open").await;
        assert_eq!(refused["correlation"], serde_json::Value::Null);
    }
    assert_eq!(server.orders().await, 2);
    assert_eq!(server.provider.asked_in_all("charge-"), 2);
    let gate = server.get("/admin/gates/taxi/payment").await;
    assert_eq!(gate["rejected"]["open"], 3, "{gate}");
    assert_eq!(server.order_once("before").await.status(), 201, "the first answer is repeated");
    server.ends_well();
}

#[tokio::test]
async fn an_order_that_only_waited_in_the_gate_is_neither_charged_nor_refunded() {
    let one_by_one = json!({"concurrency_max": 1, "breaker": false});
    let server = TaxiServer::open(
        |port| (port.timeout_ms, port.within_ms, port.retries) = (600, 1_000, 0),
        &one_by_one,
    );
    server.provider.charges(Mood::Hangs);
    let (first, second) = tokio::join!(server.order(), server.order());
    let (first, second) =
        (rejected(first, "unavailable").await, rejected(second, "unavailable").await);
    let unanswered = [&first, &second].into_iter().filter(|fell| {
        fell["detail"].as_str().is_some_and(|reason| reason.starts_with("no answer within"))
    });
    assert!((1..=2).contains(&unanswered.count()), "{first} {second}");
    server.provider.charges(Mood::Approves);
    for number in 1..=2 {
        let was_asked = server.provider.asked(&format!("charge-{number}")) > 0;
        let refund = format!("refund-{number}");
        if was_asked {
            server.is_done(&refund).await;
        } else {
            let payment = server.get(&format!("/taxi/paymentHistories/{number}")).await;
            assert_eq!(payment["status"], "Declined");
            assert_eq!(server.provider.asked(&refund), 0);
        }
    }
    server.ends_well();
}

#[tokio::test]
async fn a_refused_order_is_held_as_long_as_the_customer_or_the_gate_says_and_a_stop_ends_it() {
    let mut held = soon_open();
    held["hold_ms"] = json!(50);
    let server = TaxiServer::open(|port| port.retries = 0, &held);
    server.provider.charges(Mood::Fails);
    let begun = Instant::now();
    rejected(server.order().await, "unavailable").await;
    rejected(server.order().await, "gate-open").await;
    assert!(begun.elapsed() >= Duration::from_millis(100), "{:?}", begun.elapsed());

    let begun = Instant::now();
    let patient = server.order_with_patience(30);
    server.has_refused(2).await;
    rejected(server.order().await, "gate-open").await;
    assert!(!patient.is_finished(), "the answer is held");
    server.ends_well();
    rejected(patient.await.expect("an answer"), "gate-open").await;
    assert!(begun.elapsed() < Duration::from_secs(30), "{:?}", begun.elapsed());
}
