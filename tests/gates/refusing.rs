//! What becomes of those whom the gate of payments turns away.

use crate::{
    house::{House, turned_away},
    provider::Mood,
};
use serde_json::json;

/// One failure opens it, for longer than any test takes.
fn soon_open() -> serde_json::Value {
    json!({"consecutive_failures": 1, "open_ms": 3_600_000, "open_ms_max": 3_600_000})
}

#[tokio::test]
async fn while_the_gate_is_open_nobody_is_charged_and_nothing_is_written() {
    let house = House::open(|port| port.retries = 0, &soon_open());
    assert_eq!(house.order_once("before").await.status(), 201);
    house.provider.charges(Mood::Fails);
    let fell = turned_away(house.order().await, "unavailable").await;
    assert_eq!(fell["correlation"], "2");

    house.provider.charges(Mood::Approves);
    for _ in 0..3 {
        let refused = turned_away(house.order().await, "gate-open").await;
        assert_eq!(refused["correlation"], serde_json::Value::Null);
    }
    assert_eq!(house.orders().await, 2);
    assert_eq!(house.provider.asked_in_all("charge-"), 2);
    let gate = house.get("/admin/gates/taxi/payment").await;
    assert_eq!(gate["turnedAway"]["open"], 3, "{gate}");
    assert_eq!(house.order_once("before").await.status(), 201, "what was answered is so again");
    house.ends_well();
}

#[tokio::test]
async fn who_only_waited_in_the_gate_was_not_charged_and_is_owed_nothing() {
    let one_by_one = json!({"concurrency_max": 1, "breaker": false});
    let house = House::open(
        |port| (port.timeout_ms, port.within_ms, port.retries) = (600, 1_000, 0),
        &one_by_one,
    );
    house.provider.charges(Mood::Hangs);
    let (first, second) = tokio::join!(house.order(), house.order());
    let (first, second) =
        (turned_away(first, "unavailable").await, turned_away(second, "unavailable").await);
    let unanswered = [&first, &second].into_iter().filter(|fell| {
        fell["detail"].as_str().is_some_and(|because| because.starts_with("no answer within"))
    });
    assert!((1..=2).contains(&unanswered.count()), "{first} {second}");
    house.provider.charges(Mood::Approves);
    for number in 1..=2 {
        let was_asked = house.provider.asked(&format!("charge-{number}")) > 0;
        let refund = format!("refund-{number}");
        if was_asked {
            house.is_done(&refund).await;
        } else {
            let payment = house.get(&format!("/taxi/paymentHistories/{number}")).await;
            assert_eq!(payment["status"], "Declined");
            assert_eq!(house.provider.asked(&refund), 0);
        }
    }
    house.ends_well();
}
