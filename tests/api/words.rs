//! The command routes of clients that existed before.

use super::TestApp;
use serde_json::json;

fn taxi() -> serde_json::Value {
    json!({"taxiName": "sonata", "companyName": "tmap", "stockCnt": "10", "itemPrice": 4900})
}

#[tokio::test]
async fn an_order_is_paid_and_created() {
    let app = TestApp::start();
    let order = app.post("/taxi/orders", json!({"orderType": "basic", "name": "Jung"})).await;
    assert_eq!((order.status.as_u16(), order.header("location")), (201, "/taxi/orders/1"));
    assert_eq!(order.body["name"], "Jung");
    assert_eq!(order.body["_links"]["self"]["href"], "/taxi/orders/1");
    let again = json!({"orderId": 1, "cardNo": 383_824_245_656_u64, "status": "valid"});
    assert_eq!(app.post("/taxi/paymentHistories", again).await.status, 201);
}

#[tokio::test]
async fn a_client_of_the_original_finds_every_path_at_the_root() {
    let app = TestApp::start();
    assert_eq!(app.post("/taxis", taxi()).await.header("location"), "/taxis/1");
    let order = app.post("/orders", json!({"orderType": "prime", "name": "Jung"})).await;
    assert_eq!(order.header("location"), "/orders/1");
    let mut position = order.header("x-madang-position").to_owned();
    let row = app.get(&format!("/mypages/1?at-least={position}")).await;
    assert_eq!((row.status.as_u16(), &row.body["name"]), (200, &json!("Jung")));
    let cancelled = app.patch("/orders/1", json!({"status": "cancelled"})).await;
    assert_eq!(cancelled.status, 200);
    assert_eq!(app.get("/orders/1").await.body["status"], "Cancelled");
    position = cancelled.header("x-madang-position").to_owned();
    let page = app.get(&format!("/mypages?name=Jung&at-least={position}")).await;
    assert_eq!(page.body["page"]["totalElements"], 1);
}

#[tokio::test]
async fn the_same_cancellation_twice_changes_nothing() {
    let app = TestApp::start();
    app.post("/taxi/orders", json!({"orderType": "basic", "name": "Jung"})).await;
    for _ in 0..2 {
        assert_eq!(app.post("/taxi/orders/1/cancel", json!({})).await.status, 200);
    }
}
