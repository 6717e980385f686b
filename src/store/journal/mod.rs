//! The journal: one total order of records, written by one thread.
//!
//! A submission gets its position at once. The durable watermark follows with the commits, in
//! order. Records between the two are visible only inside the process, and are discarded when a
//! commit fails. Then the generation rises, and every decision based on the discarded records is
//! refused as stale.

mod answer_expiry;
mod availability;
pub mod commit_batch;
mod commit_queue;
mod commit_timer;
mod feed;
mod fencing;
mod integrity;
mod mark_sync;
mod open;
mod reads;
mod recovery;
mod shared;
mod submission;
mod verify;
mod writer;

pub use crate::store::{
    disk::Refusal,
    types::{JournalOptions, OpenError, Snapshot, StoreError},
};
pub use availability::{Availability, AvailabilityObserver};
pub use feed::{Listener, Wake};
pub use integrity::Loss;
pub use shared::Shared;
pub use submission::{
    Checkpoint, CommitError, Done, Entry, Positions, ReadLevel, Submission, SubmitError,
};
pub use verify::Flaw;

use crate::store::{
    disk::{Disk, keys, reading, walk},
    faults::Faults,
    types::{KeptAnswer, KindId, Record, StoreId, StoredAnswer, Stream, kind_set},
};
use crate::sync;
use commit_queue::{CommitQueue, Intake, SideWrite};
use mark_sync::MarkSync;
use std::{
    collections::HashMap,
    path::Path,
    sync::{Arc, Mutex, atomic::AtomicU64, mpsc},
    thread::{self, JoinHandle},
};

/// An open journal. Dropping the last handle closes it.
pub struct Journal {
    pub(in crate::store) shared: Arc<Shared>,
    id: Option<StoreId>,
    writer_thread: Mutex<Option<JoinHandle<()>>>,
    kinds: Mutex<HashMap<String, KindId>>,
    pub(in crate::store) records_read: AtomicU64,
    /// Numbers that are not assigned again, by kind.
    taken: Vec<u64>,
    loss: Option<Loss>,
    marking: MarkSync,
}

impl Journal {
    /// Opens the journal in this folder, and creates both when they are missing.
    ///
    /// # Errors
    /// When the folder cannot be used, is in use by another process, or holds a store of
    /// another format.
    pub fn open(dir: &Path, options: JournalOptions) -> Result<Arc<Self>, OpenError> {
        let opened = open::open(dir, &options)?;
        let front = CommitQueue::new(opened.head);
        let of_store = (opened.disk, opened.mark, opened.files);
        let shared = Arc::new(Shared::new(dir.to_owned(), options, front, of_store));
        let marking = MarkSync::start(Arc::clone(&shared.mark));
        let marking = marking.map_err(|reason| OpenError { path: dir.to_owned(), reason })?;
        let of_thread = Arc::clone(&shared);
        let writer_thread = thread::Builder::new()
            .name("journal".to_owned())
            .spawn(move || writer::run(&of_thread))
            .map_err(|error| OpenError { path: dir.to_owned(), reason: error.to_string() })?;
        let (writer_thread, kinds) = (Mutex::new(Some(writer_thread)), Mutex::new(opened.kinds));
        let (id, taken, loss) = (opened.id, opened.taken, opened.loss);
        let records_read = AtomicU64::new(0);
        Ok(Arc::new(Self { shared, id, writer_thread, kinds, records_read, taken, loss, marking }))
    }

    /// Identity of this store; `None` when it was created before stores had one.
    #[must_use]
    pub const fn id(&self) -> Option<StoreId> {
        self.id
    }

    /// The acknowledged history found missing at this opening, and accepted as lost.
    #[must_use]
    pub const fn accepted_loss(&self) -> Option<&Loss> {
        self.loss.as_ref()
    }

    /// The greatest number of this kind assigned before history was lost; 0 when none was.
    fn taken(&self, kind: KindId) -> u64 {
        self.taken.get(usize::from(kind.0)).copied().unwrap_or_default()
    }

    /// Returns the number of a kind, assigned durably on first use. The call waits for the disk, so
    /// it is for the start only.
    ///
    /// # Errors
    /// When the journal is closed or the disk fails, or there are 65,535 kinds already.
    pub fn kind(&self, name: &str) -> Result<KindId, StoreError> {
        let mut kinds = sync::lock(&self.kinds);
        if let Some(kind) = kinds.get(name) {
            return Ok(*kind);
        }
        let kind = kinds.values().map(|kind| kind.0.checked_add(1)).max().unwrap_or(Some(0));
        let kind =
            KindId(kind.ok_or_else(|| StoreError::Failed("there are too many kinds".to_owned()))?);
        let (done, durable) = mpsc::sync_channel(1);
        let done: Done = Box::new(move |outcome| drop(done.send(outcome)));
        {
            let mut front = sync::lock(&self.shared.front);
            let room = front.admit(self.generation(), self.shared.options.queue_records_max);
            room.map_err(|error| StoreError::Failed(error.to_string()))?;
            front.enqueue(SideWrite::Kind(kind, name.to_owned()), Some(done));
        }
        self.shared.writer_wakeup.notify_one();
        match durable.recv() {
            Ok(Ok(())) => {
                kinds.insert(name.to_owned(), kind);
                let named = self.shared.mark.add_name(usize::from(kind.0), name);
                named.map_err(|error| StoreError::Failed(error.to_string()))?;
                Ok(kind)
            }
            Ok(Err(lost)) => Err(StoreError::Failed(lost.to_string())),
            Err(_) => Err(StoreError::Failed("the journal is closed".to_owned())),
        }
    }

    /// All kinds that were ever used in this store, by number.
    #[must_use]
    pub fn kinds(&self) -> Vec<(KindId, String)> {
        let kinds = sync::lock(&self.kinds);
        let mut kinds: Vec<_> = kinds.iter().map(|(name, kind)| (*kind, name.clone())).collect();
        kinds.sort_unstable();
        kinds
    }

    /// Accepts a submission. Its records have positions at once, and are written with a later
    /// commit.
    ///
    /// # Errors
    /// When the submission is refused, for the reason in [`SubmitError`]. Then `done` is not
    /// called.
    pub fn submit(&self, submission: Submission) -> Result<Positions, SubmitError> {
        let shared = &*self.shared;
        let (stream, cause) = (submission.stream, submission.cause);
        let first = submission.entries.first();
        let concerned = first.map(|first| kind_set::interested_kind(stream, &first.payload, cause));
        let (placed, is_writer_asleep) = {
            let mut front = sync::lock(&shared.front);
            let placed = front.place(submission, shared.options.queue_records_max)?;
            shared.publish(&front);
            (placed, std::mem::take(&mut front.writer_sleeps))
        };
        if is_writer_asleep {
            shared.writer_wakeup.notify_one();
        }
        if let Some(kind) = concerned {
            shared.subscribers.wake_submitted(kind, placed.last_position);
        }
        Ok(placed)
    }

    /// The last position assigned.
    #[must_use]
    pub fn submitted(&self) -> u64 {
        self.shared.submitted()
    }

    /// The watermark: the last position that would survive a power loss.
    #[must_use]
    pub fn durable(&self) -> u64 {
        self.shared.durable()
    }

    /// A counter from 0 at opening that rises by one whenever records above the watermark are
    /// discarded. It rises again when the journal is reopened after that, perhaps with more records
    /// than were known.
    #[must_use]
    pub fn generation(&self) -> u64 {
        self.shared.generation()
    }

    /// Calls `done` once the watermark has reached this position. The call is made at once, on this
    /// thread, when the watermark has reached it already or the journal is failing.
    pub fn when_durable(&self, position: u64, done: Done) {
        if position <= self.durable() {
            return done(Ok(()));
        }
        let refused = sync::lock(&self.shared.front).wait_for(position, done);
        if let Err((done, outcome)) = refused {
            done(outcome);
        }
    }

    /// Returns up to `records_max` records after a position, gapless, and none past the level's
    /// limit. May return fewer than there are. Returns none only if there are none. Reads from disk
    /// when the records are no longer in memory.
    ///
    /// # Errors
    /// When the disk fails or a record cannot be read.
    pub fn read(
        &self,
        after: u64,
        records_max: usize,
        level: ReadLevel,
    ) -> Result<Vec<Arc<Record>>, StoreError> {
        let durable = {
            let front = sync::lock(&self.shared.front);
            let limit = match level {
                ReadLevel::Submitted => front.head,
                ReadLevel::Durable => front.durable,
            };
            if after >= limit {
                return Ok(Vec::new());
            }
            if let Some(records) = front.ring.read(after, limit, records_max) {
                return Ok(records);
            }
            front.durable
        };
        reading::global(&self.disk()?.db, after, durable, records_max)
    }

    /// Registers a subscriber that is woken for the records that concern it at this level, as long
    /// as the journal is open. It is also notified at intervals, so that it does not fall far
    /// behind, and after every failure.
    pub fn subscribe(&self, level: ReadLevel, listener: Listener) {
        self.shared.subscribers.add(level, listener);
    }

    /// Returns the durable answer under this hash of an idempotency key.
    ///
    /// # Errors
    /// When the disk fails or the answer cannot be read.
    pub fn answer(&self, key: u128) -> Result<Option<StoredAnswer>, StoreError> {
        let (disk, settled) = self.readable_disk()?;
        let what = "the answer to an idempotency key";
        let kept: Option<KeptAnswer> = reading::value(&disk.db, &keys::kept_answer(key), what)?;
        match kept {
            Some(kept) if settled.is_some_and(|durable| kept.position > durable) => {
                let reason = "only the recovery of the journal shows whether it was stored";
                Err(StoreError::Failed(reason.to_owned()))
            }
            Some(kept) => Ok(Some(kept.answer)),
            // An older binary stored it, so it was durable before this process opened the store.
            None => reading::value(&disk.db, &keys::answer(key), what),
        }
    }

    /// Number of durable streams of a kind.
    #[must_use]
    pub fn count(&self, kind: KindId) -> u64 {
        sync::lock(&self.shared.front).durable_totals.of(kind).streams
    }

    /// The greatest number of a submitted or lost stream of this kind; 0 when there is none.
    #[must_use]
    pub fn last_number(&self, kind: KindId) -> u64 {
        let last = sync::lock(&self.shared.front).submitted_totals.of(kind).last_number;
        last.max(self.taken(kind))
    }

    /// The greatest number of a durable stream of this kind that has an event. A stream of refused
    /// commands alone does not count.
    ///
    /// # Errors
    /// When the disk fails.
    pub fn last_born(&self, kind: KindId) -> Result<u64, StoreError> {
        Ok(walk::last_born(&self.disk()?.db, kind)?.max(self.taken(kind)))
    }

    /// Returns the numbers of the durable streams of a kind, in order. Costs no disk access as long
    /// as the numbers from 1 on are all in use.
    ///
    /// # Errors
    /// When the disk fails.
    pub fn numbers(
        &self,
        kind: KindId,
        skip: u64,
        take: usize,
        descending: bool,
    ) -> Result<Vec<u64>, StoreError> {
        let total = sync::lock(&self.shared.front).durable_totals.of(kind);
        if total.streams != total.last_number {
            return reading::numbers(&self.readable_disk()?.0.db, kind, skip, take, descending);
        }
        let left = total.streams.saturating_sub(skip).min(take as u64);
        if descending {
            let last = total.streams.saturating_sub(skip);
            return Ok((last - left + 1..=last).rev().collect());
        }
        Ok((skip + 1..=skip + left).collect())
    }

    /// Queues a subscriber's checkpoint for the next commit, after all earlier submissions. Does
    /// not wait for the commit.
    ///
    /// # Errors
    /// When the journal is closed or its queue is full. Also when the progress was made in an
    /// earlier generation: it may depend on discarded records. The checkpoint is returned.
    pub fn checkpoint(&self, checkpoint: Checkpoint) -> Result<(), (SubmitError, Checkpoint)> {
        let shared = &*self.shared;
        {
            let mut front = sync::lock(&shared.front);
            if let Err(error) = front.admit(checkpoint.generation, shared.options.queue_records_max)
            {
                return Err((error, checkpoint));
            }
            front.enqueue(SideWrite::Checkpoint(checkpoint), None);
        }
        shared.writer_wakeup.notify_one();
        Ok(())
    }

    /// Returns the cursor of a subscriber's last checkpoint; 0 when there is none.
    ///
    /// # Errors
    /// When the disk fails or the stored value cannot be read.
    pub fn followed(&self, subscriber: KindId) -> Result<u64, StoreError> {
        let key = keys::follower(subscriber);
        Ok(reading::value(&self.disk()?.db, &key, "the position of a subscriber")?.unwrap_or(0))
    }

    /// The state of a subscriber's conversation as of its last checkpoint.
    ///
    /// # Errors
    /// When the disk fails or the state cannot be read.
    pub fn conversation(
        &self,
        subscriber: KindId,
        number: u64,
    ) -> Result<Option<Vec<u8>>, StoreError> {
        let stream = Stream { kind: subscriber, number };
        let unreadable = |reason: String| StoreError::Unreadable { stream, reason };
        let Some(value) = self.disk()?.db.get(keys::conversation(stream))? else {
            return Ok(None);
        };
        crate::store::codec::unframe(&value)
            .map(Some)
            .map_err(|error| unreadable(error.to_string()))
    }

    /// Closes the journal: refuses further submissions, writes the queue, and releases the folder.
    /// Waits for the end of that, unless the journal's own thread calls it.
    pub fn close(&self) {
        {
            let mut front = sync::lock(&self.shared.front);
            if !matches!(front.door, Intake::Closed) {
                front.door = Intake::Closing;
                self.shared.publish(&front);
            }
        }
        self.shared.writer_wakeup.notify_one();
        let writer_thread = sync::lock(&self.writer_thread).take();
        if let Some(writer_thread) = writer_thread
            .filter(|writer_thread| writer_thread.thread().id() != thread::current().id())
        {
            // The writer thread catches every panic, so its result is not needed.
            let _ = writer_thread.join();
        }
        self.marking.end();
    }

    /// The faults that are injected into the disk.
    #[must_use]
    pub fn faults(&self) -> &Faults {
        &self.shared.options.faults
    }

    pub(in crate::store) fn disk(&self) -> Result<Arc<Disk>, StoreError> {
        self.shared.disk().map_err(StoreError::Failed)
    }
}

impl Drop for Journal {
    fn drop(&mut self) {
        self.close();
    }
}
