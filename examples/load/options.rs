//! The options of the load: the request, the rate and the duration.

use clap::Parser;
use std::{error::Error, path::PathBuf};

/// Loads an HTTP server and reports the latency of each class of answers, as JSON.
#[derive(Debug, Parser)]
pub struct Options {
    /// The URL of the requests; `{n}` in the path is the number of the request
    pub url: String,
    /// Concurrent users; with --rate, concurrent requests
    #[arg(long, default_value_t = 100)]
    pub users: usize,
    /// Requests due per second; without it, users send the next request after the answer
    #[arg(long)]
    pub rate: Option<f64>,
    /// The duration in seconds
    #[arg(long, default_value_t = 10.0)]
    pub seconds: f64,
    /// The most requests to send, without retries
    #[arg(long)]
    pub count: Option<u64>,
    /// The method; the default is POST with a body and GET without one
    #[arg(long)]
    pub method: Option<String>,
    /// The body, JSON; `{n}` in it is the number of the request
    #[arg(long)]
    pub body: Option<String>,
    /// A header, as `name: value`; may be repeated, `{n}` is the number of the request
    #[arg(long)]
    pub header: Vec<String>,
    /// The number of the first request
    #[arg(long, default_value_t = 1)]
    pub from: u64,
    /// A client that gets 429 or 503 waits for `Retry-After` and retries once
    #[arg(long)]
    pub obey_retry_after: bool,
    /// Count the answers that took longer, in milliseconds
    #[arg(long, default_value_t = 1_000)]
    pub slower_than_ms: u64,
    /// The time after which an answer counts as lost, in seconds
    #[arg(long, default_value_t = 120)]
    pub timeout_s: u64,
    /// Write the location of every created or accepted resource into this file, one per line
    #[arg(long, value_name = "FILE")]
    pub created: Option<PathBuf>,
    /// Report the answers of each tenth of a second
    #[arg(long)]
    pub timeline: bool,
}

/// A request without its number.
pub struct Template {
    address: String,
    path: String,
    method: String,
    headers: String,
    body: String,
}

const NUMBER: &str = "{n}";

impl Template {
    /// # Errors
    /// When the address is not an HTTP address.
    pub fn new(options: &Options) -> Result<Self, Box<dyn Error>> {
        let rest = options.url.strip_prefix("http://").ok_or("the address begins with http://")?;
        let (address, path) = rest.split_once('/').unwrap_or((rest, ""));
        let body = options.body.clone().unwrap_or_default();
        let usual = if body.is_empty() { "GET" } else { "POST" };
        let mut headers = format!("Host: {address}\r\n");
        for header in &options.header {
            headers.push_str(header);
            headers.push_str("\r\n");
        }
        if !body.is_empty() {
            headers.push_str("Content-Type: application/json\r\n");
        }
        Ok(Self {
            address: address.to_owned(),
            path: format!("/{path}"),
            method: options.method.clone().unwrap_or_else(|| usual.to_owned()),
            headers,
            body,
        })
    }

    /// The host and the port.
    pub fn address(&self) -> &str {
        &self.address
    }

    /// The bytes of the request with this number.
    pub fn request(&self, number: u64) -> Vec<u8> {
        let number = number.to_string();
        let with_number = |text: &str| text.replace(NUMBER, &number);
        let Self { method, path, headers, body, .. } = self;
        let (path, headers, body) = (with_number(path), with_number(headers), with_number(body));
        let length = body.len();
        format!("{method} {path} HTTP/1.1\r\n{headers}Content-Length: {length}\r\n\r\n{body}")
            .into()
    }
}
