//! Parked events: listed, replayed and dropped, and the later events of their aggregate.

use super::Desk;
use crate::support::inside::Running;
use serde_json::json;

#[tokio::test]
async fn the_events_behind_a_parked_one_are_parked_and_replayed_in_their_order() {
    let app = Running::start(|_| {});
    let desk = Desk::at(app.address);
    desk.order("Kim").await;
    desk.order("Lee").await;
    desk.subscribe().await;
    let (lease, events) = desk.claim(json!({})).await;
    let kim = desk.get("/events?aggregate=orders&number=1").await;
    let kim: Vec<_> = kim["events"].as_array().unwrap().iter().map(|it| it["id"].clone()).collect();
    let park = json!({ "lease": lease, "events": [kim[0]], "reason": "it cannot be read" });
    let (status, parked) = desk.post("/subscriptions/a/park", park).await;
    assert_eq!((status.as_u16(), parked), (200, json!({ "released": [], "parked": kim })));
    assert_eq!(desk.acknowledge(&lease, &[]).await.1["acknowledged"], 2, "those of the other one");
    let listed = desk.get("/subscriptions/a/parked").await;
    let listed = listed["parked"].as_array().unwrap();
    assert_eq!(listed.len(), 2);
    assert_eq!(
        (&listed[0]["reason"], &listed[0]["attempts"]),
        (&json!("it cannot be read"), &json!(1))
    );
    assert_eq!(listed[0]["event"]["data"]["customer"]["name"], "Kim");
    let late = json!({ "events": [kim[1]] });
    let (status, problem) = desk.post("/subscriptions/a/parked/replay", late).await;
    assert_eq!(status, 409);
    assert!(problem["detail"].as_str().unwrap().contains("replay or drop that first"), "{problem}");
    let all = json!({ "all": true });
    assert_eq!(desk.post("/subscriptions/a/parked/replay", all).await.1, json!({ "replayed": 2 }));
    let (_, again) = desk.claim(json!({})).await;
    let expected: Vec<_> = events.into_iter().filter(|id| kim.contains(&json!(id))).collect();
    assert_eq!(again, expected);
}

#[tokio::test]
async fn dropped_events_do_not_come_again() {
    let app = Running::start(|_| {});
    let desk = Desk::at(app.address);
    desk.order("Kim").await;
    desk.subscribe().await;
    let (lease, events) = desk.claim(json!({})).await;
    desk.post("/subscriptions/a/park", json!({ "lease": lease, "events": events })).await;
    let (_, dropped) = desk.post("/subscriptions/a/parked/drop", json!({ "events": events })).await;
    assert_eq!(dropped, json!({ "dropped": 2 }));
    assert_eq!(desk.claim(json!({})).await.1, Vec::<String>::new());
    let shown = desk.get("/subscriptions/a").await;
    assert_eq!((&shown["parked"], &shown["lag"]["events"]), (&json!(0), &json!(0)));
}

#[tokio::test]
async fn an_event_that_came_too_often_is_parked() {
    let app = Running::start(|_| {});
    let desk = Desk::at(app.address);
    desk.order("Kim").await;
    let terms = json!({ "start": "beginning", "filter": { "type": ["Paid"] }, "attemptsMax": 2 });
    assert_eq!(desk.put("/subscriptions/a", terms).await.0, 201);
    for _ in 0..2 {
        let (lease, events) = desk.claim(json!({ "batch": 1 })).await;
        assert_eq!(events.len(), 1);
        desk.post("/subscriptions/a/release", json!({ "lease": lease })).await;
    }
    let parked = desk.get("/subscriptions/a/parked?size=1").await;
    assert_eq!(parked["parked"][0]["attempts"], 2);
    assert_eq!(parked["parked"][0]["reason"], "it was given back too often");
}
