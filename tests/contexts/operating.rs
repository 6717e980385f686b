//! A suspension as operators and clients see it.

use crate::site::{Site, is_problem};
use reqwest::{Method, Response};
use serde_json::{Value, json};

impl Site {
    async fn order(&self) -> Response {
        let body = json!({"orderType": "basic", "name": "Jung"});
        self.send(Method::POST, "/taxi/orders", &body).await
    }

    /// The number of messages, once it has reached this count.
    async fn messages(&self, count: u64) -> u64 {
        loop {
            let total = self.get("/taxi/messages?size=1").await;
            let total = total["page"]["totalElements"].as_u64().expect("a total");
            if total >= count {
                return total;
            }
            tokio::task::yield_now().await;
        }
    }
}

fn position(response: &Response) -> String {
    response.headers()["x-madang-position"].to_str().unwrap().to_owned()
}

#[tokio::test]
async fn every_component_can_be_listed_suspended_and_resumed_by_its_name() {
    let taxi = Site::taxi(|_| {});
    let listed = taxi.get("/admin/components").await;
    let listed = listed["_embedded"]["components"].as_array().expect("components").clone();
    let kinds = |name: &str| {
        let component = listed.iter().find(|component| component["name"] == name).expect("listed");
        component["kinds"].clone()
    };
    assert_eq!(kinds("taxi/reservations"), json!(["aggregate"]));
    assert_eq!(kinds("taxi/mypages"), json!(["view"]));
    assert_eq!(kinds("taxi/payment"), json!(["port"]));
    assert_eq!(kinds("taxi/ride"), json!(["saga"]));
    for component in &listed {
        assert_eq!((&component["state"], &component["since"]), (&json!("RUNNING"), &Value::Null));
        let suspend = component["_links"]["suspend"]["href"].as_str().expect("can be suspended");
        assert_eq!(taxi.send(Method::GET, suspend, &Value::Null).await.status(), 405);
        let suspended: Value =
            taxi.send(Method::POST, suspend, &Value::Null).await.json().await.expect("json");
        assert_eq!(suspended["state"], "SUSPENDED");
        assert!(suspended["since"].as_str().is_some());
        let itself = component["_links"]["self"]["href"].as_str().expect("itself");
        assert_eq!(taxi.get(itself).await["since"], suspended["since"]);
        let resume = suspended["_links"]["resume"]["href"].as_str().expect("can be resumed");
        assert_eq!(taxi.send(Method::POST, resume, &Value::Null).await.status(), 200);
        assert_eq!(taxi.get(itself).await["state"], "RUNNING");
    }
    for path in ["/admin/components/taxi/nobody", "/admin/components/taxi/nobody/suspend"] {
        assert_eq!(taxi.send(Method::POST, path, &Value::Null).await.status(), 404);
    }
    assert_eq!(taxi.order().await.status(), 201, "the component works as before");
}

#[tokio::test]
async fn a_suspended_resource_is_readable_and_takes_no_commands_and_the_probes_stay_up() {
    let taxi = Site::taxi(|_| {});
    assert_eq!(taxi.order().await.status(), 201);
    taxi.turn("taxi/orders", "suspend").await;
    let refused = is_problem(taxi.order().await, "suspended").await;
    assert_eq!(refused["detail"], "taxi/orders is suspended");
    assert_eq!(taxi.get("/taxi/orders/1").await["status"], "Paid");
    assert_eq!(taxi.get("/taxi/orders").await["page"]["totalElements"], 1);
    let health = taxi.get("/actuator/health").await;
    assert_eq!(health["status"], "UP");
    assert_eq!(health["components"]["aggregate taxi/orders"]["status"], "OUT_OF_SERVICE");
    for probe in ["liveness", "readiness"] {
        assert_eq!(taxi.get(&format!("/actuator/health/{probe}")).await["status"], "UP");
    }
    taxi.turn("taxi/orders", "resume").await;
    assert_eq!(taxi.order().await.status(), 201);
}

#[tokio::test]
async fn a_suspended_view_serves_its_last_rows_with_a_header() {
    let taxi = Site::taxi(|_| {});
    let first = position(&taxi.order().await);
    let page = format!("/taxi/mypages/1?at-least={first}");
    assert_eq!(taxi.get(&page).await["status"], "Paid");
    taxi.turn("taxi/mypages", "suspend").await;
    let second = position(&taxi.order().await);
    let old = taxi.send(Method::GET, "/taxi/mypages", &Value::Null).await;
    assert_eq!(old.headers()["x-madang-suspended"], "taxi/mypages");
    assert_eq!(old.json::<Value>().await.expect("json")["page"]["totalElements"], 1);
    let newer = format!("/taxi/mypages?at-least={second}");
    is_problem(taxi.send(Method::GET, &newer, &Value::Null).await, "suspended").await;
    taxi.turn("taxi/mypages", "resume").await;
    assert_eq!(taxi.get(&newer).await["page"]["totalElements"], 2);
}

#[tokio::test]
async fn payments_refused_while_the_port_is_suspended_are_503_and_fine_afterwards() {
    let taxi = Site::taxi(|_| {});
    taxi.turn("taxi/payment", "suspend").await;
    // More orders than the limit of unfinished effects without a waiting client. None of them
    // leaves a refund.
    for _ in 0..1_100 {
        is_problem(taxi.order().await, "unavailable").await;
    }
    taxi.turn("taxi/payment", "resume").await;
    assert_eq!(taxi.order().await.status(), 201);
    assert_eq!(taxi.get("/taxi/paymentHistories/1101").await["status"], "Approved");
    taxi.becomes("/actuator/health", "status", "UP").await;
    while taxi.get("/admin/components/taxi/payment").await["waiting"]["underWay"] != 0 {
        tokio::task::yield_now().await;
    }
}

#[tokio::test]
async fn payments_that_can_be_deferred_wait_for_a_suspended_port() {
    let deferred = json!({"fallback": "defer"});
    let taxi = Site::taxi(|config| {
        let port = serde_json::from_value(deferred).expect("settings of a port");
        config.ports.insert("taxi/payment".into(), port);
        config.http.wait_max_ms = 20;
    });
    taxi.turn("taxi/payment", "suspend").await;
    for _ in 0..5 {
        assert_eq!(taxi.order().await.status(), 202);
    }
    taxi.turn("taxi/payment", "resume").await;
    for number in 1..=5 {
        taxi.becomes(&format!("/taxi/orders/{number}"), "status", "Paid").await;
    }
}

#[tokio::test]
async fn messages_wait_for_their_suspended_port_and_are_sent_once() {
    let taxi = Site::taxi(|_| {});
    taxi.turn("taxi/sms", "suspend").await;
    for _ in 0..200 {
        assert_eq!(taxi.order().await.status(), 201);
    }
    assert_eq!(taxi.messages(0).await, 0);
    taxi.turn("taxi/sms", "resume").await;
    // One for the call and one for the payment.
    assert_eq!(taxi.messages(400).await, 400);
}

#[tokio::test]
async fn a_lookup_waits_for_its_suspended_view() {
    let taxi = Site::taxi(|config| config.http.wait_max_ms = 20);
    let fleet = json!({"taxiName": "sonata", "companyName": "tmap", "stockCnt": 1, "itemPrice": 1});
    taxi.send(Method::POST, "/taxi/taxis", &fleet).await;
    let ordered = taxi.order().await;
    assert!(ordered.status().is_success());
    taxi.becomes("/taxi/reservations/1", "status", "Reservation Complete").await;
    taxi.turn("taxi/availability", "suspend").await;
    let confirm = json!({"status": "confirmed"});
    let confirmed = taxi.send(Method::PATCH, "/taxi/reservations/1", &confirm).await;
    assert_eq!(confirmed.status(), 202, "the cheapest taxi is sought");
    taxi.turn("taxi/availability", "resume").await;
    taxi.becomes("/taxi/orders/1", "status", "Confirmed").await;
}

#[tokio::test]
async fn a_view_without_events_of_interest_reaches_every_position() {
    let taxi = Site::taxi(|_| {});
    let mut last = String::new();
    for _ in 0..5 {
        last = position(&taxi.order().await);
    }
    let page = taxi.get(&format!("/taxi/availability?at-least={last}")).await;
    assert_eq!(page["page"]["totalElements"], 0);
    // The records that follow the last order may not be written yet.
    taxi.has_caught_up("view taxi/availability").await;
}
