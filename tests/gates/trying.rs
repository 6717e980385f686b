//! The number and the order of calls to an outside service.

use crate::{
    harness::{TaxiServer, rejected},
    provider::Mood,
};
use serde_json::json;

#[tokio::test]
async fn a_second_attempt_overtakes_the_first_that_hangs_and_the_card_is_charged_once() {
    let server = TaxiServer::open(|port| port.hedge_after_ms = Some(20), &json!({}));
    server.provider.charges(Mood::HangsFirst);
    assert_eq!(server.order().await.status(), 201);
    assert_eq!(server.provider.asked("charge-1"), 2);
    assert_eq!(server.provider.asked_in_all("refund-"), 0);
    server.ends_well();
}

#[tokio::test]
async fn retries_add_at_most_a_fifth_to_the_calls_of_a_failing_provider() {
    let server = TaxiServer::open(|port| port.retries = 5, &json!({"breaker": false}));
    server.provider.charges(Mood::Fails);
    for _ in 0..100 {
        rejected(server.order().await, "unavailable").await;
    }
    // The retry budget starts with ten more, so that the first failures may be retried.
    assert_eq!(server.provider.asked_in_all("charge-"), 100 + 100 / 5 + 10);
    server.ends_well();
}

#[tokio::test]
async fn an_unfinished_effect_causes_no_second_charge_after_a_restart() {
    /// Their records are more than one batch of a start.
    const ORDERS: usize = 800;
    let server = TaxiServer::open(|_| {}, &json!({"breaker": false}));
    server.provider.refunds(Mood::Fails);
    assert_eq!(server.order().await.status(), 201);
    tokio::select! {
        _ = server.cancel_at_once(1..=1) => panic!("the refund cannot succeed"),
        () = server.is_asked("refund-1", 1) => {}
    }
    for _ in 0..ORDERS / 100 {
        assert!(server.order_at_once(100).await.iter().all(|status| *status == 201));
    }
    let server = server.reopened(|_| {}, &json!({"breaker": false}));
    server.provider.refunds(Mood::Approves);
    server.is_done("refund-1").await;
    assert_eq!(server.order().await.status(), 201);
    assert_eq!(server.provider.asked_in_all("charge-"), ORDERS + 2);
    server.ends_well();
}

#[tokio::test]
async fn many_unfinished_refunds_do_not_delay_new_orders() {
    /// More than may be in progress at once.
    const REFUNDS: u64 = 1_200;
    let server = TaxiServer::open(|_| {}, &json!({"breaker": false}));
    server.provider.refunds(Mood::Fails);
    for _ in 0..REFUNDS / 100 {
        assert!(server.order_at_once(100).await.iter().all(|status| *status == 201));
    }
    let cancels = server.cancel_at_once(1..=REFUNDS);
    let orders = async {
        while server.provider.asked_in_all("refund-") < 1_000 {
            tokio::task::yield_now().await;
        }
        for _ in 0..10 {
            assert_eq!(server.order().await.status(), 201);
        }
        server.provider.refunds(Mood::Approves);
    };
    let (cancelled, ()) = tokio::join!(cancels, orders);
    // A client whose wait time ends first is answered 202.
    assert!(cancelled.iter().all(|status| *status == 200 || *status == 202), "{cancelled:?}");
    for number in 1..=REFUNDS {
        server.is_done(&format!("refund-{number}")).await;
    }
    server.ends_well();
}
