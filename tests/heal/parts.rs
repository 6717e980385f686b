//! Each part of the runtime is broken while clients use it. It recovers by itself, no other part is
//! affected, and nothing is lost or doubled.

use crate::drill::{Answered, Drill, Load};
use serde_json::json;
use std::time::Duration;

const CLIENTS: usize = 6;

/// The number of orders between two faults.
const ORDERS_BETWEEN: usize = 10;

fn slowest(answered: &[Answered]) -> Duration {
    answered.iter().map(|order| order.after).max().unwrap_or_default()
}

#[tokio::test]
async fn subscribers_are_restarted_when_they_panic_and_no_client_notices() {
    let taxi = Drill::taxi(|_| {});
    let load = Load::on(&taxi, CLIENTS);
    load.goes_on(ORDERS_BETWEEN).await;
    let parts = taxi.parts().await.into_iter();
    let parts = parts.filter(|part| !part.starts_with("aggregate "));
    let (gates, parts): (Vec<_>, Vec<_>) = parts.partition(|part| part.starts_with("gate"));
    for name in ["saga taxi/ride", "port taxi/payment", "view taxi/mypages", "view conversations"] {
        assert!(parts.iter().any(|part| part == name), "{name} is not among {parts:?}");
    }
    for part in &parts {
        for round in 0..2 {
            taxi.breaks(&json!({"fault": "break", "part": part})).await;
            let healed_in = taxi.is_restarted(part, round).await;
            println!("{part} is back within {healed_in:?}");
            load.goes_on(ORDERS_BETWEEN).await;
        }
    }
    assert!(gates.contains(&"gate taxi/payment".to_owned()), "{gates:?}");
    for gate in &gates {
        taxi.breaks(&json!({"fault": "break", "part": gate})).await;
        load.goes_on(ORDERS_BETWEEN).await;
    }
    let answered = load.ends().await;
    println!("{} orders, the slowest in {:?}", answered.len(), slowest(&answered));
    let refused: Vec<_> = answered.iter().flat_map(|order| &order.refused).collect();
    assert!(refused.is_empty(), "a client noticed: {refused:?}");
    taxi.has_orders(answered.len() as u64).await;
    assert_eq!(taxi.get("/actuator/health").await["status"], "UP");
    taxi.ends_well();
}

#[tokio::test]
async fn a_retry_waits_for_the_record_of_an_order_whose_aggregate_panicked_and_gets_that_order() {
    let taxi = Drill::taxi(|_| {});
    let parts = taxi.parts().await;
    let slow = json!({"fault": "slow-journal", "by_ms": 500, "for_ms": 60_000});
    taxi.breaks(&slow).await;
    let figure = async |name: &str| {
        let health = taxi.get("/actuator/health").await;
        let figure = health["components"]["journal"]["details"][name].to_string();
        figure.trim_matches('"').parse::<u64>().expect("a figure")
    };
    let before = figure("submitted").await;
    let load = Load::on(&taxi, 1);
    taxi.until("the order is submitted", || async { figure("submitted").await > before }).await;
    for part in parts.iter().filter(|part| part.starts_with("aggregate taxi/orders in ")) {
        taxi.breaks(&json!({"fault": "break", "part": part})).await;
    }
    let answered = load.ends().await;
    assert_eq!(answered.len(), 1, "the client placed one order");
    assert!(!answered[0].refused.is_empty(), "the client was not told about the crash");
    taxi.breaks(&json!({"fault": "slow-journal", "by_ms": 1, "for_ms": 1})).await;
    taxi.has_orders(1).await;
    taxi.ends_well();
}

#[tokio::test]
async fn an_aggregate_kind_that_panics_in_a_shard_is_restarted_and_has_lost_nothing() {
    let taxi = Drill::taxi(|_| {});
    let load = Load::on(&taxi, CLIENTS);
    load.goes_on(ORDERS_BETWEEN).await;
    let parts = taxi.parts().await.into_iter();
    let parts: Vec<_> = parts.filter(|part| part.starts_with("aggregate ")).collect();
    assert!(parts.contains(&"aggregate taxi/orders in shard 1".to_owned()), "{parts:?}");
    for part in &parts {
        taxi.breaks(&json!({"fault": "break", "part": part})).await;
        let healed_in = taxi.is_restarted(part, 0).await;
        println!("{part} is back within {healed_in:?}");
        load.goes_on(ORDERS_BETWEEN).await;
    }
    let answered = load.ends().await;
    let refused = answered.iter().filter(|order| !order.refused.is_empty()).count();
    println!("{} orders, {refused} refused before", answered.len());
    taxi.has_orders(answered.len() as u64).await;
    taxi.ends_well();
}

#[tokio::test]
async fn every_component_can_be_restarted_and_no_client_notices() {
    let taxi = Drill::taxi(|_| {});
    let load = Load::on(&taxi, CLIENTS);
    load.goes_on(ORDERS_BETWEEN).await;
    let listed = taxi.get("/admin/components").await;
    for component in listed["_embedded"]["components"].as_array().expect("components") {
        let restart = component["_links"]["restart"]["href"].as_str().expect("a link to restart");
        let restarted = taxi.post(restart, &json!(null)).await;
        assert_eq!(restarted.status(), 200, "{restart}");
        let name = component["name"].as_str().expect("a name");
        taxi.is_restarted(name, 0).await;
        load.goes_on(ORDERS_BETWEEN).await;
    }
    let answered = load.ends().await;
    println!("{} orders, the slowest in {:?}", answered.len(), slowest(&answered));
    let refused: Vec<_> = answered.iter().flat_map(|order| &order.refused).collect();
    assert!(refused.is_empty(), "a client noticed: {refused:?}");
    taxi.has_orders(answered.len() as u64).await;
    let unknown = taxi.post("/admin/components/taxi/nobody/restart", &json!(null)).await;
    assert_eq!(unknown.status(), 404);
    taxi.ends_well();
}

#[tokio::test]
async fn a_suspended_component_is_still_suspended_after_a_restart() {
    let taxi = Drill::taxi(|_| {});
    taxi.post("/admin/components/taxi/sms/suspend", &json!(null)).await;
    let load = Load::on(&taxi, CLIENTS);
    load.goes_on(ORDERS_BETWEEN).await;
    let restarted = taxi.post("/admin/components/taxi/sms/restart", &json!(null)).await;
    assert_eq!(restarted.status(), 200);
    load.goes_on(ORDERS_BETWEEN).await;
    let orders = load.ends().await.len() as u64;
    assert_eq!(taxi.total("/taxi/messages").await, 0);
    let health = taxi.get("/actuator/health").await;
    assert_eq!(health["status"], "UP");
    assert_eq!(health["components"]["port taxi/sms"]["status"], "OUT_OF_SERVICE");
    taxi.post("/admin/components/taxi/sms/resume", &json!(null)).await;
    taxi.has_orders(orders).await;
    taxi.ends_well();
}

#[tokio::test]
async fn a_dead_gate_driver_and_a_view_without_its_file_are_recorded_when_they_are_back() {
    let taxi = Drill::taxi(|_| {});
    let load = Load::on(&taxi, CLIENTS);
    load.goes_on(ORDERS_BETWEEN).await;
    taxi.breaks(&json!({"fault": "break", "part": "gate-driver"})).await;
    taxi.is_restarted("gate-driver", 0).await;
    load.goes_on(ORDERS_BETWEEN).await;
    std::fs::remove_file(taxi.data().join("views/taxi.mypages.sqlite")).expect("is there");
    taxi.until("the view is rebuilt", || async {
        let notes = taxi.noted("ViewRebuilt").await;
        notes.iter().any(|note| note["view"] == "taxi/mypages" && note["records"] != 0)
    })
    .await;
    let answered = load.ends().await;
    taxi.has_orders(answered.len() as u64).await;
    assert_eq!(taxi.noted("ViewRebuilt").await.len(), 1, "no other view");
    taxi.ends_well();
}
