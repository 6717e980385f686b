//! What to send, how often, and for how long.

use clap::Parser;
use std::{error::Error, path::PathBuf};

/// Loads an HTTP server and tells how each class of answers fared, as JSON.
#[derive(Debug, Parser)]
pub struct Options {
    /// Where to send requests; `{n}` in the path is the number of the request
    pub url: String,
    /// Users at once; with --rate, requests under way at once
    #[arg(long, default_value_t = 100)]
    pub users: usize,
    /// Requests that fall due each second; without it, users ask as soon as they are answered
    #[arg(long)]
    pub rate: Option<f64>,
    /// How long
    #[arg(long, default_value_t = 10.0)]
    pub seconds: f64,
    /// Send no more requests than these, not counting those who come back
    #[arg(long)]
    pub count: Option<u64>,
    /// POST when there is a body, GET otherwise, or what is said here
    #[arg(long)]
    pub method: Option<String>,
    /// JSON; `{n}` in it is the number of the request
    #[arg(long)]
    pub body: Option<String>,
    /// A header, as `name: value`; may be repeated, `{n}` is the number of the request
    #[arg(long)]
    pub header: Vec<String>,
    /// The number of the first request
    #[arg(long, default_value_t = 1)]
    pub from: u64,
    /// Who is turned away with 429 or 503 waits as told, and asks once more
    #[arg(long)]
    pub obey_retry_after: bool,
    /// Count the answers that took longer
    #[arg(long, default_value_t = 1_000)]
    pub slower_than_ms: u64,
    /// An answer that takes longer is lost
    #[arg(long, default_value_t = 120)]
    pub timeout_s: u64,
    /// Write the location of everything created or accepted into this file, a line each
    #[arg(long, value_name = "FILE")]
    pub created: Option<PathBuf>,
    /// Tell what was answered in each tenth of a second
    #[arg(long)]
    pub timeline: bool,
}

/// A request in which only numbers are missing.
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
    /// When the address is none of HTTP.
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

    /// Host and port.
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
