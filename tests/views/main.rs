//! Reads: searches and rebuilds of views, whole conversations, and pages for browsers.

mod conversations;
mod healing;
mod hostile;
mod pages;
mod rebuilding;
mod search;
#[path = "../support/mod.rs"]
mod support;
mod table;

use madang::http::PositionToken;
use reqwest::{Client, Method, RequestBuilder, StatusCode, header::HeaderMap};
use serde_json::{Value, json};
use std::path::Path;
use support::inside::Running;

/// A running application and a client.
struct Reader {
    running: Running,
    client: Client,
}

/// An answer.
struct Answered {
    status: StatusCode,
    headers: HeaderMap,
    text: String,
    body: Value,
}

impl Reader {
    /// Starts the application in a folder of its own.
    fn start() -> Self {
        Self { running: Running::start(|_| {}), client: support::client() }
    }

    /// Starts the application in this folder.
    fn start_in(data: &Path) -> Self {
        let data = data.to_owned();
        let running = Running::start(move |config| config.data = data);
        Self { running, client: support::client() }
    }

    fn request(&self, method: Method, path: &str) -> RequestBuilder {
        self.client.request(method, format!("http://{}{path}", self.running.address))
    }

    async fn get(&self, path: &str) -> Answered {
        Answered::of(self.request(Method::GET, path)).await
    }

    async fn get_as(&self, path: &str, accept: &str) -> Answered {
        Answered::of(self.request(Method::GET, path).header("Accept", accept)).await
    }

    async fn post(&self, path: &str, body: Value) -> Answered {
        Answered::of(self.request(Method::POST, path).json(&body)).await
    }

    /// Calls a taxi; returns the position of the payment.
    async fn call(&self, name: &str) -> PositionToken {
        let order = json!({ "orderType": "basic", "name": name, "phone": "010" });
        let answered = self.post("/taxi/orders", order).await;
        assert_eq!(answered.status, 201, "{}", answered.text);
        answered.position()
    }
}

impl Answered {
    async fn of(request: RequestBuilder) -> Self {
        let response = request.send().await.expect("an answer");
        let (status, headers) = (response.status(), response.headers().clone());
        let text = response.text().await.expect("a body");
        let body = serde_json::from_str(&text).unwrap_or(Value::Null);
        Self { status, headers, text, body }
    }

    fn header(&self, name: &str) -> &str {
        self.headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default()
    }

    fn position(&self) -> PositionToken {
        self.header("x-madang-position").parse().expect("a position")
    }

    /// The rows or records of a page.
    fn rows(&self, name: &str) -> &[Value] {
        self.body["_embedded"][name].as_array().map_or(&[], Vec::as_slice)
    }

    fn numbers(&self, name: &str) -> Vec<u64> {
        self.rows(name).iter().filter_map(|row| row["id"].as_u64()).collect()
    }
}
