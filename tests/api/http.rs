//! The rules for every resource: keys, versions, pages, problems and limits.

use super::{Answered, TestApp};
use reqwest::Method;
use serde_json::{Value, json};

fn taxi() -> Value {
    json!({"taxiName": "sonata", "companyName": "tmap", "stockCnt": 10, "itemPrice": 4900})
}

#[tokio::test]
async fn the_same_key_is_answered_the_same_and_another_request_under_it_is_refused() {
    let app = TestApp::start();
    for _ in 0..2 {
        let answered = app.post_once("/taxi/taxis", "7f3", taxi()).await;
        assert_eq!((answered.status.as_u16(), answered.header("location")), (201, "/taxi/taxis/1"));
    }
    let mut other = taxi();
    other["itemPrice"] = json!(5000);
    app.post_once("/taxi/taxis", "7f3", other).await.is_problem(422, "key-reused");
    app.post_once("/taxi/taxis", "not visible", taxi()).await.is_problem(400, "bad-request");
    assert_eq!(app.get("/taxi/taxis").await.body["page"]["totalElements"], 1);
}

#[tokio::test]
async fn a_version_makes_a_read_and_a_command_conditional() {
    let app = TestApp::start();
    let order = app.post("/taxi/orders", json!({"orderType": "basic", "name": "Jung"})).await;
    assert!(order.header("etag").starts_with('"'));
    let shown = app.get("/taxi/orders/1").await;
    let etag = shown.header("etag").to_owned();
    let again = app.request(Method::GET, "/taxi/orders/1").header("If-None-Match", etag);
    assert_eq!(Answered::of(again).await.status, 304);
    let late = app.request(Method::POST, "/taxi/orders/1/cancel").header("If-Match", "\"999\"");
    Answered::of(late).await.is_problem(412, "version-differs");
    let wrong = app.request(Method::POST, "/taxi/orders/1/cancel").header("If-Match", "999");
    Answered::of(wrong).await.is_problem(400, "bad-request");
}

#[tokio::test]
async fn a_conditional_command_is_answered_again_after_the_version_has_changed() {
    let app = TestApp::start_with(|config| {
        config.only = vec!["phone".into()];
        config.businesses.insert("phone".into(), json!({"auto_ship": false}));
    });
    app.post("/phone/orders", json!({"item": "GX Note99", "qty": 1, "price": 990_000})).await;
    let paid = app.get("/phone/payments/1").await;
    let cancel = |key| {
        let request = app.request(Method::PATCH, "/phone/payments/1");
        let request = request.json(&json!({"process": "OrderCancelled"}));
        Answered::of(request.header("If-Match", paid.header("etag")).header("Idempotency-Key", key))
    };
    let first = cancel("7f3").await;
    assert_eq!(first.status, 200, "{}", first.body);
    assert_ne!(first.header("etag"), paid.header("etag"));
    let again = cancel("7f3").await;
    assert_eq!((again.status.as_u16(), &again.body), (200, &first.body));
    cancel("7f4").await.is_problem(412, "version-differs");
}

#[tokio::test]
async fn answers_that_depend_on_the_header_accept_carry_vary() {
    let app = TestApp::start();
    let created = app.post("/taxi/taxis", taxi()).await;
    assert_eq!(created.header("vary"), "Accept");
    for path in ["/taxi/taxis", "/taxi/taxis/1", "/taxi/mypages"] {
        assert_eq!(app.get(path).await.header("vary"), "Accept", "{path}");
    }
}

#[tokio::test]
async fn a_collection_is_read_page_by_page() {
    let app = TestApp::start();
    for _ in 0..5 {
        app.post("/taxi/taxis", taxi()).await;
    }
    let page = app.get("/taxi/taxis?page=1&size=2").await;
    assert_eq!(page.body["_embedded"]["taxis"].as_array().map(Vec::len), Some(2));
    let expected = json!({"size": 2, "totalElements": 5, "totalPages": 3, "number": 1});
    assert_eq!(page.body["page"], expected);
    for query in ["size=0", "size=201", "page=-1", "sort=,", "colour=red"] {
        app.get(&format!("/taxi/taxis?{query}")).await.is_problem(400, "bad-query");
    }
}

#[tokio::test]
async fn every_kind_of_error_is_a_problem_of_its_own() {
    let app = TestApp::start();
    app.get("/nowhere").await.is_problem(404, "unknown-path");
    app.get("/taxi/orders/1").await.is_problem(404, "not-found");
    app.get("/taxi/orders/one").await.is_problem(404, "not-found");
    app.post("/taxi/orders", json!({"colour": 1})).await.is_problem(422, "malformed");
    let typeless = || app.request(Method::POST, "/taxi/orders");
    let post = || typeless().header("Content-Type", "application/json");
    Answered::of(post().body("{")).await.is_problem(400, "syntax");
    Answered::of(post().body(vec![0xff])).await.is_problem(400, "syntax");
    Answered::of(typeless().form(&[("a", "b")])).await.is_problem(415, "media-type");
    Answered::of(typeless().body("{}")).await.is_problem(415, "media-type");
    Answered::of(post().body(vec![b' '; 65 * 1024])).await.is_problem(413, "too-large");
    Answered::of(post().body("[".repeat(1_000))).await.is_problem(422, "malformed");
    let delete = Answered::of(app.request(Method::DELETE, "/taxi/orders")).await;
    delete.is_problem(405, "method-not-allowed");
    assert!(delete.header("allow").contains("POST"));
    assert_eq!(app.get("/problems/too-large").await.body["status"], 413);
}

#[tokio::test]
async fn a_conversation_keeps_its_name_and_its_trace() {
    let app = TestApp::start();
    let request = app
        .request(Method::GET, "/nowhere")
        .header("X-Correlation-Id", "ride-1")
        .header("traceparent", "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01");
    let answered = Answered::of(request).await;
    assert_eq!(answered.header("x-correlation-id"), "ride-1");
    assert_eq!(answered.body["correlation"], "ride-1");
    assert!(answered.header("traceparent").starts_with("00-4bf92f3577b34da6a3ce929d0e0e4736-"));
}

#[tokio::test]
async fn operators_see_that_all_is_well() {
    let app = TestApp::start();
    assert_eq!(app.get("/actuator/health").await.body["status"], "UP");
    assert_eq!(app.get("/actuator/health/liveness").await.status, 200);
    assert_eq!(app.get("/actuator/health/readiness").await.status, 200);
    assert_eq!(app.get("/admin/quarantine").await.body["_embedded"]["quarantine"], json!([]));
    assert_eq!(app.get("/").await.body["_links"]["taxi/orders"]["href"], "/taxi/orders");
    let release = app.post("/admin/quarantine/taxi/orders/1/release", json!({})).await;
    release.is_problem(404, "not-found");
}
