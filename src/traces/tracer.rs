//! The tracer: decides which conversations are recorded, and keeps their spans until the exporter
//! sends them.

use super::{Ids, Span, TraceContext};
use crate::{metrics::Counters, sync};
use std::{collections::VecDeque, sync::Mutex, thread::JoinHandle, time::Duration};
use tokio::{
    sync::{Notify, watch},
    time::{Instant, sleep_until, timeout},
};

/// The most spans that wait for the collector. Each takes about 500 bytes.
const QUEUE_SPANS_MAX: usize = 32_768;

/// The most spans that are sent at once.
pub(super) const BATCH_SPANS_MAX: usize = 2_048;

/// The longest time that a span waits for others of its batch.
const GATHER_WITHIN: Duration = Duration::from_secs(1);

/// The longest time that the last spans take at the stop.
const FLUSH_WITHIN: Duration = Duration::from_secs(3);

/// What became of spans, by the index of its counter.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Fate {
    Exported,
    Dropped,
    Rejected,
}

/// The names of the fates of spans, in their order.
pub const FATES: [&str; 3] = ["exported", "dropped", "rejected"];

/// The spans of a process on their way to a collector.
pub struct Tracer {
    ids: Ids,
    /// A conversation is recorded when the low half of its trace id is not above this.
    threshold: u64,
    queue: Mutex<VecDeque<Span>>,
    /// Wakes the exporter when a batch is complete.
    gathered: Notify,
    /// The end of the last attempts to send spans, once the process stops.
    deadline: watch::Sender<Option<Instant>>,
    pub(super) fates: Counters<{ FATES.len() }>,
    pub(super) exporter: Mutex<Option<JoinHandle<()>>>,
}

impl Tracer {
    /// A tracer of the store with this identity, without an exporter.
    pub(super) fn of(store: u64, sample_ratio: f64) -> Self {
        Self {
            ids: Ids::of(store),
            threshold: threshold(sample_ratio),
            queue: Mutex::default(),
            gathered: Notify::new(),
            deadline: watch::Sender::new(None),
            fates: Counters::default(),
            exporter: Mutex::default(),
        }
    }

    /// The ids that follow from the journal.
    #[must_use]
    pub const fn ids(&self) -> Ids {
        self.ids
    }

    /// The trace of a conversation of a business, or of the client that this context names; `None`
    /// when it is not recorded. The span is that of the context; 0 without one.
    #[must_use]
    pub fn recorded(
        &self,
        context: Option<&TraceContext>,
        (business, conversation): (&str, u64),
    ) -> Option<TraceContext> {
        match context {
            Some(client) if client.is_of_client() => client.is_sampled().then_some(*client),
            _ => {
                let trace_id = self.ids.trace(business, conversation);
                let span_id = context.map_or(0, |context| context.span_id);
                #[expect(clippy::cast_possible_truncation, reason = "the low half is wanted")]
                let is_recorded = trace_id as u64 <= self.threshold;
                is_recorded.then(|| TraceContext::sampled(trace_id, span_id))
            }
        }
    }

    /// Adds spans. Those that find no room are dropped and counted.
    pub fn add(&self, spans: impl IntoIterator<Item = Span>) {
        let mut dropped = 0;
        let mut queue = sync::lock(&self.queue);
        for span in spans {
            if queue.len() < QUEUE_SPANS_MAX {
                queue.push_back(span);
            } else {
                dropped += 1;
            }
        }
        let is_gathered = queue.len() >= BATCH_SPANS_MAX;
        drop(queue);
        self.fates.add(Fate::Dropped as usize, dropped);
        if is_gathered {
            self.gathered.notify_one();
        }
    }

    /// Counts spans that were not made, because they were too many.
    pub fn drop_spans(&self, count: u64) {
        self.fates.add(Fate::Dropped as usize, count);
    }

    /// The number of spans by what became of them, in the order of [`FATES`].
    #[must_use]
    pub fn fates(&self) -> [u64; FATES.len()] {
        self.fates.values()
    }

    /// The number of spans that wait.
    #[must_use]
    pub fn waiting(&self) -> usize {
        sync::lock(&self.queue).len()
    }

    /// Sends the remaining spans, for 3 s at most, and ends the exporter. Blocking.
    pub fn stop(&self) {
        self.deadline.send_replace(Some(Instant::now() + FLUSH_WITHIN));
        self.gathered.notify_one();
        let exporter = sync::lock(&self.exporter).take();
        if let Some(exporter) = exporter {
            let _ = exporter.join();
        }
    }

    /// The next spans to send, after a wait for a complete batch; `None` when the process stops and
    /// there are no more.
    pub(super) async fn next_batch(&self) -> Option<Vec<Span>> {
        loop {
            let is_complete = self.waiting() >= BATCH_SPANS_MAX;
            if !is_complete && !self.is_stopping() {
                let _ = timeout(GATHER_WITHIN, self.gathered.notified()).await;
            }
            let mut queue = sync::lock(&self.queue);
            let count = queue.len().min(BATCH_SPANS_MAX);
            if count > 0 {
                return Some(queue.drain(..count).collect());
            }
            if self.is_stopping() {
                return None;
            }
        }
    }

    pub(super) fn is_stopping(&self) -> bool {
        self.deadline.borrow().is_some()
    }

    /// Waits until the process stops.
    pub(super) async fn stopping(&self) {
        let _ = self.deadline.subscribe().wait_for(Option::is_some).await;
    }

    /// Waits until the time for the last spans is over.
    pub(super) async fn flush_is_over(&self) {
        let mut deadline = self.deadline.subscribe();
        let found = deadline.wait_for(Option::is_some).await.map(|deadline| *deadline);
        if let Ok(Some(deadline)) = found {
            sleep_until(deadline).await;
        }
    }
}

/// The largest low half of a trace id that is recorded.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    clippy::cast_precision_loss,
    reason = "a float becomes the nearest number, and 1 the largest one"
)]
fn threshold(sample_ratio: f64) -> u64 {
    (sample_ratio * u64::MAX as f64) as u64
}

#[cfg(test)]
mod tests {
    use super::*;

    fn span() -> Span {
        Span::new((1, 1), "a".to_owned(), (0, 0))
    }

    #[test]
    fn about_the_configured_share_of_the_conversations_is_recorded() {
        for (ratio, expected) in [(0.0, 0..=0), (0.3, 2_800..=3_200), (1.0, 10_000..=10_000)] {
            let tracer = Tracer::of(7, ratio);
            let recorded = (1..=10_000).filter(|n| tracer.recorded(None, ("taxi", *n)).is_some());
            let recorded = recorded.count();
            assert!(expected.contains(&recorded), "{ratio}: {recorded}");
        }
    }

    #[test]
    fn a_client_decides_whether_its_trace_is_recorded() {
        let tracer = Tracer::of(7, 0.0);
        let client = |flags| TraceContext { trace_id: 9, span_id: 3, flags };
        let recorded = |context| tracer.recorded(Some(&context), ("taxi", 1));
        assert_eq!(recorded(client(1)), Some(client(1)));
        assert_eq!(recorded(client(0)), None);
    }

    #[test]
    fn a_full_queue_drops_further_spans_and_counts_them() {
        let tracer = Tracer::of(7, 1.0);
        tracer.add((0..QUEUE_SPANS_MAX + 5).map(|_| span()));
        assert_eq!((tracer.waiting(), tracer.fates()), (QUEUE_SPANS_MAX, [0, 5, 0]));
    }

    #[tokio::test]
    async fn a_batch_is_complete_or_a_second_old() {
        let tracer = Tracer::of(7, 1.0);
        tracer.add([span()]);
        let begun = Instant::now();
        assert_eq!(tracer.next_batch().await.map(|batch| batch.len()), Some(1));
        assert!(begun.elapsed() >= GATHER_WITHIN);
        tracer.add((0..=BATCH_SPANS_MAX).map(|_| span()));
        assert_eq!(tracer.next_batch().await.map(|batch| batch.len()), Some(BATCH_SPANS_MAX));
        tracer.stop();
        assert_eq!(tracer.next_batch().await.map(|batch| batch.len()), Some(1));
        assert_eq!(tracer.next_batch().await, None);
    }
}
