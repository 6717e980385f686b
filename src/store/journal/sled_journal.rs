//! The journal in sled: a commit queue in memory, one writer thread, and the disk.

use super::{
    availability::AvailabilityObserver,
    commit_queue::{CommitQueue, Intake, SideWrite},
    contract::Journal,
    feed::{Listener, Selection},
    integrity::Loss,
    mark_sync::MarkSync,
    open,
    owner_lists::OwnerLists,
    shared::Shared,
    submission::{Checkpoint, Done, Positions, ReadLevel, Submission, SubmitError},
    writer,
};
use crate::store::{
    backup::Part,
    codec,
    disk::{Disk, Walk, keys, reading, walk},
    faults::Faults,
    types::{
        JournalFigures, JournalOptions, KindId, KindSet, Lease, OpenError, Record, Snapshot,
        StoreError, StoreId, StoredAnswer, Stream,
    },
};
use crate::sync;
use std::{
    collections::HashMap,
    ops::RangeInclusive,
    path::Path,
    sync::{
        Arc, Mutex,
        atomic::{AtomicU64, Ordering},
        mpsc,
    },
    thread::{self, JoinHandle},
    time::Duration,
};

/// An open journal. Dropping the last handle closes it.
pub struct SledJournal {
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

impl SledJournal {
    /// Opens the journal in this folder, and creates both when they are missing.
    ///
    /// # Errors
    /// When the folder cannot be used, is in use by another process, or holds a store of
    /// another format.
    pub fn open(dir: &Path, options: JournalOptions) -> Result<Arc<Self>, OpenError> {
        let opened = open::open(dir, &options)?;
        let front = CommitQueue::new(opened.head);
        let owner_lists = OwnerLists::read(&opened.disk.db, front.durable);
        let of_store = (opened.disk, opened.mark, opened.files);
        let shared = Shared::new(dir.to_owned(), options, (front, owner_lists), of_store);
        let shared = Arc::new(shared);
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

    /// The greatest number of this kind assigned before history was lost; 0 when none was.
    pub(super) fn taken(&self, kind: KindId) -> u64 {
        self.taken.get(usize::from(kind.0)).copied().unwrap_or_default()
    }

    pub(in crate::store) fn disk(&self) -> Result<Arc<Disk>, StoreError> {
        self.shared.disk().map_err(StoreError::Failed)
    }
}

impl Journal for SledJournal {
    fn id(&self) -> Option<StoreId> {
        self.id
    }

    fn accepted_loss(&self) -> Option<&Loss> {
        self.loss.as_ref()
    }

    fn kind(&self, name: &str) -> Result<KindId, StoreError> {
        let mut kinds = sync::lock(&self.kinds);
        if let Some(kind) = kinds.get(name) {
            return Ok(*kind);
        }
        let greatest = kinds.values().map(|kind| kind.0).max();
        let kind = greatest.map_or(Some(0), |greatest| greatest.checked_add(1));
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

    fn kinds(&self) -> Vec<(KindId, String)> {
        let kinds = sync::lock(&self.kinds);
        let mut kinds: Vec<_> = kinds.iter().map(|(name, kind)| (*kind, name.clone())).collect();
        kinds.sort_unstable();
        kinds
    }

    fn submit(&self, submission: Submission) -> Result<Positions, SubmitError> {
        let shared = &*self.shared;
        let concerned = submission.concerned().next();
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

    fn submitted(&self) -> u64 {
        self.shared.submitted()
    }

    fn durable(&self) -> u64 {
        self.shared.durable()
    }

    fn generation(&self) -> u64 {
        self.shared.generation()
    }

    fn when_durable(&self, position: u64, done: Done) {
        if position <= self.durable() {
            return done(Ok(()));
        }
        let refused = sync::lock(&self.shared.front).wait_for(position, done);
        if let Err((done, outcome)) = refused {
            done(outcome);
        }
    }

    fn end(&self, lease: &Lease) {
        lease.end();
        // Taking the lock waits for any submission that checked the lease before this.
        drop(sync::lock(&self.shared.front));
    }

    fn check_accepting(&self) -> Result<(), SubmitError> {
        if self.shared.is_open() {
            return Ok(());
        }
        sync::lock(&self.shared.front).intake.pass()
    }

    fn is_kept(&self) -> Result<(), SubmitError> {
        let intake = &sync::lock(&self.shared.front).intake;
        let is_over = matches!(intake, Intake::Stopped(_) | Intake::Closing | Intake::Closed);
        if is_over { intake.pass() } else { Ok(()) }
    }

    fn is_in_doubt(&self) -> bool {
        self.shared.is_in_doubt.load(Ordering::Acquire)
    }

    fn committing(&self) -> Option<Duration> {
        self.shared.watch.elapsed()
    }

    fn on_availability(&self, observer: AvailabilityObserver) {
        self.shared.availability.add(observer);
    }

    fn close(&self) {
        {
            let mut front = sync::lock(&self.shared.front);
            if !matches!(front.intake, Intake::Closed) {
                front.intake = Intake::Closing;
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

    fn read(
        &self,
        after: u64,
        records_max: usize,
        level: ReadLevel,
    ) -> Result<Vec<Arc<Record>>, StoreError> {
        Ok(self.select(None, after, records_max, level)?.records)
    }

    fn read_of(
        &self,
        kinds: &KindSet,
        after: u64,
        records_max: usize,
        level: ReadLevel,
    ) -> Result<Selection, StoreError> {
        self.select(Some(kinds), after, records_max, level)
    }

    fn subscribe(&self, level: ReadLevel, listener: Listener) {
        self.shared.subscribers.add(level, listener);
    }

    fn each_record(
        &self,
        stream: Stream,
        after: u32,
        each: &mut dyn FnMut(Record) -> Result<(), StoreError>,
    ) -> Result<(), StoreError> {
        let (disk, settled) = self.readable_disk()?;
        for record in Walk::after(&disk.db, stream, after)? {
            let record = record?;
            if settled.is_some_and(|durable| record.position > durable) {
                break;
            }
            self.records_read.fetch_add(1, Ordering::Relaxed);
            each(record)?;
        }
        Ok(())
    }

    fn some_records(
        &self,
        stream: Stream,
        after: u32,
        records_max: u32,
    ) -> Result<Vec<Record>, StoreError> {
        let (disk, settled) = self.readable_disk()?;
        let mut records = walk::records_after(&disk.db, stream, after, records_max)?;
        if let Some(durable) = settled {
            records.retain(|record| record.position <= durable);
        }
        self.records_read.fetch_add(records.len() as u64, Ordering::Relaxed);
        Ok(records)
    }

    fn last_version(&self, stream: Stream) -> Result<u32, StoreError> {
        let last = walk::last(&self.disk()?.db, stream)?;
        Ok(last.map_or(0, |record| record.version))
    }

    fn snapshot(&self, stream: Stream) -> Result<Option<Snapshot>, StoreError> {
        self.settled_snapshot(stream)
    }

    fn answer(&self, key: u128) -> Result<Option<StoredAnswer>, StoreError> {
        self.kept_answer(key)
    }

    fn count(&self, kind: KindId) -> u64 {
        sync::lock(&self.shared.front).durable_totals.of(kind).streams
    }

    fn last_number(&self, kind: KindId) -> u64 {
        let last = sync::lock(&self.shared.front).submitted_totals.of(kind).last_number;
        last.max(self.taken(kind))
    }

    fn last_born(&self, kind: KindId, last: u64) -> Result<u64, StoreError> {
        Ok(walk::last_born(&self.disk()?.db, kind, last)?.max(self.taken(kind)))
    }

    fn numbers(
        &self,
        kind: KindId,
        skip: u64,
        take: usize,
        descending: bool,
    ) -> Result<Vec<u64>, StoreError> {
        self.some_numbers(kind, skip, take, descending)
    }

    fn owned(&self, kind: KindId, owner: &str) -> Result<Vec<u64>, StoreError> {
        self.owned_numbers(kind, owner)
    }

    fn records_read(&self) -> u64 {
        self.records_read.load(Ordering::Relaxed)
    }

    fn checkpoint(&self, checkpoint: Checkpoint) -> Result<(), (SubmitError, Checkpoint)> {
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

    fn cursor_of(&self, subscriber: KindId) -> Result<u64, StoreError> {
        let key = keys::subscriber(subscriber);
        Ok(reading::value(&self.disk()?.db, &key, "the position of a subscriber")?.unwrap_or(0))
    }

    fn conversation(&self, subscriber: KindId, number: u64) -> Result<Option<Vec<u8>>, StoreError> {
        let stream = Stream { kind: subscriber, number };
        let unreadable = |reason: String| StoreError::Unreadable { stream, reason };
        let Some(value) = self.disk()?.db.get(keys::conversation(stream))? else {
            return Ok(None);
        };
        codec::unframe(&value).map(Some).map_err(|error| unreadable(error.to_string()))
    }

    fn conversations(
        &self,
        subscriber: KindId,
        numbers: RangeInclusive<u64>,
        each: &mut dyn FnMut(u64, Vec<u8>) -> Result<(), StoreError>,
    ) -> Result<(), StoreError> {
        let key = |number| keys::conversation(Stream { kind: subscriber, number });
        let disk = self.disk()?;
        for entry in disk.db.range(key(*numbers.start())..=key(*numbers.end())) {
            let (key, value) = entry?;
            let Some(stream) = keys::read_address(&key, keys::CONVERSATION) else { continue };
            let state = codec::unframe(&value)
                .map_err(|error| StoreError::Unreadable { stream, reason: error.to_string() })?;
            each(stream.number, state)?;
        }
        Ok(())
    }

    fn last_conversation(&self, subscriber: KindId, below: u64) -> Result<u64, StoreError> {
        let key = |number| keys::conversation(Stream { kind: subscriber, number });
        let last = self.disk()?.db.range(key(0)..key(below)).next_back().transpose()?;
        let stream = last.and_then(|(key, _)| keys::read_address(&key, keys::CONVERSATION));
        Ok(stream.map_or(0, |stream| stream.number))
    }

    fn backup_page(&self, part: Part) -> Result<Vec<u8>, StoreError> {
        self.page_of(part)
    }

    fn figures(&self) -> Option<&JournalFigures> {
        Some(&self.shared.options.figures)
    }

    fn faults(&self) -> Option<&Faults> {
        Some(&self.shared.options.faults)
    }
}

impl Drop for SledJournal {
    fn drop(&mut self) {
        self.close();
    }
}
