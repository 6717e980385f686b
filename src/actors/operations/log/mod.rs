//! The operations log: events of the runtime's parts, stored in the journal under `madang/`.
//!
//! Each event is stored in a stream of its own, numbered from 1. The latest page is therefore read
//! without the rest. A caller that records an event neither waits nor fails: events are queued, and
//! one thread writes them. The thread retries while the journal is failing. Repeated events are
//! written as one summary with their count, so that a crash loop does not fill the disk.

mod event;
mod repeats;

use event::NAMES;
pub use event::OperationsEvent;

use super::system_stream::{self, Place};
use crate::sync;
use crate::{
    actors::{
        api::{Collection, OperationsEntry, Page, RequestError, blocking},
        support::{RETRY_PAUSE, now},
    },
    domain::kernel::Timestamp,
    store::{
        KindId, Payload, Stream,
        journal::{Journal, StoreError},
    },
};
use repeats::Repeats;
use std::{
    collections::BTreeMap,
    io,
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, AtomicU64, Ordering},
        mpsc::{self, Receiver, RecvTimeoutError, SyncSender, TrySendError},
    },
    thread::{self, JoinHandle},
    time::{Duration, Instant},
};

/// The kind of the streams of operations events.
pub const OPERATIONS_LOG: &str = "madang/diary";

/// Upper bound of queued events. Further events are only logged and counted.
const QUEUE_EVENTS_MAX: usize = 1_024;

/// The interval at which ended intervals of repeated events are summarized.
const LOOK_EVERY: Duration = Duration::from_secs(5);

/// An event with its time.
type Dated = (Timestamp, OperationsEvent);

/// The handle to the operations log.
#[derive(Debug, Default)]
pub struct OperationsLog {
    /// The queue to the writer thread; `None` when there is no thread. Events are then not stored.
    desk: Mutex<Option<SyncSender<Dated>>>,
    writer: Mutex<Option<JoinHandle<()>>>,
    is_closing: Arc<AtomicBool>,
    repeats: Arc<Mutex<Repeats>>,
    dropped: AtomicU64,
    /// The number of events by their name, also of those that are not written.
    counts: Mutex<BTreeMap<&'static str, u64>>,
}

impl OperationsLog {
    /// Opens the operations log in this journal and starts its writer thread.
    ///
    /// # Errors
    /// When the journal does not accept the kind of its streams, or the thread cannot be started.
    pub fn open(journal: &Arc<dyn Journal>) -> Result<Self, StoreError> {
        let kind = journal.kind(OPERATIONS_LOG)?;
        let (desk, events) = mpsc::sync_channel(QUEUE_EVENTS_MAX);
        let operations_log = Self::default();
        let scribe = LogWriter {
            journal: Arc::clone(journal),
            kind,
            is_closing: Arc::clone(&operations_log.is_closing),
            repeats: Arc::clone(&operations_log.repeats),
        };
        let writer = thread::Builder::new().name("operations-log".to_owned());
        let writer = writer.spawn(move || scribe.write_all(&events));
        let writer = writer.map_err(|error: io::Error| StoreError::Failed(error.to_string()))?;
        *sync::lock(&operations_log.desk) = Some(desk);
        *sync::lock(&operations_log.writer) = Some(writer);
        Ok(operations_log)
    }

    /// Queues an event for the writer thread, without waiting. A repeated event beyond the limit is
    /// only counted.
    pub fn record(&self, event: OperationsEvent) {
        *sync::lock(&self.counts).entry(event.subject().0).or_default() += 1;
        if !sync::lock(&self.repeats).admit(&event, Instant::now()) {
            return;
        }
        log(&event);
        let Some(desk) = sync::lock(&self.desk).clone() else { return };
        if let Err(TrySendError::Full((_, event)) | TrySendError::Disconnected((_, event))) =
            desk.try_send((now(), event))
        {
            sync::lock(&self.repeats).count(&event, Instant::now());
            let dropped = self.dropped.fetch_add(1, Ordering::Relaxed) + 1;
            tracing::debug!(dropped, "the operations log is full; an event is only counted");
        }
    }

    /// Returns the number of events since the start, by their name.
    pub fn counts(&self) -> BTreeMap<&'static str, u64> {
        let none = NAMES.into_iter().map(|name| (name, 0));
        let mut counts: BTreeMap<_, _> = none.collect();
        counts.extend(sync::lock(&self.counts).iter());
        counts
    }

    /// Closes the queue and waits until queued events are written. Does not wait while the journal
    /// accepts nothing.
    pub fn close(&self) {
        self.is_closing.store(true, Ordering::Relaxed);
        drop(sync::lock(&self.desk).take());
        if let Some(writer) = sync::lock(&self.writer).take() {
            writer.thread().unpark();
            let _ = writer.join();
        }
    }
}

/// The writer thread of the operations log.
struct LogWriter {
    journal: Arc<dyn Journal>,
    kind: KindId,
    is_closing: Arc<AtomicBool>,
    repeats: Arc<Mutex<Repeats>>,
}

impl LogWriter {
    fn write_all(&self, events: &Receiver<Dated>) {
        loop {
            match events.recv_timeout(LOOK_EVERY) {
                Ok((time, event)) => self.write(time, &event),
                Err(RecvTimeoutError::Timeout) => {}
                Err(RecvTimeoutError::Disconnected) => break,
            }
            let over = sync::lock(&self.repeats).over(Instant::now());
            self.write_summaries(&over);
        }
        let all = sync::lock(&self.repeats).all(Instant::now());
        self.write_summaries(&all);
    }

    fn write_summaries(&self, summaries: &[OperationsEvent]) {
        for summary in summaries {
            log(summary);
            self.write(now(), summary);
        }
    }

    /// Writes one event exactly once, even if the journal fails meanwhile.
    fn write(&self, time: Timestamp, event: &OperationsEvent) {
        let mut in_doubt = None;
        loop {
            let generation = self.journal.generation();
            let last = self.journal.last_number(self.kind);
            // Once the journal is open again, it shows whether an event in doubt is on disk.
            if in_doubt.is_some_and(|number| number <= last) {
                return;
            }
            let stream = Stream { kind: self.kind, number: last + 1 };
            let place = Place { stream, after_version: 0, generation };
            let (committed, durable) = mpsc::sync_channel(1);
            let done = Box::new(move |outcome| drop(committed.send(outcome)));
            match system_stream::submit(&*self.journal, place, event, time, done) {
                Ok(()) if matches!(durable.recv(), Ok(Ok(()))) => return,
                Ok(()) => in_doubt = Some(stream.number),
                Err(error) => tracing::debug!(%error, "an operations event is retried later"),
            }
            if self.is_closing.load(Ordering::Relaxed) {
                return;
            }
            thread::park_timeout(RETRY_PAUSE);
        }
    }
}

/// Returns a page of the operations log, the latest entry first.
///
/// # Errors
/// When the journal cannot be read now.
pub async fn read(
    journal: Arc<dyn Journal>,
    page: Page,
) -> Result<Collection<OperationsEntry>, RequestError> {
    let kind = blocking({
        let journal = Arc::clone(&journal);
        move || journal.kind(OPERATIONS_LOG)
    });
    let kind = kind.await?;
    let skip = page.number.saturating_mul(page.size as u64);
    blocking(move || {
        let total = journal.count(kind);
        let mut items = Vec::new();
        for number in journal.numbers(kind, skip, page.size, true)? {
            for record in journal.some_records(Stream { kind, number }, 0, 1)? {
                let Payload::Event(bytes) = &record.payload else { continue };
                let event: OperationsEvent =
                    system_stream::read(bytes).map_err(StoreError::Failed)?;
                let (what, details) = event.describe();
                items.push(OperationsEntry { number, time_ms: record.time.0, what, details });
            }
        }
        Ok(Collection { items, total })
    })
    .await
}

fn log(event: &OperationsEvent) {
    let (what, details) = event.describe();
    tracing::warn!(what, %details, "operations event");
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::{
        codec,
        faults::Faults,
        journal::{JournalOptions, SledJournal},
    };
    use std::sync::atomic::AtomicU32;

    fn released(number: u64) -> OperationsEvent {
        OperationsEvent::Released { resource: format!("a/{number}"), number }
    }

    #[test]
    fn every_event_is_written_exactly_once_although_the_disk_fails() {
        let folder = tempfile::tempdir().unwrap();
        let syncs = AtomicU32::new(0);
        let faults = Faults::before_each_sync(move || match syncs.fetch_add(1, Ordering::SeqCst) {
            nth if nth > 3 && nth % 3 == 0 => Err(io::Error::other("on purpose")),
            _ => Ok(()),
        });
        let options = JournalOptions { faults, ..JournalOptions::default() };
        let journal: Arc<dyn Journal> = SledJournal::open(folder.path(), options).unwrap();
        let operations_log = OperationsLog::open(&journal).unwrap();
        let kind = journal.kind(OPERATIONS_LOG).unwrap();
        (1..=9).for_each(|number| operations_log.record(released(number)));
        while journal.count(kind) < 9 {
            thread::yield_now();
        }
        operations_log.close();
        let stored = (1..=9).map(|number| {
            let records = journal.some_records(Stream { kind, number }, 0, 1).unwrap();
            let Payload::Event(bytes) = &records[0].payload else { panic!("an event") };
            system_stream::read::<OperationsEvent>(bytes).unwrap()
        });
        assert_eq!(stored.collect::<Vec<_>>(), (1..=9).map(released).collect::<Vec<_>>());
        assert!(journal.generation() > 0, "the disk failed");
        journal.close();
    }

    #[test]
    fn recording_an_event_never_waits_for_a_disk_that_hangs() {
        let folder = tempfile::tempdir().unwrap();
        let (hang, hangs) = mpsc::channel::<()>();
        let (hangs, has_begun) = (Mutex::new(hangs), AtomicBool::new(false));
        let is_hanging = Arc::new(AtomicBool::new(false));
        let hanging = Arc::clone(&is_hanging);
        let faults = Faults::before_each_sync(move || {
            if hanging.load(Ordering::SeqCst) {
                has_begun.store(true, Ordering::SeqCst);
                let _ = sync::lock(&hangs).recv();
            }
            Ok(())
        });
        let options = JournalOptions { faults, ..JournalOptions::default() };
        let journal: Arc<dyn Journal> = SledJournal::open(folder.path(), options).unwrap();
        let operations_log = OperationsLog::open(&journal).unwrap();
        is_hanging.store(true, Ordering::SeqCst);
        (0..3 * QUEUE_EVENTS_MAX as u64).for_each(|number| operations_log.record(released(number)));
        assert!(operations_log.dropped.load(Ordering::SeqCst) > 0, "the queue is bounded");
        drop(hang);
        operations_log.close();
        let kind = journal.kind(OPERATIONS_LOG).unwrap();
        let records = journal.some_records(Stream { kind, number: 1 }, 0, 1).unwrap();
        assert_eq!(records[0].payload, Payload::Event(codec::encode(&released(0))));
        journal.close();
    }
}
