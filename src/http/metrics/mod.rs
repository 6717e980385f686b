//! The figures of the server for Prometheus, at [`METRICS`].
//!
//! ```text
//! handler, or listener ─▶ Metrics ─▶ figures of traffic, runtime and process ─▶ encoding
//! ```

mod encoding;
mod listener;
mod settings;

pub use listener::start;
pub use settings::MetricsSettings;

use crate::{
    actors::{RequestError, Runtime},
    http::{response::Response, traffic::Traffic},
    inbound::problem::Problem,
    metrics::{Families, Process},
};
use actix_http::{StatusCode, header::HeaderMap};
use encoding::Format;
use std::sync::Arc;
use tokio::sync::Mutex;

/// The path of the figures.
pub const METRICS: &str = "/metrics";

/// The figures of the server.
pub struct Metrics {
    runtime: Runtime,
    traffic: Traffic,
    process: Process,
    /// Scrapes run one after the other, so that many of them cost one thread at most.
    turn: Arc<Mutex<()>>,
}

impl Metrics {
    /// The figures of this runtime and its traffic, in a process that begins to serve.
    #[must_use]
    pub fn new(runtime: Runtime, traffic: Traffic) -> Self {
        Self { runtime, traffic, process: Process::begin(), turn: Arc::default() }
    }

    /// The figures, in the format that these headers prefer.
    pub(in crate::http) async fn answer(&self, headers: &HeaderMap) -> Result<Response, Problem> {
        let turn = Arc::clone(&self.turn).lock_owned().await;
        let (runtime, traffic, process) =
            (self.runtime.clone(), self.traffic.clone(), self.process);
        let format = Format::wanted(headers);
        let encode = move || {
            // The thread has the turn: a client that leaves does not start a second one.
            let _turn = turn;
            let mut families = Families::default();
            add_traffic(&traffic, &mut families);
            runtime.add_figures(&mut families);
            process.add_to(&mut families);
            format.encode(families).map_err(|error| RequestError::Failed(error.to_string()))
        };
        let text = self.runtime.blocking(encode).await?;
        let answer = Response::new(StatusCode::OK, format.content_type(), text.into_bytes());
        Ok(answer.varying_by("Accept"))
    }
}

fn add_traffic(traffic: &Traffic, families: &mut Families) {
    families
        .gauge("madang_http_connections", "Open connections of HTTP")
        .add([], traffic.connections());
    families
        .gauge("madang_http_requests_in_flight", "Requests of HTTP in progress")
        .add([], traffic.serving());
    let family =
        families.counter("madang_http_requests", "Answers of HTTP by the class of their status");
    for (class, count) in traffic.answers() {
        family.add([("code", class)], count);
    }
}
