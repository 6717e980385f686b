//! The spans of records: a thread follows the durable records and makes spans of them.
//!
//! ```text
//! journal ─▶ RecordTracer ─▶ spans of records and of the reactions to them ─▶ Tracer
//! ```
//! It reads what is durable, mostly from memory, 50 times a second. When it falls behind, it leaves
//! records out. No command waits for it.

mod reactions;
mod recent;

use super::Runtime;
use crate::{
    actors::{conversation::KindNames, dispatch::Registry},
    metrics::Families,
    store::{
        KindSet, Record,
        journal::{Journal, Listener, ReadLevel},
    },
    sync,
    traces::{FATES, Span, Tracer, now_ns},
};
use recent::{Commits, Recent};
use std::{
    io,
    sync::{Arc, Condvar, Mutex, PoisonError, atomic::AtomicUsize},
    thread::{self, JoinHandle},
    time::Duration,
};

/// The pause between two readings.
const PACE: Duration = Duration::from_millis(20);

/// The most records that are read at once.
const RECORDS_AT_ONCE: usize = 2_048;

/// A thread that is further behind leaves records out: the journal may not have them in memory.
const BEHIND_RECORDS_MAX: u64 = 32_768;

/// The thread that makes spans of the records of a running runtime.
pub struct Traces {
    tracer: Arc<Tracer>,
    signal: Arc<Signal>,
    thread: Mutex<Option<JoinHandle<()>>>,
}

/// Tells the thread to stop.
#[derive(Default)]
struct Signal {
    is_stopping: Mutex<bool>,
    changed: Condvar,
}

impl Signal {
    /// Waits for this time at most; returns whether the thread has to stop.
    fn wait(&self, at_most: Duration) -> bool {
        let is_stopping = sync::lock(&self.is_stopping);
        let waited =
            self.changed.wait_timeout_while(is_stopping, at_most, |is_stopping| !*is_stopping);
        *waited.unwrap_or_else(PoisonError::into_inner).0
    }
}

/// What the thread has.
struct RecordTracer {
    journal: Arc<dyn Journal>,
    registry: Arc<Registry>,
    names: Arc<KindNames>,
    tracer: Arc<Tracer>,
    commits: Arc<Commits>,
    /// The last position that was read.
    cursor: u64,
    recent: Recent,
}

impl Traces {
    /// Starts to follow the records that become durable from now on.
    ///
    /// # Errors
    /// When the system starts no further thread.
    pub fn start(
        tracer: Arc<Tracer>,
        journal: &Arc<dyn Journal>,
        registry: &Arc<Registry>,
        names: &Arc<KindNames>,
    ) -> io::Result<Self> {
        let (signal, commits) = (Arc::<Signal>::default(), Arc::<Commits>::default());
        let seen = Arc::clone(&commits);
        let wake = Arc::new(move |position| seen.add(position, now_ns()));
        // No kind wakes it, only the count: at each commit of records.
        let (kinds, is_waited_for) = (KindSet::default(), Arc::new(AtomicUsize::new(1)));
        let listener = Listener { kinds, is_waited_for, wake, pass: Arc::new(|_| {}) };
        journal.subscribe(ReadLevel::Durable, listener);
        let mut record_tracer = RecordTracer {
            cursor: journal.durable(),
            journal: Arc::clone(journal),
            registry: Arc::clone(registry),
            names: Arc::clone(names),
            tracer: Arc::clone(&tracer),
            commits,
            recent: Recent::default(),
        };
        let stops = Arc::clone(&signal);
        let thread = thread::Builder::new().name("traces".to_owned()).spawn(move || {
            while !stops.wait(PACE) {
                record_tracer.follow();
            }
            record_tracer.follow();
        })?;
        Ok(Self { tracer, signal, thread: Mutex::new(Some(thread)) })
    }

    /// Reads the last records, sends the last spans, for 3 s at most, and stops. Blocking.
    pub fn stop(&self) {
        *sync::lock(&self.signal.is_stopping) = true;
        self.signal.changed.notify_all();
        if let Some(thread) = sync::lock(&self.thread).take() {
            let _ = thread.join();
        }
        self.tracer.stop();
    }
}

impl RecordTracer {
    /// Makes the spans of the records that are durable now.
    fn follow(&mut self) {
        let mut spans = Vec::new();
        loop {
            let durable = self.journal.durable();
            let left_out = durable.saturating_sub(self.cursor + BEHIND_RECORDS_MAX);
            if left_out > 0 {
                self.cursor += left_out;
                self.tracer.drop_spans(left_out);
            }
            match self.journal.read(self.cursor, RECORDS_AT_ONCE, ReadLevel::Durable) {
                Ok(records) if records.is_empty() => return,
                Ok(records) => self.take_in(&records, &mut spans),
                Err(error) => {
                    tracing::debug!(%error, "the records of traces are read again later");
                    return;
                }
            }
            self.tracer.add(spans.drain(..));
        }
    }

    fn take_in(&mut self, records: &[Arc<Record>], spans: &mut Vec<Span>) {
        for record in records {
            let durable_ns = self.commits.durable_ns(record.position).unwrap_or_else(now_ns);
            self.spans_of(record, durable_ns, spans);
            self.cursor = record.position;
        }
    }
}

impl Runtime {
    /// The tracer; `None` when no traces are exported.
    #[must_use]
    pub fn tracer(&self) -> Option<&Arc<Tracer>> {
        self.parts.traces.as_ref().map(|traces| &traces.tracer)
    }

    /// Adds the figures of exported traces, if there are any.
    pub(super) fn add_traces(&self, families: &mut Families) {
        let Some(tracer) = self.tracer() else { return };
        let family = families.counter("madang_trace_spans", "Spans by what became of them");
        for (fate, count) in FATES.into_iter().zip(tracer.fates()) {
            family.add([("outcome", fate)], count);
        }
        families
            .gauge("madang_trace_queue_spans", "Spans that wait for the collector")
            .add([], tracer.waiting());
    }
}
