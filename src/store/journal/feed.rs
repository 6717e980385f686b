//! The most recent records in memory, and the subscribers that are woken when more arrive.

use super::submission::ReadLevel;
use crate::store::types::{KindId, KindSet, Record, interested_kind};
use crate::sync;
use std::{
    collections::VecDeque,
    ops::Range,
    panic::{AssertUnwindSafe, catch_unwind},
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering},
    },
};

/// Interval, in positions, at which all subscribers are notified of the watermark. It bounds how
/// far a subscriber falls behind when no record concerns it.
const NOTIFY_ALL_EVERY_RECORDS: u64 = 4_096;

/// The most recent records, without a gap up to the head.
#[derive(Default)]
pub(in crate::store) struct RecentRecords {
    records: VecDeque<Recent>,
}

/// A record with the kind that it concerns, so that a search by kind reads no record.
struct Recent {
    concerns: KindId,
    record: Arc<Record>,
}

impl RecentRecords {
    pub(in crate::store) fn push(&mut self, record: Arc<Record>) {
        self.records.push_back(Recent { concerns: concerned(&record), record });
    }

    /// Drops the oldest records beyond `records_max`, but none above the watermark, because those
    /// exist only here.
    pub(in crate::store) fn trim(&mut self, records_max: usize, durable: u64) {
        while self.records.len() > records_max
            && self.records.front().is_some_and(|oldest| oldest.record.position <= durable)
        {
            self.records.pop_front();
        }
    }

    /// Drops all records, because they may differ from the records on disk.
    pub(in crate::store) fn clear(&mut self) {
        self.records.clear();
    }

    /// Reads the records after this position, up to the limit; `None` when the first of them is not
    /// in memory.
    pub(in crate::store) fn read(
        &self,
        kinds: Option<&KindSet>,
        (after, limit): (u64, u64),
        records_max: usize,
    ) -> Option<Selection> {
        let range = self.range(after, limit, records_max)?;
        let read = range.len();
        let is_wanted =
            |recent: &&Recent| kinds.is_none_or(|kinds| kinds.contains(recent.concerns));
        let wanted = self.records.range(range).filter(is_wanted);
        let records = wanted.map(|recent| Arc::clone(&recent.record)).collect();
        Some(Selection { records, read, last: after + read as u64 })
    }

    /// Returns the places of the records after this position.
    fn range(&self, after: u64, limit: u64, records_max: usize) -> Option<Range<usize>> {
        let oldest = self.records.front()?.record.position;
        let skipped = usize::try_from((after + 1).checked_sub(oldest)?).ok()?;
        let wanted = usize::try_from(limit.saturating_sub(after)).unwrap_or(usize::MAX);
        let end = skipped.saturating_add(wanted.min(records_max)).min(self.records.len());
        Some(skipped.min(end)..end)
    }
}

/// The records of a range that was read, or those of them that concern some kinds.
#[derive(Debug)]
pub struct Selection {
    /// The records, in order of position.
    pub records: Vec<Arc<Record>>,
    /// The number of records that were read.
    pub read: usize,
    /// The position of the last record that was read, or the position before the range when none
    /// was.
    pub last: u64,
}

impl Selection {
    /// Selects the records that concern one of these kinds, or all, of the records after this
    /// position.
    pub(in crate::store) fn of(
        kinds: Option<&KindSet>,
        after: u64,
        mut records: Vec<Arc<Record>>,
    ) -> Self {
        let (read, last) = (records.len(), records.last().map_or(after, |last| last.position));
        if let Some(kinds) = kinds {
            records.retain(|record| kinds.contains(concerned(record)));
        }
        Self { records, read, last }
    }
}

/// Returns the kind that a record concerns.
const fn concerned(record: &Record) -> KindId {
    interested_kind(record.stream, &record.payload, record.cause)
}

/// Callback that receives the position up to which there are records to read.
pub type Wake = Arc<dyn Fn(u64) + Send + Sync>;

/// A subscriber of the journal.
#[derive(Clone)]
pub struct Listener {
    /// Kinds the subscriber is woken for. A record concerns the kind of its stream. The outcome of
    /// a dispatched command without an event concerns the kind that dispatched it.
    pub kinds: KindSet,
    /// While this count is not zero, every commit of records wakes the subscriber.
    pub is_waited_for: Arc<AtomicUsize>,
    /// Callback that wakes the subscriber. It is called on the thread that submits or commits, and
    /// must not block.
    pub wake: Wake,
    /// Callback that receives, at intervals, a position up to which no record concerns the
    /// subscriber except those it was woken for.
    pub pass: Wake,
}

/// All subscribers, by read level.
#[derive(Default)]
pub(in crate::store) struct Subscribers {
    /// Callbacks of the subscribers at level [`ReadLevel::Submitted`], by kind.
    submitted: Mutex<Arc<Vec<Vec<Wake>>>>,
    /// Subscribers at level [`ReadLevel::Durable`].
    durable: Mutex<Arc<Vec<Listener>>>,
    /// All subscribers. They are notified of the watermark at intervals, and woken when the journal
    /// is open again after a failure.
    all: Mutex<Arc<Vec<Listener>>>,
    /// Kinds of the records committed since all subscribers were last notified.
    concerned: Mutex<KindSet>,
}

impl Subscribers {
    pub(in crate::store) fn add(&self, level: ReadLevel, listener: Listener) {
        Arc::make_mut(&mut sync::lock(&self.all)).push(listener.clone());
        match level {
            ReadLevel::Submitted => {
                let mut submitted = sync::lock(&self.submitted);
                let by_kind = Arc::make_mut(&mut submitted);
                for kind in listener.kinds.iter() {
                    let index = usize::from(kind.0);
                    if by_kind.len() <= index {
                        by_kind.resize_with(index + 1, Vec::new);
                    }
                    by_kind[index].push(Arc::clone(&listener.wake));
                }
            }
            ReadLevel::Durable => Arc::make_mut(&mut sync::lock(&self.durable)).push(listener),
        }
    }

    /// Wakes the subscribers that a commit concerns, after it moved the watermark. The callbacks
    /// run outside of the lock.
    pub(in crate::store) fn wake_durable(&self, concerned: &KindSet, before: u64, durable: u64) {
        sync::lock(&self.concerned).extend(concerned);
        if before / NOTIFY_ALL_EVERY_RECORDS != durable / NOTIFY_ALL_EVERY_RECORDS {
            return self.notify_all(durable);
        }
        let woken = Arc::clone(&sync::lock(&self.durable));
        for listener in woken.iter() {
            let is_waited_for = listener.is_waited_for.load(Ordering::Acquire) > 0;
            if is_waited_for || listener.kinds.meets(concerned) {
                call(&listener.wake, durable);
            }
        }
    }

    /// Wakes the subscribers that a submitted record of this kind concerns.
    pub(in crate::store) fn wake_submitted(&self, kind: KindId, submitted: u64) {
        let woken = Arc::clone(&sync::lock(&self.submitted));
        if let Some(of_kind) = woken.get(usize::from(kind.0)) {
            for wake in of_kind {
                call(wake, submitted);
            }
        }
    }

    /// Wakes the subscribers that any record since the last notification concerns, and passes the
    /// position to the others. Subscribers at level [`ReadLevel::Submitted`] are included, because
    /// the submitting thread may wake them after the commit is durable.
    fn notify_all(&self, durable: u64) {
        let concerned = std::mem::take(&mut *sync::lock(&self.concerned));
        let all = Arc::clone(&sync::lock(&self.all));
        for Listener { kinds, is_waited_for, wake, pass } in all.iter() {
            let is_waited_for = is_waited_for.load(Ordering::Acquire) > 0;
            let callback = if is_waited_for || kinds.meets(&concerned) { wake } else { pass };
            call(callback, durable);
        }
    }

    /// Wakes all subscribers.
    pub(in crate::store) fn wake_all(&self, position: u64) {
        let woken = Arc::clone(&sync::lock(&self.all));
        for listener in woken.iter() {
            call(&listener.wake, position);
        }
    }
}

/// Calls one subscriber and catches a panic, so that neither the journal nor other subscribers
/// fail.
fn call(wake: &Wake, position: u64) {
    let _ = catch_unwind(AssertUnwindSafe(|| wake(position)));
}
