//! Consumers that compete for the events of a subscription.

use super::Desk;
use crate::support::inside::Running;
use reqwest::Method;
use serde_json::{Value, json};

#[tokio::test]
async fn consumers_get_different_events_and_the_order_of_each_aggregate_is_kept() {
    let app = Running::start(|_| {});
    let desk = Desk::at(app.address);
    for name in ["Kim", "Lee", "Park"] {
        desk.order(name).await;
    }
    desk.subscribe().await;
    let page = desk.get("/events?aggregate=orders").await;
    let all: Vec<_> =
        page["events"].as_array().unwrap().iter().map(|it| it["id"].clone()).collect();
    assert_eq!(all.len(), 6, "three orders with two events each");
    let (first_lease, first) = desk.claim(json!({ "batch": 1 })).await;
    let (second_lease, second) = desk.claim(json!({ "batch": 10 })).await;
    assert_eq!((first.len(), second.len()), (1, 4), "the second event of the first order waits");
    assert_eq!(desk.claim(json!({})).await.1, Vec::<String>::new());
    assert_eq!(desk.acknowledge(&first_lease, &[]).await.1["acknowledged"], 1);
    let (third_lease, third) = desk.claim(json!({})).await;
    assert_eq!(third.len(), 1, "it is free now");
    desk.acknowledge(&second_lease, &second).await;
    desk.acknowledge(&third_lease, &third).await;
    let mut got = [first, second, third].concat();
    got.sort();
    let mut expected: Vec<_> = all.iter().map(|id| id.as_str().unwrap().to_owned()).collect();
    expected.sort();
    assert_eq!(got, expected);
    let shown = desk.get("/subscriptions/a").await;
    assert_eq!(shown["lag"], json!({ "events": 0, "isExact": true, "records": 0 }));
}

#[tokio::test]
async fn a_lease_that_runs_out_gives_its_events_to_another_consumer_and_acknowledges_nothing() {
    let app = Running::start(|_| {});
    let desk = Desk::at(app.address);
    desk.order("Kim").await;
    desk.subscribe().await;
    let (lost, events) = desk.claim(json!({ "leaseMs": 1000, "consumer": "dead" })).await;
    let shown = desk.get("/subscriptions/a").await;
    assert_eq!(shown["consumers"][0]["name"], "dead");
    assert_eq!((&shown["claimed"], &shown["lag"]["events"]), (&json!(2), &json!(2)));
    // The next consumer waits until the lease is over.
    let (lease, again) = desk.claim(json!({ "waitMs": 30000 })).await;
    assert_eq!(again, events);
    let (status, problem) = desk.acknowledge(&lost, &events).await;
    assert_eq!((status.as_u16(), &problem["type"]), (409, &json!("/problems/lease-lost")));
    assert_eq!(desk.get("/subscriptions/a").await["lag"]["events"], 2, "nothing is acknowledged");
    assert_eq!(desk.acknowledge(&lease, &events).await.1["acknowledged"], 2);
}

#[tokio::test]
async fn an_acknowledgement_can_be_repeated_and_counts_once() {
    let app = Running::start(|_| {});
    let desk = Desk::at(app.address);
    desk.order("Kim").await;
    desk.subscribe().await;
    let (lease, events) = desk.claim(json!({})).await;
    let (one, whole) = (&events[..1], &events[..]);
    for (chosen, acknowledged, before) in [(one, 1, 0), (one, 0, 1), (whole, 1, 1), (whole, 0, 2)] {
        let expected = json!({ "acknowledged": acknowledged, "acknowledgedBefore": before });
        assert_eq!(desk.acknowledge(&lease, chosen).await, (reqwest::StatusCode::OK, expected));
    }
    assert_eq!(desk.acknowledge(&lease, &[]).await.1["acknowledgedBefore"], 2);
}

#[tokio::test]
async fn events_of_another_claim_or_out_of_order_are_refused_as_a_whole() {
    let app = Running::start(|_| {});
    let desk = Desk::at(app.address);
    desk.order("Kim").await;
    desk.order("Lee").await;
    desk.subscribe().await;
    let (first_lease, first) = desk.claim(json!({ "batch": 2 })).await;
    let (_, second) = desk.claim(json!({ "batch": 2 })).await;
    let mixed = [first.clone(), second].concat();
    let (status, problem) = desk.acknowledge(&first_lease, &mixed).await;
    assert_eq!(status, 409);
    assert!(problem["detail"].as_str().unwrap().contains("not part of this claim"), "{problem}");
    let (status, problem) = desk.acknowledge(&first_lease, &first[1..]).await;
    assert_eq!(status, 409);
    assert!(problem["detail"].as_str().unwrap().contains("an earlier event"), "{problem}");
    assert_eq!(desk.get("/subscriptions/a").await["lag"]["events"], 4);
}

#[tokio::test]
async fn released_events_come_again_and_name_how_often_they_came() {
    let app = Running::start(|_| {});
    let desk = Desk::at(app.address);
    desk.order("Kim").await;
    desk.subscribe().await;
    let (lease, events) = desk.claim(json!({})).await;
    let release = json!({ "lease": lease, "events": [events[0]] });
    let (_, freed) = desk.post("/subscriptions/a/release", release).await;
    assert_eq!(freed, json!({ "released": events, "parked": [] }), "the later event goes with it");
    let (_, claim) = desk.post("/subscriptions/a/claim", json!({})).await;
    assert_eq!(claim["attempts"], json!({ events[0].clone(): 2 }));
    let delayed = json!({ "lease": claim["lease"], "delayMs": 600_000 });
    desk.post("/subscriptions/a/release", delayed).await;
    assert_eq!(desk.claim(json!({})).await.1, Vec::<String>::new(), "it is delayed");
}

#[tokio::test]
async fn a_waiting_consumer_gets_an_event_when_it_happens() {
    let app = Running::start(|_| {});
    let desk = Desk::at(app.address);
    let terms = json!({ "filter": { "type": ["Called"] } });
    assert_eq!(desk.put("/subscriptions/a", terms).await.0, 201);
    let (claim, ()) = tokio::join!(desk.claim(json!({ "waitMs": 30000 })), desk.order("Kim"));
    assert_eq!(claim.1.len(), 1);
}

#[tokio::test]
async fn a_waiting_consumer_does_not_keep_the_server_from_stopping() {
    let app = Running::start(|_| {});
    let desk = Desk::at(app.address);
    desk.subscribe().await;
    let waiting = tokio::spawn(async move { desk.claim(json!({ "waitMs": 30000 })).await });
    tokio::task::yield_now().await;
    let begun = std::time::Instant::now();
    tokio::task::spawn_blocking(move || drop(app)).await.unwrap();
    assert!(begun.elapsed().as_secs() < 20, "the stop waited for the consumer");
    drop(waiting);
}

#[tokio::test]
async fn a_subscription_is_created_once_and_changed_only_in_what_may_change() {
    let app = Running::start(|_| {});
    let desk = Desk::at(app.address);
    let terms = json!({ "start": "beginning", "filter": { "aggregate": "orders" } });
    assert_eq!(desk.put("/subscriptions/a", terms.clone()).await.0, 201);
    assert_eq!(desk.put("/subscriptions/a", terms).await.0, 200);
    let other = json!({ "start": "beginning" });
    let (status, problem) = desk.put("/subscriptions/a", other).await;
    assert_eq!(status, 409);
    assert_eq!(problem["detail"], "the subscription has another filter; delete it first");
    let listed = desk.get("/subscriptions").await;
    assert_eq!(listed["subscriptions"][0]["filter"], json!({ "aggregate": "orders" }));
    let delete = || desk.send(Method::DELETE, "/subscriptions/a", &Value::Null);
    assert_eq!(delete().await.0, 204);
    assert_eq!(delete().await.0, 404);
    assert_eq!(desk.get("/events/subscriptions").await["subscriptions"], json!([]));
}
