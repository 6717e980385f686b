//! The exporter: a thread that sends spans to the collector, in batches.
//!
//! ```text
//! Tracer::add ─▶ queue ─▶ batch ─▶ collector ─┬─ taken, or refused: counted
//!                  │                 ▲        │
//!                full: dropped       └─ pause ┴─ away
//! ```
//! While the collector is away, the batch is repeated and the queue fills. Nothing else waits for it.

use super::{
    collector::{Collector, Failure},
    otlp::ExportRequest,
    settings::TracesSettings,
    span::Span,
    tracer::{Fate, Tracer},
};
use crate::sync;
use std::{sync::Arc, thread, time::Duration};
use tokio::time::sleep;

/// The pause after a first failure; each further one is twice as long.
const PAUSE_MIN: Duration = Duration::from_millis(250);
/// The longest pause.
const PAUSE_MAX: Duration = Duration::from_secs(5);

impl Tracer {
    /// Starts a tracer of the store with this identity; `None` when no endpoint is configured.
    ///
    /// # Errors
    /// The reason why spans cannot be sent.
    pub fn start(settings: &TracesSettings, store: u64) -> Result<Option<Arc<Self>>, String> {
        let Some(endpoint) = settings.endpoint.clone() else { return Ok(None) };
        let tracer = Arc::new(Self::of(store, settings.sample_ratio));
        let (of_thread, settings) = (Arc::clone(&tracer), settings.clone());
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
        let runtime = runtime.map_err(|error| error.to_string())?;
        let run = move || {
            runtime.block_on(async {
                match Collector::of(&settings, &endpoint) {
                    Ok(collector) => of_thread.export(&collector, &settings.service_name).await,
                    Err(reason) => tracing::error!(reason, "no spans are sent"),
                }
            });
        };
        let exporter = thread::Builder::new().name("trace export".to_owned()).spawn(run);
        *sync::lock(&tracer.exporter) = Some(exporter.map_err(|error| error.to_string())?);
        Ok(Some(tracer))
    }

    /// Sends spans until the process stops.
    async fn export(&self, collector: &Collector, service_name: &str) {
        let mut is_failing = false;
        while let Some(batch) = self.next_batch().await {
            let request = ExportRequest::of(service_name, &batch);
            self.deliver(collector, (&batch, &request), &mut is_failing).await;
        }
    }

    /// Sends a batch until the collector takes or refuses it.
    async fn deliver(
        &self,
        collector: &Collector,
        (batch, request): (&[Span], &ExportRequest),
        is_failing: &mut bool,
    ) {
        let (count, mut pause) = (batch.len() as u64, PAUSE_MIN);
        loop {
            let sent = tokio::select! {
                sent = collector.send(request) => sent,
                () = self.flush_is_over() => Err(Failure::Away("the server stops".to_owned())),
            };
            match sent {
                Ok((rejected, reason)) => return self.taken(count, rejected, &reason, is_failing),
                Err(Failure::Refused(reason)) => {
                    self.fates.add(Fate::Rejected as usize, count);
                    return tracing::warn!(reason, spans = count, "spans are refused");
                }
                Err(Failure::Away(_)) if self.is_stopping() => {
                    return self.fates.add(Fate::Dropped as usize, count);
                }
                Err(Failure::Away(reason)) => {
                    if !std::mem::replace(is_failing, true) {
                        tracing::warn!(reason, "the collector of spans is away");
                    }
                }
            }
            tokio::select! {
                () = sleep(pause) => {}
                () = self.stopping() => {}
            }
            pause = (pause * 2).min(PAUSE_MAX);
        }
    }

    /// Counts a batch that the collector has taken.
    fn taken(&self, count: u64, rejected: u64, reason: &str, is_failing: &mut bool) {
        let rejected = rejected.min(count);
        self.fates.add(Fate::Exported as usize, count - rejected);
        self.fates.add(Fate::Rejected as usize, rejected);
        if rejected > 0 {
            tracing::warn!(reason, spans = rejected, "spans are refused");
        }
        if std::mem::take(is_failing) {
            let [_, dropped, _] = self.fates();
            tracing::info!(dropped, "the collector of spans is back");
        }
    }
}
