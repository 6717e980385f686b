//! The reads of the journal that views share while they are rebuilt at the same time: each record is
//! read and decoded once for all of them.
//!
//! ```text
//!             ┌──── window: bounded in records and bytes ────┐
//! journal ──▶ │ batch │ batch │ batch │ batch │ batch │ batch │
//!             └──▲────────────────▲───────────────────────▲──┘
//!             slowest view       a view           fastest view: reads the next batch
//! ```
//!
//! When the window is full, the fastest view waits for the slowest one in it. It does not wait for a
//! view that has stopped to read, such as one with a record that it cannot fold. That view, and one
//! that begins when the first batch is gone already, read for themselves until they are in the
//! window again.

use crate::{
    actors::{dispatch::Registry, support::catch_panic},
    store::{
        KindSet, Payload, Record,
        journal::{Journal, ReadLevel, StoreError},
    },
    sync,
};
use std::{
    collections::{BTreeMap, VecDeque},
    sync::{Arc, Condvar, Mutex, PoisonError},
    time::{Duration, Instant},
};

/// Upper bound of records in a batch.
pub(super) const BATCH_RECORDS_MAX: usize = 2_048;

/// The longest time that one read waits for slower views. Messages to its view wait as long.
const WAIT_MAX: Duration = Duration::from_millis(50);

/// Records in order of position, without a gap.
pub(super) type Batch = Arc<[Arc<Record>]>;

/// The bounds of a window.
#[derive(Clone, Copy, Debug)]
pub(super) struct Bounds {
    /// At this many records no further batch is read.
    pub records_max: usize,
    /// At this many bytes of payloads no further batch is read.
    pub bytes_max: usize,
    /// A view that has not read for this time is not waited for.
    pub stopped_after: Duration,
}

impl Default for Bounds {
    fn default() -> Self {
        // A transaction of many rows takes a second or two on a busy machine.
        Self { records_max: 32_768, bytes_max: 16 << 20, stopped_after: Duration::from_secs(10) }
    }
}

/// The journal as views under rebuild read it.
pub struct SharedReads {
    pub(super) journal: Arc<dyn Journal>,
    pub(super) registry: Arc<Registry>,
    window: Mutex<Window>,
    /// Notified when a view has moved on in the window, or has left it.
    moved: Condvar,
    /// Held while the batch after the window is read, so that only one view reads it.
    reading: Mutex<()>,
}

/// The batches that are in memory, and the views that read them.
struct Window {
    bounds: Bounds,
    batches: VecDeque<Batch>,
    records: usize,
    bytes: usize,
    readers: BTreeMap<u64, Reader>,
    readers_so_far: u64,
}

/// A view that reads.
struct Reader {
    /// The kinds whose records concern it.
    kinds: KindSet,
    /// The last position that it has finished.
    after: u64,
    /// The time of its last read.
    read_at: Instant,
}

/// Where the records after a position are.
enum Place {
    /// In the window.
    Held(Batch),
    /// Directly behind the window.
    Next,
    /// Directly behind the window, which has no room until a slower view has moved on.
    Full,
    /// Neither: they are before the window, or further behind it.
    Elsewhere,
}

/// The right of one view to read, until it is dropped.
pub(super) struct SharedReader {
    reads: Arc<SharedReads>,
    id: u64,
}

impl SharedReads {
    /// Shares the reads of this journal among views.
    pub fn new(journal: Arc<dyn Journal>, registry: Arc<Registry>) -> Arc<Self> {
        Self::within(Bounds::default(), journal, registry)
    }

    pub(super) fn within(
        bounds: Bounds,
        journal: Arc<dyn Journal>,
        registry: Arc<Registry>,
    ) -> Arc<Self> {
        let (moved, reading) = (Condvar::new(), Mutex::default());
        Arc::new(Self {
            journal,
            registry,
            window: Mutex::new(Window::new(bounds)),
            moved,
            reading,
        })
    }

    /// Adds a view that continues after this position, and that records of these kinds concern.
    pub(super) fn join(self: &Arc<Self>, kinds: KindSet, after: u64) -> SharedReader {
        let mut window = sync::lock(&self.window);
        window.readers_so_far += 1;
        let id = window.readers_so_far;
        window.readers.insert(id, Reader { kinds, after, read_at: Instant::now() });
        SharedReader { reads: Arc::clone(self), id }
    }

    /// Drops the records in memory, because a person in them is erased. A read that has begun ends
    /// before.
    pub fn forget(&self) {
        let _reading = sync::lock(&self.reading);
        let mut window = sync::lock(&self.window);
        (window.batches, window.records, window.bytes) = (VecDeque::new(), 0, 0);
        self.moved.notify_all();
    }

    /// Reads the batch after this position from the journal.
    fn read_past(&self, after: u64) -> Result<Vec<Arc<Record>>, StoreError> {
        self.journal.read(after, BATCH_RECORDS_MAX, ReadLevel::Durable)
    }

    /// Reads the next batch into the window, unless another view has done so meanwhile. `None` when
    /// the window is at another position by now.
    fn read_next(&self, after: u64) -> Result<Option<Batch>, StoreError> {
        let _reading = sync::lock(&self.reading);
        let shared_kinds = {
            let mut window = sync::lock(&self.window);
            match window.place(after) {
                Place::Held(batch) => return Ok(Some(batch)),
                Place::Next | Place::Full => window.shared_kinds(),
                Place::Elsewhere => return Ok(None),
            }
        };
        let mut records = self.read_past(after)?;
        for record in &mut records {
            self.decode(record, &shared_kinds);
        }
        let batch = Batch::from(records);
        sync::lock(&self.window).push(Arc::clone(&batch));
        Ok(Some(batch))
    }

    /// Decodes the event of a record that concerns several views. A view that needs an event that
    /// cannot be decoded reports it.
    fn decode(&self, record: &mut Arc<Record>, shared_kinds: &KindSet) {
        let kind = record.stream.kind;
        // A record that others hold comes from memory, and mostly has its event.
        let Some(record) = Arc::get_mut(record).filter(|_| shared_kinds.contains(kind)) else {
            return;
        };
        let (None, Payload::Event(bytes)) = (&record.typed, &record.payload) else { return };
        let Some((_, aggregate)) = self.registry.of(kind) else { return };
        record.typed = catch_panic(|| aggregate.read_event(bytes)).and_then(|read| read).ok();
    }

    /// Records that a view has finished everything up to a position. Returns where the records after
    /// it are, and waits a little for room in the window.
    fn place(&self, id: u64, after: u64) -> Place {
        let mut window = sync::lock(&self.window);
        if let Some(reader) = window.readers.get_mut(&id) {
            (reader.after, reader.read_at) = (after, Instant::now());
        }
        self.moved.notify_all();
        let is_full = |window: &mut Window| matches!(window.place(after), Place::Full);
        let waited = self.moved.wait_timeout_while(window, WAIT_MAX, is_full);
        waited.unwrap_or_else(PoisonError::into_inner).0.place(after)
    }
}

impl SharedReader {
    /// Returns the records after this position, up to which the view is finished. There are none
    /// only if there are no more durable ones. `None` when the view has to ask again, because slower
    /// ones have not moved on.
    ///
    /// # Errors
    /// When the journal cannot be read.
    pub(super) fn read(&self, after: u64) -> Result<Option<Batch>, StoreError> {
        let found = match self.reads.place(self.id, after) {
            Place::Held(batch) => Some(batch),
            Place::Next => self.reads.read_next(after)?,
            Place::Full => return Ok(None),
            Place::Elsewhere => None,
        };
        let found = found.map_or_else(|| self.reads.read_past(after).map(Batch::from), Ok);
        found.map(Some)
    }
}

impl Drop for SharedReader {
    fn drop(&mut self) {
        let mut window = sync::lock(&self.reads.window);
        window.readers.remove(&self.id);
        if window.readers.is_empty() {
            let readers_so_far = window.readers_so_far;
            *window = Window { readers_so_far, ..Window::new(window.bounds) };
        }
        self.reads.moved.notify_all();
    }
}

impl Window {
    fn new(bounds: Bounds) -> Self {
        let (batches, readers) = (VecDeque::new(), BTreeMap::new());
        Self { bounds, batches, records: 0, bytes: 0, readers, readers_so_far: 0 }
    }

    /// Returns where the records after a position are. Drops batches for the next one, unless a view
    /// needs them.
    fn place(&mut self, after: u64) -> Place {
        match self.ends() {
            Some((begin, end)) if (begin..end).contains(&after) => return self.held(after),
            Some((_, end)) if end != after => return Place::Elsewhere,
            _ => {}
        }
        while self.is_full() {
            if self.is_front_needed() {
                return Place::Full;
            }
            self.drop_front();
        }
        Place::Next
    }

    /// Returns the positions that the window begins after, and ends with; `None` when it is empty.
    fn ends(&self) -> Option<(u64, u64)> {
        let first = self.batches.front()?.first()?;
        Some((first.position - 1, last(self.batches.back()?)))
    }

    /// The records after a position in the window, up to the end of their batch.
    fn held(&self, after: u64) -> Place {
        let nth = self.batches.partition_point(|batch| last(batch) <= after);
        let Some(batch) = self.batches.get(nth) else { return Place::Elsewhere };
        let first = batch.partition_point(|record| record.position <= after);
        Place::Held(if first == 0 { Arc::clone(batch) } else { batch[first..].into() })
    }

    /// The kinds that concern at least two of the views.
    fn shared_kinds(&self) -> KindSet {
        let (mut some, mut several) = (KindSet::default(), KindSet::default());
        for kind in self.readers.values().flat_map(|reader| reader.kinds.iter()) {
            if some.contains(kind) {
                several.insert(kind);
            }
            some.insert(kind);
        }
        several
    }

    const fn is_full(&self) -> bool {
        self.records >= self.bounds.records_max || self.bytes >= self.bounds.bytes_max
    }

    /// Whether a view that reads has not finished the first batch.
    fn is_front_needed(&self) -> bool {
        let Some((begin, _)) = self.ends() else { return false };
        let end = self.batches.front().map_or(begin, last);
        let needs = |reader: &Reader| {
            (begin..end).contains(&reader.after)
                && reader.read_at.elapsed() < self.bounds.stopped_after
        };
        self.readers.values().any(needs)
    }

    fn push(&mut self, batch: Batch) {
        if batch.is_empty() {
            return;
        }
        self.records += batch.len();
        self.bytes += bytes_of(&batch);
        self.batches.push_back(batch);
    }

    fn drop_front(&mut self) {
        let Some(batch) = self.batches.pop_front() else { return };
        self.records -= batch.len();
        self.bytes -= bytes_of(&batch);
    }
}

/// The last position in a batch.
fn last(batch: &Batch) -> u64 {
    batch.last().map_or(0, |record| record.position)
}

/// The bytes of the payloads of these records.
fn bytes_of(batch: &Batch) -> usize {
    let bytes = |record: &Arc<Record>| match &record.payload {
        Payload::Event(bytes) => bytes.len(),
        Payload::Refused { command, reason, rejection } => {
            command.len() + reason.len() + rejection.len()
        }
        Payload::Unchanged { command } => command.len(),
        Payload::TimerFired => 0,
    };
    batch.iter().map(bytes).sum()
}

#[cfg(test)]
mod tests;
