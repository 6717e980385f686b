//! A running application under overload.

use crate::support::{client, inside::Running, suspension::HANG};
use madang::{config::Config, declarations::Declarations};
use reqwest::{Client, Method, RequestBuilder, Response};
use serde_json::{Value, json};
use std::future::Future;
use tempfile::TempDir;

/// An application in a folder of its own.
pub struct Site {
    running: Running,
    client: Client,
    /// Deleted when the application has stopped.
    _data: TempDir,
}

impl Site {
    /// Starts these businesses, configured by `change`.
    pub fn of(install: fn(&mut Declarations), change: impl FnOnce(&mut Config)) -> Self {
        let data = tempfile::tempdir().expect("a temporary folder");
        let running = Running::serve(data.path(), change, install);
        Self { running, client: client(), _data: data }
    }

    pub fn request(&self, method: Method, path: &str) -> RequestBuilder {
        self.client.request(method, format!("http://{}{path}", self.running.address))
    }

    pub async fn send(&self, method: Method, path: &str, body: &Value) -> Response {
        self.request(method, path).json(body).send().await.expect("an answer")
    }

    pub async fn post(&self, path: &str, body: &Value) -> Response {
        self.send(Method::POST, path, body).await
    }

    pub async fn get(&self, path: &str) -> Response {
        self.request(Method::GET, path).send().await.expect("an answer")
    }

    /// The representation at this path; reads are never rejected.
    pub async fn shown(&self, path: &str) -> Value {
        let response = self.get(path).await;
        assert_eq!(response.status(), 200, "{path}");
        response.json().await.expect("json")
    }

    /// The version at this path.
    pub async fn version(&self, path: &str) -> String {
        header(&self.get(path).await, "etag")
    }

    /// The number of aggregates.
    pub async fn total(&self, path: &str) -> u64 {
        let page = self.shown(path).await;
        page["page"]["totalElements"].as_u64().expect("a total")
    }
}

/// Sets the gate of this name, on top of its defaults.
pub fn set_gate(config: &mut Config, name: &str, settings: Value) {
    let settings = serde_json::from_value(settings).expect("settings of a gate");
    config.gates.insert(name.to_owned(), settings);
}

pub fn header(response: &Response, name: &str) -> String {
    let value = response.headers().get(name).and_then(|value| value.to_str().ok());
    value.unwrap_or_default().to_owned()
}

/// Checks that the answer is this problem with `Retry-After`; returns its body.
pub async fn is_problem(response: Response, status: u16, name: &str) -> Value {
    let told = (header(&response, "retry-after"), header(&response, "content-type"));
    let answered = response.status();
    let body: Value = response.json().await.expect("json");
    assert_eq!((answered.as_u16(), &body["type"]), (status, &json!(format!("/problems/{name}"))));
    assert!(told.0.parse::<u32>().is_ok_and(|seconds| seconds >= 1), "{told:?} {body}");
    assert_eq!(told.1, "application/problem+json");
    body
}

/// Repeats the attempt until it returns a value.
pub async fn until<T>(mut attempt: impl AsyncFnMut() -> Option<T>) -> T {
    let trying = async {
        loop {
            if let Some(done) = attempt().await {
                return done;
            }
            tokio::task::yield_now().await;
        }
    };
    within(trying).await
}

/// Waits for a future that must end.
pub async fn within<T>(future: impl Future<Output = T>) -> T {
    tokio::time::timeout(HANG, future).await.expect("the future ends in time")
}
