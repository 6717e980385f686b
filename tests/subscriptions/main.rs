//! Persistent subscriptions over HTTP: consumers, parked events, webhooks, identity and bad input.

mod consumers;
mod durable;
mod history;
mod hostile;
mod identity;
mod parked;
mod sealed;
#[path = "../support/mod.rs"]
mod support;
mod webhooks;

use reqwest::{Client, Method, StatusCode};
use serde_json::{Value, json};
use std::net::SocketAddr;
use support::client;

/// A client of one server.
#[derive(Clone)]
struct Desk {
    client: Client,
    address: SocketAddr,
    token: Option<String>,
}

impl Desk {
    fn at(address: SocketAddr) -> Self {
        Self { client: client(), address, token: None }
    }

    fn with_token(&self, token: &str) -> Self {
        Self { token: Some(token.to_owned()), ..self.clone() }
    }

    async fn send(&self, method: Method, path: &str, body: &Value) -> (StatusCode, Value) {
        let request = self.client.request(method, format!("http://{}{path}", self.address));
        let request = if body.is_null() { request } else { request.json(body) };
        let request = match &self.token {
            Some(token) => request.bearer_auth(token),
            None => request,
        };
        let answer = request.send().await.expect("it answers");
        let status = answer.status();
        (status, answer.json().await.unwrap_or_default())
    }

    async fn get(&self, path: &str) -> Value {
        let (status, shown) = self.send(Method::GET, path, &Value::Null).await;
        assert_eq!(status, 200, "{path}: {shown}");
        shown
    }

    async fn post(&self, path: &str, body: Value) -> (StatusCode, Value) {
        self.send(Method::POST, path, &body).await
    }

    async fn put(&self, path: &str, body: Value) -> (StatusCode, Value) {
        self.send(Method::PUT, path, &body).await
    }

    /// Orders a taxi: two events of the order, and others.
    async fn order(&self, name: &str) {
        let order = json!({ "orderType": "basic", "name": name, "phone": "010" });
        assert_eq!(self.post("/taxi/orders", order).await.0, 201);
    }

    /// Creates the subscription `a` of the events of orders, from the beginning.
    async fn subscribe(&self) {
        let terms = json!({ "start": "beginning", "filter": { "aggregate": "orders" } });
        assert_eq!(self.put("/subscriptions/a", terms).await.0, 201);
    }

    /// Claims events of the subscription `a`: the lease, and the ids of the events.
    async fn claim(&self, body: Value) -> (String, Vec<String>) {
        let (status, claim) = self.post("/subscriptions/a/claim", body).await;
        assert_eq!(status, 200, "{claim}");
        let ids = claim["events"].as_array().expect("a list").iter();
        let ids = ids.map(|event| event["id"].as_str().expect("an id").to_owned());
        (claim["lease"].as_str().unwrap_or_default().to_owned(), ids.collect())
    }

    /// Acknowledges events of the subscription `a`; all when there are none named.
    async fn acknowledge(&self, lease: &str, ids: &[String]) -> (StatusCode, Value) {
        let mut body = json!({ "lease": lease });
        if !ids.is_empty() {
            body["events"] = json!(ids);
        }
        self.post("/subscriptions/a/ack", body).await
    }
}
