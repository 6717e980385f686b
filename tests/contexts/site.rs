//! A running application, and helpers of its operators and clients.

use crate::support::{
    client,
    inside::Running,
    process::assert_verified,
    suspension::{HANG, Shown, about, reads},
};
use madang::config::Config;
use reqwest::{Client, Method, Response};
use serde_json::Value;
use tempfile::TempDir;

/// An application in a folder of its own.
pub struct Site {
    running: Running,
    client: Client,
    /// Deleted when the application has stopped.
    data: TempDir,
}

impl Site {
    /// Starts only the call taxi, configured further by `change`.
    pub fn taxi(change: impl FnOnce(&mut Config)) -> Self {
        Self::all_six(|config| {
            config.only = vec!["taxi".into()];
            change(config);
        })
    }

    /// Starts all six businesses, configured by `change`.
    pub fn all_six(change: impl FnOnce(&mut Config)) -> Self {
        let data = tempfile::tempdir().expect("a temporary folder");
        let running = Running::serve(data.path(), change, madang::shipped);
        Self { running, client: client(), data }
    }

    /// Sends a body with this method.
    pub async fn send(&self, method: Method, path: &str, body: &Value) -> Response {
        let url = format!("http://{}{path}", self.running.address);
        self.client.request(method, url).json(body).send().await.expect("an answer")
    }

    /// Creates an aggregate.
    pub async fn create(&self, path: &str, body: &Value) {
        let created = self.send(Method::POST, path, body).await.status();
        assert!(matches!(created.as_u16(), 201 | 202), "{path}: {created}");
    }

    /// The representation at this path.
    pub async fn get(&self, path: &str) -> Value {
        self.send(Method::GET, path, &Value::Null).await.json().await.expect("json")
    }

    /// Suspends or resumes this component.
    pub async fn turn(&self, component: &str, turn: &str) {
        let path = format!("/admin/components/{component}/{turn}");
        assert_eq!(self.send(Method::POST, &path, &Value::Null).await.status(), 200);
    }

    /// Resumes this component, and waits until all deferred commands are delivered.
    pub async fn catch_up(&self, component: &str) {
        self.turn(component, "resume").await;
        let path = format!("/admin/components/{component}");
        while self.get(&path).await["waiting"]["commandsWaiting"] != 0 {
            tokio::task::yield_now().await;
        }
    }

    /// Polls until the field has this value.
    pub async fn becomes(&self, path: &str, field: &str, expected: &str) {
        let asking = async {
            while !self.is(path, field, expected).await {
                tokio::task::yield_now().await;
            }
        };
        let asked = tokio::time::timeout(HANG, asking).await;
        asked.unwrap_or_else(|_| panic!("{path}: {field} never becomes {expected}"));
    }

    /// Waits until this subscriber or view has read the whole journal.
    pub async fn has_caught_up(&self, part: &str) {
        let asking = async {
            loop {
                let health = self.get("/actuator/health").await;
                if health["components"][part]["details"]["behind"] == "0" {
                    return;
                }
                tokio::task::yield_now().await;
            }
        };
        let asked = tokio::time::timeout(HANG, asking).await;
        asked.unwrap_or_else(|_| panic!("{part} never catches up"));
    }

    async fn is(&self, path: &str, field: &str, expected: &str) -> bool {
        reads(&self.get(path).await[field], expected)
    }

    /// Waits until all these values are shown for this number.
    pub async fn shows(&self, number: u64, all: &[Shown<'_>]) {
        for (path, field, expected) in all {
            self.becomes(&about(path, number), field, expected).await;
        }
    }

    /// Checks that all these values are shown for this number now.
    pub async fn is_so(&self, number: u64, all: &[Shown<'_>]) {
        for (path, field, expected) in all {
            let path = about(path, number);
            assert!(self.is(&path, field, expected).await, "{path}: {field} is not {expected}");
        }
    }

    /// Stops the application and verifies its data.
    pub fn ends_well(self) {
        drop(self.running);
        assert_verified(self.data.path());
    }
}

/// Checks that the answer is 503 with this problem; returns its body.
pub async fn is_problem(response: Response, name: &str) -> Value {
    assert_eq!(response.status(), 503);
    assert!(response.headers().contains_key("retry-after"));
    assert_eq!(response.headers()["content-type"], "application/problem+json");
    let body: Value = response.json().await.expect("json");
    assert_eq!(body["type"], format!("/problems/{name}"));
    body
}
