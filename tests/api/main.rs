//! The HTTP API of the call taxi, over a real port.

mod http;
mod story;
#[path = "../support/mod.rs"]
mod support;
mod words;

use madang::config::Config;
use reqwest::{Client, Method, RequestBuilder, Response, StatusCode};
use serde_json::Value;
use support::inside::Running;

/// A running application and a client.
pub(crate) struct TestApp {
    running: Running,
    client: Client,
}

/// An answer.
pub(crate) struct Answered {
    pub(crate) status: StatusCode,
    headers: reqwest::header::HeaderMap,
    pub(crate) body: Value,
}

impl TestApp {
    pub(crate) fn start() -> Self {
        Self::start_with(|_| {})
    }

    /// Starts the application, configured further by `change`.
    pub(crate) fn start_with(change: impl FnOnce(&mut Config)) -> Self {
        Self { running: Running::start(change), client: support::client() }
    }

    pub(crate) fn request(&self, method: Method, path: &str) -> RequestBuilder {
        self.client.request(method, format!("http://{}{path}", self.running.address))
    }

    pub(crate) async fn get(&self, path: &str) -> Answered {
        Answered::of(self.request(Method::GET, path)).await
    }

    pub(crate) async fn post(&self, path: &str, body: Value) -> Answered {
        Answered::of(self.request(Method::POST, path).json(&body)).await
    }

    pub(crate) async fn patch(&self, path: &str, body: Value) -> Answered {
        Answered::of(self.request(Method::PATCH, path).json(&body)).await
    }

    pub(crate) async fn put(&self, path: &str, body: Value) -> Answered {
        Answered::of(self.request(Method::PUT, path).json(&body)).await
    }

    pub(crate) async fn post_once(&self, path: &str, key: &str, body: Value) -> Answered {
        let request = self.request(Method::POST, path).header("Idempotency-Key", key);
        Answered::of(request.json(&body)).await
    }
}

impl Answered {
    pub(crate) async fn of(request: RequestBuilder) -> Self {
        let response: Response = request.send().await.expect("an answer");
        let (status, headers) = (response.status(), response.headers().clone());
        let body = response.bytes().await.expect("a body");
        let body = serde_json::from_slice(&body).unwrap_or(Value::Null);
        Self { status, headers, body }
    }

    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default()
    }

    #[track_caller]
    pub(crate) fn is_problem(&self, status: u16, name: &str) {
        assert_eq!(self.status, status, "{}", self.body);
        assert_eq!(self.header("content-type"), "application/problem+json");
        assert_eq!(self.body["type"], format!("/problems/{name}"));
        assert_eq!(self.body["status"], status);
        assert!(self.body["detail"].as_str().is_some_and(|sentence| !sentence.is_empty()));
    }
}
