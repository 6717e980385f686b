//! The feed of events at `/events`: pages, streams, filters, and going on after a disconnection.

mod expiry;
mod pages;
mod stream;
mod streams;
#[path = "../support/mod.rs"]
mod support;

use reqwest::Client;
use serde_json::{Value, json};
use std::net::SocketAddr;

/// Orders a taxi and returns the number of the order.
async fn order(client: &Client, address: SocketAddr, name: &str) -> u64 {
    let order = json!({ "orderType": "basic", "name": name, "phone": "010" });
    let sent = client.post(format!("http://{address}/taxi/orders")).json(&order).send().await;
    let answer = sent.expect("it answers");
    assert_eq!(answer.status(), 201);
    let shown: Value = answer.json().await.expect("json");
    shown["id"].as_u64().expect("a number")
}

/// The events of a page, and the address of the next one.
async fn page(client: &Client, address: SocketAddr, path: &str) -> (Vec<Value>, String) {
    let answer = client.get(format!("http://{address}{path}")).send().await.expect("it answers");
    assert_eq!(answer.status(), 200, "{path}");
    let page: Value = answer.json().await.expect("json");
    let events = page["events"].as_array().expect("a list").clone();
    (events, page["_links"]["next"]["href"].as_str().expect("a link").to_owned())
}

/// All events at this path, page by page, until a page is empty.
async fn all(client: &Client, address: SocketAddr, path: &str) -> Vec<Value> {
    let (mut all, mut next) = (Vec::new(), path.to_owned());
    loop {
        let (events, after) = page(client, address, &next).await;
        if events.is_empty() {
            return all;
        }
        all.extend(events);
        next = after;
    }
}

fn id(event: &Value) -> &str {
    event["id"].as_str().expect("an id")
}
