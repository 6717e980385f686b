//! Webhooks: signed deliveries, retries, parked events, the order of each aggregate.

use super::Desk;
use crate::support::inside::Running;
use actix_web::{App, HttpRequest, HttpResponse, HttpServer, dev::ServerHandle, web};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use madang::actors::GateSettings;
use ring::hmac;
use serde_json::{Value, json};
use std::{
    net::SocketAddr,
    sync::{Arc, Mutex, mpsc},
};

pub const KEY: &[u8] = b"a key of at least 24 bytes";

/// A delivery as it arrived: whether its signature is right, its id, and the event.
pub type Delivery = (bool, String, Value);

/// Decides the status of a delivery: the event, and how often it arrived before.
pub type Decide = fn(&Value, usize) -> u16;

/// A receiver of deliveries.
pub struct Receiver {
    address: SocketAddr,
    arrived: Arc<Mutex<Vec<Delivery>>>,
    handle: ServerHandle,
}

impl Receiver {
    pub fn start(decide: Decide) -> Self {
        let arrived = Arc::<Mutex<Vec<Delivery>>>::default();
        let shared = Arc::clone(&arrived);
        let (sender, receiver) = mpsc::channel();
        std::thread::spawn(move || {
            actix_web::rt::System::new().block_on(async move {
                let server = HttpServer::new(move || {
                    let shared = Arc::clone(&shared);
                    let handler = move |request: HttpRequest, body: String| {
                        let status = arrive(&shared, &request, &body, decide);
                        let status = actix_web::http::StatusCode::from_u16(status).unwrap();
                        std::future::ready(HttpResponse::new(status))
                    };
                    App::new().default_service(web::post().to(handler))
                });
                let server = server.workers(1).bind("127.0.0.1:0").unwrap();
                let address = server.addrs()[0];
                let server = server.disable_signals().run();
                sender.send((address, server.handle())).unwrap();
                server.await.unwrap();
            });
        });
        let (address, handle) = receiver.recv().unwrap();
        Self { address, arrived, handle }
    }

    pub fn terms(&self) -> Value {
        let secret = format!("whsec_{}", STANDARD.encode(KEY));
        let url = format!("http://{}/hook?secret=of-the-path", self.address);
        json!({ "start": "beginning", "filter": { "aggregate": "orders" }, "url": url, "secret": secret })
    }

    pub fn arrived(&self) -> Vec<Delivery> {
        self.arrived.lock().unwrap().clone()
    }
}

impl Drop for Receiver {
    fn drop(&mut self) {
        drop(self.handle.stop(false));
    }
}

fn arrive(
    arrived: &Mutex<Vec<Delivery>>,
    request: &HttpRequest,
    body: &str,
    decide: Decide,
) -> u16 {
    let header = |name: &str| request.headers().get(name).unwrap().to_str().unwrap().to_owned();
    let (id, time) = (header("webhook-id"), header("webhook-timestamp"));
    let key = hmac::Key::new(hmac::HMAC_SHA256, KEY);
    let expected = hmac::sign(&key, format!("{id}.{time}.{body}").as_bytes());
    let is_signed = header("webhook-signature") == format!("v1,{}", STANDARD.encode(expected));
    let event: Value = serde_json::from_str(body).unwrap();
    let mut arrived = arrived.lock().unwrap();
    let before = arrived.iter().filter(|(_, other, _)| *other == id).count();
    let status = decide(&event, before);
    arrived.push((is_signed, id, event));
    status
}

/// Waits until the figures of the subscription are like this.
pub async fn until(desk: &Desk, is_reached: impl Fn(&Value) -> bool) -> Value {
    loop {
        let shown = desk.get("/subscriptions/a").await;
        if is_reached(&shown) {
            return shown;
        }
        tokio::task::yield_now().await;
    }
}

#[tokio::test]
async fn each_event_is_delivered_signed_and_again_after_a_failure_in_the_order_of_its_aggregate() {
    // The first event of the first order fails once.
    let is_first = |event: &Value| {
        event["source"] == "/taxi/orders/1" && event["type"] == "taxi.orders.Called"
    };
    let receiver = Receiver::start(|event, before| {
        let fails = event["source"] == "/taxi/orders/1" && event["type"] == "taxi.orders.Called";
        if fails && before == 0 { 500 } else { 204 }
    });
    let app = Running::start(|_| {});
    let desk = Desk::at(app.address);
    desk.order("Kim").await;
    desk.order("Lee").await;
    let (status, shown) = desk.put("/subscriptions/a", receiver.terms()).await;
    assert_eq!(status, 201);
    assert!(shown.get("secret").is_none(), "the client knows it: {shown}");
    let shown =
        until(&desk, |shown| shown["lag"]["events"] == 0 && shown["lag"]["isExact"] == true).await;
    assert_eq!(shown["parked"], 0);
    let arrived = receiver.arrived();
    assert_eq!(arrived.len(), 5, "four events, one of them twice");
    assert!(arrived.iter().all(|(is_signed, id, event)| *is_signed && event["id"] == *id));
    let failed: Vec<_> = arrived.iter().filter(|(_, _, event)| is_first(event)).collect();
    assert_eq!((failed.len(), failed[0] == failed[1]), (2, true), "the same delivery again");
    let of_kim = arrived.iter().filter(|(_, _, event)| event["source"] == "/taxi/orders/1");
    let types: Vec<_> = of_kim.map(|(_, _, event)| event["type"].as_str().unwrap()).collect();
    assert_eq!(types, ["taxi.orders.Called", "taxi.orders.Called", "taxi.orders.Paid"]);
    let (status, _) = desk.post("/subscriptions/a/claim", json!({})).await;
    assert_eq!(status, 409, "its events are not claimed");
    let gate = desk.get("/admin/gates/subscriptions%2Fa").await;
    assert_eq!(gate["letThrough"], 5);
}

#[tokio::test]
async fn an_event_that_is_refused_too_often_is_parked_with_those_behind_it() {
    let receiver =
        Receiver::start(|event, _| if event["source"] == "/taxi/orders/1" { 422 } else { 200 });
    let app = Running::start(|_| {});
    let desk = Desk::at(app.address);
    desk.order("Kim").await;
    desk.order("Lee").await;
    let mut terms = receiver.terms();
    terms["attemptsMax"] = json!(1);
    assert_eq!(desk.put("/subscriptions/a", terms).await.0, 201);
    until(&desk, |shown| shown["parked"] == 2 && shown["lag"]["events"] == 0).await;
    let parked = desk.get("/subscriptions/a/parked").await;
    assert!(
        parked["parked"]
            .as_array()
            .unwrap()
            .iter()
            .all(|it| it["event"]["source"] == "/taxi/orders/1")
    );
    assert_eq!(receiver.arrived().len(), 3, "the event behind it was not sent");
}

#[tokio::test]
async fn a_secret_that_the_server_made_is_shown_once() {
    let receiver = Receiver::start(|_, _| 200);
    let app = Running::start(|_| {});
    let desk = Desk::at(app.address);
    let mut terms = receiver.terms();
    terms.as_object_mut().unwrap().remove("secret");
    let (_, created) = desk.put("/subscriptions/a", terms.clone()).await;
    assert!(created["secret"].as_str().unwrap().starts_with("whsec_"));
    let (status, again) = desk.put("/subscriptions/a", terms).await;
    assert_eq!((status.as_u16(), again.get("secret")), (200, None));
    for path in ["/subscriptions/a", "/subscriptions"] {
        assert!(!desk.get(path).await.to_string().contains("whsec_"), "{path}");
    }
}

#[tokio::test]
async fn a_redirect_is_not_followed_and_a_deleted_subscription_sends_nothing() {
    let receiver = Receiver::start(|_, _| 307);
    let app = Running::start(|_| {});
    let desk = Desk::at(app.address);
    desk.order("Kim").await;
    let mut terms = receiver.terms();
    terms["attemptsMax"] = json!(1);
    desk.put("/subscriptions/a", terms).await;
    until(&desk, |shown| shown["parked"] == 2).await;
    let deleted = desk.send(reqwest::Method::DELETE, "/subscriptions/a", &Value::Null).await;
    assert_eq!(deleted.0, 204);
    assert_eq!(receiver.arrived().len(), 1);
    while desk.send(reqwest::Method::GET, "/admin/gates/subscriptions%2Fa", &Value::Null).await.0
        != 404
    {}
}

#[tokio::test]
async fn the_gate_of_a_webhook_has_the_settings_of_its_section() {
    let receiver = Receiver::start(|_, _| 204);
    let app = Running::start(|config| {
        let settings = GateSettings { concurrency_max: Some(3), ..GateSettings::default() };
        config.gates.insert("subscriptions/a".to_owned(), settings);
    });
    let desk = Desk::at(app.address);
    let terms = receiver.terms();
    for (path, expected) in [("/subscriptions/a", 3), ("/subscriptions/b", 8)] {
        assert_eq!(desk.put(path, terms.clone()).await.0, 201);
        let gate = format!("/admin/gates/{}", path[1..].replace('/', "%2F"));
        // The gate is built when the thread of the webhooks has seen the subscription.
        let shown = loop {
            let (status, shown) = desk.send(reqwest::Method::GET, &gate, &Value::Null).await;
            if status == 200 {
                break shown;
            }
            tokio::task::yield_now().await;
        };
        assert_eq!(shown["settings"]["concurrency_max"], expected, "{shown}");
    }
}
