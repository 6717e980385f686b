//! Orders whose payment is deferred.

use crate::{
    harness::{TaxiServer, rejected},
    provider::Mood,
};
use madang::actors::{Fallback, PortSettings};
use serde_json::{Value, json};

/// One failure opens the gate, which soon tries again.
fn soon_open() -> Value {
    json!({"consecutive_failures": 1, "open_ms": 50, "open_ms_max": 50, "trial_calls": 1})
}

fn deferring(port: &mut PortSettings) {
    port.retries = 0;
    port.fallback = Fallback::Defer;
}

/// Checks that the order is answered 202 with its location.
#[track_caller]
fn is_taken(answer: &reqwest::Response, number: u64) {
    assert_eq!(answer.status(), 202);
    assert_eq!(answer.headers()["location"], format!("/taxi/orders/{number}"));
}

#[tokio::test]
async fn orders_are_accepted_while_the_provider_fails_and_paid_once_when_it_recovers() {
    let server = TaxiServer::open(deferring, &soon_open());
    server.provider.charges(Mood::Fails);
    // `wait_max_ms` is 30 s. Each of these answers is sent as soon as the provider has failed.
    for number in 1..=5 {
        is_taken(&server.order().await, number);
    }
    server.provider.charges(Mood::Approves);
    for number in 1..=5 {
        server.becomes(number, "Paid").await;
        assert!(server.provider.has_done(&format!("charge-{number}")));
    }
    assert_eq!(server.provider.asked_in_all("refund-"), 0);
    assert_eq!(server.order().await.status(), 201);
    server.ends_well();
}

#[tokio::test]
async fn the_same_key_gets_the_same_answer_while_its_payment_is_deferred_and_afterwards() {
    let server = TaxiServer::open(deferring, &soon_open());
    server.provider.charges(Mood::Fails);
    for _ in 0..2 {
        is_taken(&server.order_once("mine").await, 1);
    }
    server.provider.charges(Mood::Approves);
    server.becomes(1, "Paid").await;
    is_taken(&server.order_once("mine").await, 1);
    server.ends_well();
}

#[tokio::test]
async fn an_order_beyond_the_limit_of_deferrals_is_rejected_and_leaves_nothing() {
    let never = json!({"consecutive_failures": 1, "open_ms": 3_600_000, "open_ms_max": 3_600_000});
    let server = TaxiServer::open(
        |port| {
            deferring(port);
            port.deferred_max = 1;
        },
        &never,
    );
    server.provider.charges(Mood::Fails);
    is_taken(&server.order().await, 1);
    rejected(server.order().await, "gate-open").await;
    assert_eq!(server.orders().await, 1);
    server.ends_well();
}

#[tokio::test]
async fn deferred_payments_stay_deferred_after_a_journal_recovery_even_at_the_limit() {
    let server = TaxiServer::open(
        |port| {
            deferring(port);
            port.deferred_max = 1;
        },
        &soon_open(),
    );
    server.provider.charges(Mood::Fails);
    is_taken(&server.order().await, 1);
    server.fail_next_fsync().await;
    // A checkpoint in the background may take the fault first; then the journal recovers before.
    let status = server.operate_messages("suspend").await;
    assert!(status == 200 || status == 503, "{status}");
    server.is_asked("charge-1", server.provider.asked("charge-1") + 10).await;
    assert_eq!(server.get("/taxi/orders/1").await["status"], "Requested");
    server.provider.charges(Mood::Approves);
    server.becomes(1, "Paid").await;
    assert_eq!(server.provider.asked_in_all("refund-"), 0);
    server.ends_well();
}

#[tokio::test]
async fn a_payment_deferred_too_long_is_abandoned_after_a_restart_and_refunded() {
    let server = TaxiServer::open(deferring, &soon_open());
    server.provider.charges(Mood::Fails);
    is_taken(&server.order().await, 1);
    let server = server.reopened(
        |port| {
            deferring(port);
            port.deferred_within_ms = 0;
        },
        &soon_open(),
    );
    server.becomes(1, "Rejected").await;
    // The outcome of the charge is unknown.
    server.is_done("refund-1").await;
    server.ends_well();
}

#[tokio::test]
async fn a_deferred_payment_is_finished_after_a_restart() {
    let server = TaxiServer::open(deferring, &soon_open());
    server.provider.charges(Mood::Fails);
    is_taken(&server.order().await, 1);
    let server = server.reopened(deferring, &soon_open());
    server.provider.charges(Mood::Approves);
    server.becomes(1, "Paid").await;
    assert_eq!(server.provider.asked_in_all("refund-"), 0);
    server.ends_well();
}
