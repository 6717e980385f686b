//! The first answer under an idempotency key is stored, and each retry gets it byte for byte.

mod bounded;
mod desk;
mod durable;
mod stored;
#[path = "../support/mod.rs"]
mod support;
mod undecided;

use reqwest::{Client, Method, StatusCode};
use std::time::Duration;

/// Longer than any step of a test; it only ends a test that fails.
pub(crate) const HANG: Duration = Duration::from_secs(60);

/// An answer as received: the status, the headers that describe the outcome, and the body.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Raw {
    pub(crate) status: StatusCode,
    headers: Vec<(String, String)>,
    body: Vec<u8>,
}

impl Raw {
    /// Submits this command under a key.
    pub(crate) async fn said(
        client: &Client,
        (method, url): (Method, String),
        key: Option<&str>,
        body: &str,
    ) -> Self {
        let request = client.request(method, url).header("content-type", "application/json");
        let request =
            key.into_iter().fold(request, |request, key| request.header("Idempotency-Key", key));
        let answer = request.body(body.to_owned()).send().await.expect("an answer");
        let (status, headers) = (answer.status(), answer.headers());
        let headers = headers.iter().filter(|(name, _)| *name != reqwest::header::DATE);
        let headers = headers.map(|(name, value)| {
            (name.to_string(), String::from_utf8_lossy(value.as_bytes()).into_owned())
        });
        // The order of the headers has no meaning and differs between processes.
        let mut headers: Vec<_> = headers.collect();
        headers.sort_unstable();
        Self { status, headers, body: answer.bytes().await.expect("a body").to_vec() }
    }

    pub(crate) fn header(&self, name: &str) -> &str {
        let header = self.headers.iter().find(|(known, _)| known == name);
        header.map_or("", |(_, value)| value)
    }

    pub(crate) fn body(&self) -> serde_json::Value {
        serde_json::from_slice(&self.body).unwrap_or_default()
    }
}
