//! The history of an order, from the call to the refund, as clients see it.

use super::{Answered, TestApp};
use madang::config::Config;
use madang::http::PositionToken;
use reqwest::Method;
use serde_json::{Value, json};

fn order() -> Value {
    json!({"orderType": "basic", "name": "Jung"})
}

fn taxi(price: u32, stock: u32) -> Value {
    json!({"taxiName": "sonata", "companyName": "tmap", "stockCnt": stock, "itemPrice": price})
}

/// The settings of the payment port, as in the configuration.
fn payments(settings: &Value) -> impl FnOnce(&mut Config) {
    let settings = serde_json::from_value(settings.clone()).expect("settings of a port");
    move |config| drop(config.ports.insert("taxi/payment".into(), settings))
}

/// The statuses in the messages to the customer, in order, once there are this many messages.
async fn told(app: &TestApp, order: u64, count: usize) -> Vec<String> {
    loop {
        let page = app.get(&format!("/messages?orderId={order}&sort=id")).await;
        let messages = page.body["_embedded"]["messages"].as_array().expect("messages").clone();
        if messages.len() >= count {
            let status = |row: &Value| row["status"].as_str().unwrap_or_default().to_owned();
            return messages.iter().map(status).collect();
        }
        tokio::task::yield_now().await;
    }
}

/// Polls until the field has this value.
async fn becomes(app: &TestApp, path: &str, field: &str, expected: &str) -> Answered {
    loop {
        let answered = app.get(path).await;
        if answered.body[field] == expected {
            return answered;
        }
        tokio::task::yield_now().await;
    }
}

#[tokio::test]
async fn an_order_is_paid_reserved_confirmed_and_undone_completely() {
    let app = TestApp::start();
    app.post("/taxi/taxis", taxi(4900, 10)).await;
    app.post("/taxi/taxis", taxi(4500, 10)).await;
    let called = app.post("/taxi/orders", order()).await;
    assert_eq!((called.status.as_u16(), &called.body["status"]), (201, &json!("Paid")));
    assert_eq!(called.body["fare"], 3800);
    assert_eq!(app.get("/taxi/paymentHistories/1").await.body["status"], "Approved");
    assert_eq!(app.get("/taxi/payments/1").await.body["amount"], 3800);
    becomes(&app, "/taxi/reservations/1", "status", "Reservation Complete").await;

    let confirmed = app.patch("/taxi/reservations/1", json!({"status": "confirmed"})).await;
    assert_eq!((confirmed.status.as_u16(), &confirmed.body["taxiId"]), (200, &json!(2)));
    let order = becomes(&app, "/taxi/orders/1", "status", "Confirmed").await;
    assert_eq!(order.body["taxiId"], 2);
    assert_eq!(app.get("/taxi/taxis/2").await.body["stockCnt"], 9);

    let cancelled = app.patch("/taxi/orders/1", json!({"status": "cancelled"})).await;
    assert_eq!((cancelled.status.as_u16(), &cancelled.body["status"]), (200, &json!("Cancelled")));
    assert_eq!(app.get("/taxi/paymentHistories/1").await.body["status"], "Refunded");
    assert_eq!(app.get("/taxi/reservations/1").await.body["status"], "Cancelled");
    assert_eq!(app.get("/taxi/taxis/2").await.body["stockCnt"], 10);
    assert_eq!(app.get("/taxi/orders/1").await.body["status"], "Cancelled");
    let position = cancelled.header("x-madang-position");
    let row = app.get(&format!("/taxi/mypages/1?at-least={position}")).await;
    assert_eq!(row.body["status"], "Cancelled");
    assert_eq!(row.body["paymentStatus"], "Refunded");
    let told = told(&app, 1, 5).await;
    assert_eq!(told, ["Requested", "Paid", "Confirmed", "Cancelled", "Refunded"]);
    app.patch("/taxi/reservations/1", json!({"status": "confirmed"}))
        .await
        .is_problem(409, "rejected");
}

#[tokio::test]
async fn the_dispatcher_confirms_by_either_command_route_and_runs_out_of_taxis() {
    let app = TestApp::start();
    for number in 1..=3 {
        app.post("/orders", order()).await;
        becomes(&app, &format!("/reservations/{number}"), "status", "Reservation Complete").await;
    }
    let confirm = json!({"orderId": "1", "status": "confirmed"});
    let without = app.post("/reservations", confirm.clone()).await;
    assert_eq!((without.status.as_u16(), &without.body["taxiId"]), (201, &Value::Null));
    assert_eq!(app.post("/reservations", confirm).await.status, 201, "repeated");
    app.post("/taxis", taxi(4900, 1)).await;
    let chosen = app.patch("/reservations/2", json!({"status": "confirmed", "taxiId": 1})).await;
    assert_eq!((chosen.status.as_u16(), &chosen.body["taxiId"]), (200, &json!(1)));
    for words in [json!({"status": "confirmed"}), json!({"status": "confirmed", "taxiId": 1})] {
        app.patch("/reservations/3", words).await.is_problem(409, "refused");
        let stays = app.get("/reservations/3").await;
        assert_eq!(stays.body["status"], "Reservation Complete");
    }
    app.post("/reservations/3/confirm", json!({"taxiId": 9})).await.is_problem(409, "refused");
}

#[tokio::test]
async fn a_whole_representation_can_be_sent_back_changed() {
    let app = TestApp::start();
    app.post("/taxis", taxi(4900, 3)).await;
    app.post("/orders", order()).await;
    becomes(&app, "/reservations/1", "status", "Reservation Complete").await;
    let mut changed = app.get("/reservations/1").await.body;
    changed["status"] = json!("confirmed");
    assert_eq!(app.put("/reservations/1", changed).await.status, 200);
    let mut changed = app.get("/taxis/1").await.body;
    changed["itemPrice"] = json!("5100");
    let revised = app.put("/taxis/1", changed).await;
    assert_eq!((revised.status.as_u16(), &revised.body["itemPrice"]), (200, &json!(5100)));
    let mut changed = becomes(&app, "/orders/1", "status", "Confirmed").await.body;
    changed["status"] = json!("cancelled");
    assert_eq!(app.put("/orders/1", changed).await.status, 200);
    let rejected = app.get("/paymentHistories/1").await.body;
    app.post("/paymentHistories", rejected).await.is_problem(422, "malformed");
    app.put("/orders/1", json!({"status": "cancelled", "colour": 1}))
        .await
        .is_problem(422, "malformed");
}

#[tokio::test]
async fn every_link_can_be_followed() {
    let app = TestApp::start();
    app.post("/taxi/taxis", taxi(4900, 3)).await;
    for _ in 0..3 {
        app.post("/taxi/orders", order()).await;
    }
    let mut open = vec!["/".to_owned(), "/taxi/orders?size=1&page=1".to_owned()];
    let mut seen = std::collections::BTreeSet::new();
    while let Some(path) = open.pop() {
        if !seen.insert(path.clone()) {
            continue;
        }
        let answered = app.get(&path).await;
        assert_eq!(answered.status, 200, "{path}: {}", answered.body);
        let mut values = vec![&answered.body];
        while let Some(value) = values.pop() {
            match (value.get("href").and_then(Value::as_str), value) {
                (Some(href), _) if value["method"] == "POST" => {
                    let options = app.request(Method::OPTIONS, href);
                    let allow = Answered::of(options).await.header("allow").to_owned();
                    assert!(allow.contains("POST"), "{href}: {allow}");
                }
                (Some(_), _) if value["templated"] == true => {}
                (Some(href), _) => open.push(href.to_owned()),
                (None, Value::Object(fields)) => values.extend(fields.values()),
                (None, Value::Array(items)) => values.extend(items),
                _ => {}
            }
        }
    }
    assert!(seen.contains("/taxi/orders/3") && seen.contains("/taxi/availability/1"), "{seen:?}");
}

#[tokio::test]
async fn views_are_searched_sorted_and_waited_for() {
    let app = TestApp::start();
    let mut position = String::new();
    for (price, stock) in [(4900, 3), (4500, 0), (5500, 7)] {
        let taxi = app.post("/taxi/taxis", taxi(price, stock)).await;
        taxi.header("x-madang-position").clone_into(&mut position);
    }
    let numbers = |page: Answered| -> Vec<u64> {
        let rows = page.body["_embedded"]["availability"].as_array().expect("rows").clone();
        rows.iter().filter_map(|row| row["taxiId"].as_u64()).collect()
    };
    let search = async |query: &str| {
        numbers(app.get(&format!("/taxi/availability?at-least={position}{query}")).await)
    };
    assert_eq!(search("&sort=itemPrice").await, [2, 1, 3]);
    assert_eq!(search("&sort=itemPrice,desc&size=2").await, [3, 1]);
    assert_eq!(search("&stockCnt_from=1&sort=itemPrice").await, [1, 3]);
    assert_eq!(search("&companyName=tmap&itemPrice_to=4900").await, [1, 2]);
    assert_eq!(search("&companyName=kakao").await, [0; 0]);
    let request = app.request(Method::GET, "/taxi/availability/3");
    let waited = Answered::of(request.header("X-Madang-Position", &position)).await;
    assert_eq!((waited.status.as_u16(), &waited.body["stockCnt"]), (200, &json!(7)));
    let fields = app.get("/taxi/availability/search").await;
    let fields = fields.body["fields"].as_array().expect("fields").clone();
    let parameters = ["itemPrice", "itemPrice_from", "itemPrice_to"];
    let price = json!({"name": "itemPrice", "kind": "number", "parameters": parameters});
    assert!(fields.contains(&price), "{fields:?}");
    app.get("/taxi/availability?colour=red").await.is_problem(400, "bad-query");
}

#[tokio::test]
async fn a_view_that_is_behind_is_answered_503_with_retry_after() {
    let app = TestApp::start_with(|config| {
        config.http.wait_max_ms = 50;
        config.allow_faults = true;
    });
    // The order has its position at once. It is durable only after the commit.
    let slow = json!({"fault": "slow-journal", "by_ms": 5_000, "for_ms": 5_000});
    assert_eq!(app.post("/admin/faults", slow).await.status, 200);
    assert_eq!(app.post("/taxi/orders", order()).await.status, 202);
    let health = app.get("/actuator/health").await;
    let at = health.body["components"]["journal"]["details"]["submitted"].as_str();
    let at = PositionToken(at.and_then(|at| at.parse().ok()).expect("a position"));
    let early = app.get(&format!("/taxi/mypages?at-least={at}")).await;
    early.is_problem(503, "not-yet");
    assert_eq!(early.header("retry-after"), "1");
}

#[tokio::test]
async fn head_and_options_answer_without_a_body() {
    let app = TestApp::start();
    app.post("/taxi/orders", order()).await;
    for path in ["/taxi/orders/1", "/taxi/orders", "/taxi/mypages", "/actuator/health"] {
        let head = Answered::of(app.request(Method::HEAD, path)).await;
        assert_eq!((head.status.as_u16(), head.body), (200, Value::Null), "{path}");
        let options = Answered::of(app.request(Method::OPTIONS, path)).await;
        assert_eq!(options.status, 204, "{path}");
        assert!(options.header("allow").contains("GET"), "{path}");
    }
}

#[tokio::test]
async fn a_declined_payment_establishes_nothing() {
    let app = TestApp::start_with(payments(&json!({"decline_rate": 1.0})));
    let declined = app.post_once("/taxi/orders", "7f3", order()).await;
    declined.is_problem(402, "unpaid");
    assert_eq!(declined.header("x-correlation-id"), "1");
    app.post_once("/taxi/orders", "7f3", order()).await.is_problem(402, "unpaid");
    let stands = app.get("/taxi/orders/1").await;
    assert_eq!((stands.status.as_u16(), &stands.body["status"]), (200, &json!("Rejected")));
    app.get("/taxi/reservations/1").await.is_problem(404, "not-found");
    assert_eq!(app.get("/taxi/paymentHistories/1").await.body["status"], "Declined");
    assert_eq!(told(&app, 1, 2).await, ["Requested", "Rejected"]);
    app.post("/taxi/orders/1/cancel", json!({})).await.is_problem(409, "rejected");
}

#[tokio::test]
async fn a_payment_service_that_is_down_establishes_nothing_and_the_answer_has_retry_after() {
    let closed = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
    let url = format!("http://{}/", closed.local_addr().expect("an address"));
    drop(closed);
    let down = json!({"transport": "http", "url": url, "retries": 1, "backoff_ms": 1});
    let app = TestApp::start_with(payments(&down));
    let refused = app.post("/taxi/orders", order()).await;
    refused.is_problem(503, "unavailable");
    assert!(matches!(refused.header("retry-after"), "1" | "2"), "a short, spread time");
    assert_eq!(app.get("/taxi/orders/1").await.body["status"], "Rejected");
    app.get("/taxi/reservations/1").await.is_problem(404, "not-found");
}

#[tokio::test]
async fn an_order_that_may_be_deferred_is_accepted_and_finished_when_the_payment_is_back() {
    let reserved = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
    let address = reserved.local_addr().expect("an address");
    drop(reserved);
    let down = json!({"transport": "http", "url": format!("http://{address}/"), "fallback": "defer",
        "backoff_ms": 1, "backoff_max_ms": 20});
    let app = TestApp::start_with(|config| {
        config.http.wait_max_ms = 50;
        payments(&down)(config);
    });
    let accepted = app.post_once("/taxi/orders", "7f3", order()).await;
    assert_eq!((accepted.status.as_u16(), accepted.header("location")), (202, "/taxi/orders/1"));
    assert_eq!(accepted.body["status"], "Requested");
    let _provider = super::support::provider::Provider::start_at(address);
    becomes(&app, "/taxi/orders/1", "status", "Paid").await;
    let again = app.post_once("/taxi/orders", "7f3", order()).await;
    assert_eq!((again.status.as_u16(), again.header("location")), (202, "/taxi/orders/1"));
    assert_eq!(again.body["status"], "Requested", "a retry gets the first answer");
}

#[tokio::test]
async fn a_slow_payment_is_waited_for_up_to_wait_max() {
    let slow = json!({"latency_ms_min": 300, "latency_ms_max": 300});
    let app = TestApp::start_with(payments(&slow));
    assert_eq!(app.post("/taxi/orders", order()).await.status, 201);
    let app = TestApp::start_with(|config| {
        config.http.wait_max_ms = 50;
        payments(&slow)(config);
    });
    let accepted = app.post("/taxi/orders", order()).await;
    assert_eq!((accepted.status.as_u16(), accepted.header("location")), (202, "/taxi/orders/1"));
    let cancelled = app.post("/taxi/orders/1/cancel", json!({})).await;
    assert_eq!(cancelled.status, 202, "the payment is pending");
    becomes(&app, "/taxi/orders/1", "status", "Cancelled").await;
    becomes(&app, "/taxi/paymentHistories/1", "status", "Refunded").await;
}
