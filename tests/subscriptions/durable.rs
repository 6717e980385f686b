//! What is acknowledged or parked survives a kill; what is not acknowledged comes again.

use super::Desk;
use crate::support::process::{Server, assert_verified};
use serde_json::json;

#[tokio::test]
async fn a_killed_server_forgets_no_acknowledgement_and_loses_no_event() {
    let data = tempfile::tempdir().unwrap();
    let server = Server::start(data.path(), None);
    let desk = Desk::at(server.address);
    for name in ["Kim", "Lee", "Park"] {
        desk.order(name).await;
    }
    let terms =
        json!({ "start": "beginning", "filter": { "business": "taxi", "aggregate": "orders" } });
    assert_eq!(desk.put("/events/subscriptions/a", terms.clone()).await.0, 201);
    let (kept, events) = desk.claim(json!({ "batch": 2 })).await;
    let (late, others) = desk.claim(json!({})).await;
    assert_eq!((events.len(), others.len()), (2, 4));
    // The later events are acknowledged first: the earlier ones stay open before them.
    assert_eq!(desk.acknowledge(&late, &others[..2]).await.1["acknowledged"], 2);
    let park = json!({ "lease": late, "events": [others[2]] });
    assert_eq!(desk.post("/subscriptions/a/park", park).await.0, 200);
    server.kill();
    assert_verified(data.path());
    let server = Server::start(data.path(), None);
    let desk = Desk::at(server.address);
    assert_eq!(desk.put("/subscriptions/a", terms).await.0, 200, "it is still there");
    let (status, _) = desk.acknowledge(&kept, &events).await;
    assert_eq!(status, 409, "leases end with the server");
    let (lease, again) = desk.claim(json!({})).await;
    assert_eq!(again, events, "what was not acknowledged, and nothing else");
    let parked = desk.get("/subscriptions/a/parked").await;
    let parked: Vec<_> = parked["parked"].as_array().unwrap().iter().map(|it| &it["id"]).collect();
    assert_eq!(parked, [&others[2], &others[3]]);
    assert_eq!(desk.acknowledge(&lease, &[]).await.0, 200);
    server.kill();
    let server = Server::start(data.path(), None);
    let desk = Desk::at(server.address);
    assert_eq!(desk.claim(json!({})).await.1, Vec::<String>::new());
    assert_eq!(desk.get("/subscriptions/a").await["lag"]["events"], 0);
}
