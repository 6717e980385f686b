//! The contract of a journal: the trait through which the runtime uses every implementation.

use super::{
    availability::AvailabilityObserver,
    feed::{Listener, Selection},
    integrity::Loss,
    submission::{Checkpoint, Done, Positions, ReadLevel, Submission, SubmitError},
};
use crate::{
    domain::kernel::Timestamp,
    store::{
        backup::Part,
        faults::Faults,
        types::{
            JournalFigures, KindId, KindSet, Lease, Record, Snapshot, StoreError, StoreId,
            StoredAnswer, Stream,
        },
    },
};
use std::{
    ops::RangeInclusive,
    sync::{Arc, mpsc},
    time::Duration,
};

/// A journal: one total order of records, with everything that is stored beside them.
///
/// A submission gets its positions at once. The durable watermark follows, in order. Records
/// between the two are visible only inside the process, and are discarded when a write fails. Then
/// the generation rises, and every decision based on the discarded records is refused as stale.
///
/// `src/store/tests/contract.rs` holds the tests that every implementation passes.
pub trait Journal: Send + Sync {
    /// Identity of this store; `None` when it was created before stores had one, or is in memory.
    #[must_use]
    fn id(&self) -> Option<StoreId> {
        None
    }

    /// The acknowledged history found missing at this opening, and accepted as lost.
    #[must_use]
    fn accepted_loss(&self) -> Option<&Loss> {
        None
    }

    /// Returns the number of a kind, assigned durably on first use. The call waits for the disk, so
    /// it is for the start only.
    ///
    /// # Errors
    /// When the journal is closed or the disk fails, or there are 65,535 kinds already.
    fn kind(&self, name: &str) -> Result<KindId, StoreError>;

    /// All kinds that were ever used in this store, by number.
    #[must_use]
    fn kinds(&self) -> Vec<(KindId, String)>;

    /// Accepts a submission. Its records have positions at once, and are written with a later
    /// commit.
    ///
    /// # Errors
    /// When the submission is refused, for the reason in [`SubmitError`]. Then `done` is not
    /// called.
    fn submit(&self, submission: Submission) -> Result<Positions, SubmitError>;

    /// The last position assigned.
    #[must_use]
    fn submitted(&self) -> u64;

    /// The watermark: the last position whose record is kept for good. On disk, it would survive a
    /// power loss.
    #[must_use]
    fn durable(&self) -> u64;

    /// A counter from 0 at opening that rises by one whenever records above the watermark are
    /// discarded. It rises again when the journal is reopened after that, perhaps with more records
    /// than were known.
    #[must_use]
    fn generation(&self) -> u64;

    /// Calls `done` once the watermark has reached this position. The call is made at once, on this
    /// thread, when the watermark has reached it already or the journal is failing.
    fn when_durable(&self, position: u64, done: Done);

    /// Ends a lease. No further submission is accepted under it, and every submission accepted
    /// before has its position.
    fn end(&self, lease: &Lease);

    /// Waits, at most `within`, until every submission and checkpoint accepted so far is durable or
    /// lost. Returns whether all of them are.
    #[must_use]
    fn settle(&self, within: Duration) -> bool {
        let (sender, settled) = mpsc::sync_channel(1);
        let none = Stream { kind: KindId::default(), number: 0 };
        let mut empty = Submission::of(none, self.generation(), Timestamp(0));
        empty.done = Some(Box::new(move |_| {
            let _ = sender.send(());
        }));
        match self.submit(empty) {
            Ok(_) => settled.recv_timeout(within).is_ok(),
            // A full queue holds items that are not settled. After all other errors the queue holds
            // none.
            Err(error) => !matches!(error, SubmitError::Full),
        }
    }

    /// Checks whether the journal accepts submissions now. A submission may still be stale or find
    /// the queue full. While the journal is open this is cheap.
    ///
    /// # Errors
    /// The reason why the journal accepts none.
    fn check_accepting(&self) -> Result<(), SubmitError>;

    /// Checks whether the journal is open or will be open again.
    ///
    /// # Errors
    /// When the journal is closed, closing or stopped for good.
    fn is_kept(&self) -> Result<(), SubmitError>;

    /// Whether discarded records may be on disk after all. The reopening of the journal decides
    /// that.
    #[must_use]
    fn is_in_doubt(&self) -> bool {
        false
    }

    /// Returns how long the current commit has been running; `None` without one.
    #[must_use]
    fn committing(&self) -> Option<Duration> {
        None
    }

    /// The durations and sizes of commits; `None` when the journal has no disk.
    #[must_use]
    fn figures(&self) -> Option<&JournalFigures> {
        None
    }

    /// Registers an observer that is notified when the journal stops accepting submissions because
    /// of the disk, and when it accepts them again.
    fn on_availability(&self, _observer: AvailabilityObserver) {}

    /// Closes the journal: refuses further submissions, writes the queue, and releases the folder.
    /// Waits for the end of that, unless the journal's own thread calls it.
    fn close(&self);

    /// Returns up to `records_max` records after a position, gapless, and none past the level's
    /// limit. May return fewer than there are. Returns none only if there are none. Reads from disk
    /// when the records are no longer in memory.
    ///
    /// # Errors
    /// When the disk fails or a record cannot be read.
    fn read(
        &self,
        after: u64,
        records_max: usize,
        level: ReadLevel,
    ) -> Result<Vec<Arc<Record>>, StoreError>;

    /// Reads like [`Self::read`], and returns only the records that concern one of these kinds.
    ///
    /// # Errors
    /// When the disk fails or a record cannot be read.
    fn read_of(
        &self,
        kinds: &KindSet,
        after: u64,
        records_max: usize,
        level: ReadLevel,
    ) -> Result<Selection, StoreError> {
        Ok(Selection::of(Some(kinds), after, self.read(after, records_max, level)?))
    }

    /// Registers a subscriber that is woken for the records that concern it at this level, as long
    /// as the journal is open. It is also notified at intervals, so that it does not fall far
    /// behind, and after every failure.
    fn subscribe(&self, level: ReadLevel, listener: Listener);

    /// Passes the durable records of a stream after a version to `each`, in order. A journal on
    /// disk has one block in memory at a time.
    ///
    /// # Errors
    /// When the disk fails or any part of the stream cannot be read: no record is skipped. Also any
    /// error that `each` returns.
    fn each_record(
        &self,
        stream: Stream,
        after: u32,
        each: &mut dyn FnMut(Record) -> Result<(), StoreError>,
    ) -> Result<(), StoreError>;

    /// Returns up to `records_max` records of a stream after a version.
    ///
    /// # Errors
    /// When the disk fails, or a record cannot be read.
    fn some_records(
        &self,
        stream: Stream,
        after: u32,
        records_max: u32,
    ) -> Result<Vec<Record>, StoreError>;

    /// Returns the version of the last durable record of a stream; 0 without any.
    ///
    /// # Errors
    /// When the disk fails, the record cannot be read, or it is in doubt which record is the last.
    fn last_version(&self, stream: Stream) -> Result<u32, StoreError>;

    /// Returns the latest durable snapshot of a stream, if there is one.
    ///
    /// # Errors
    /// When the disk fails or the snapshot cannot be read. Also when it is in doubt whether the
    /// snapshot is durable, and too many records would have to be read instead.
    fn snapshot(&self, stream: Stream) -> Result<Option<Snapshot>, StoreError>;

    /// Returns the durable answer under this hash of an idempotency key.
    ///
    /// # Errors
    /// When the disk fails or the answer cannot be read.
    fn answer(&self, key: u128) -> Result<Option<StoredAnswer>, StoreError>;

    /// Number of durable streams of a kind.
    #[must_use]
    fn count(&self, kind: KindId) -> u64;

    /// The greatest number of a submitted or lost stream of this kind; 0 when there is none.
    #[must_use]
    fn last_number(&self, kind: KindId) -> u64;

    /// The greatest number up to `last` of a durable stream of this kind that has an event. A
    /// stream of refused commands alone does not count.
    ///
    /// # Errors
    /// When the disk fails.
    fn last_born(&self, kind: KindId, last: u64) -> Result<u64, StoreError>;

    /// Returns the numbers of the durable streams of a kind, in order. Costs no disk access as long
    /// as the numbers from 1 on are all in use.
    ///
    /// # Errors
    /// When the disk fails.
    fn numbers(
        &self,
        kind: KindId,
        skip: u64,
        take: usize,
        descending: bool,
    ) -> Result<Vec<u64>, StoreError>;

    /// Returns the numbers of the durable streams of a kind that belong to this owner, in order.
    ///
    /// # Errors
    /// When the disk fails.
    fn owned(&self, kind: KindId, owner: &str) -> Result<Vec<u64>, StoreError>;

    /// Number of records of single streams read from disk since the opening.
    #[must_use]
    fn records_read(&self) -> u64 {
        0
    }

    /// Queues a subscriber's checkpoint for the next commit, after all earlier submissions. Does
    /// not wait for the commit.
    ///
    /// # Errors
    /// When the journal is closed or its queue is full. Also when the progress was made in an
    /// earlier generation: it may depend on discarded records. The checkpoint is returned.
    fn checkpoint(&self, checkpoint: Checkpoint) -> Result<(), (SubmitError, Checkpoint)>;

    /// Returns the cursor of a subscriber's last checkpoint; 0 when there is none.
    ///
    /// # Errors
    /// When the disk fails or the stored value cannot be read.
    fn cursor_of(&self, subscriber: KindId) -> Result<u64, StoreError>;

    /// The state of a subscriber's conversation as of its last checkpoint.
    ///
    /// # Errors
    /// When the disk fails or the state cannot be read.
    fn conversation(&self, subscriber: KindId, number: u64) -> Result<Option<Vec<u8>>, StoreError>;

    /// Passes the states of a subscriber's conversations with these numbers to `each`, in order.
    ///
    /// # Errors
    /// When the disk fails, a state cannot be read, or `each` returns an error.
    fn conversations(
        &self,
        subscriber: KindId,
        numbers: RangeInclusive<u64>,
        each: &mut dyn FnMut(u64, Vec<u8>) -> Result<(), StoreError>,
    ) -> Result<(), StoreError>;

    /// Returns the greatest conversation number below `below` that is stored for a subscriber; 0
    /// for none.
    ///
    /// # Errors
    /// When the disk fails.
    fn last_conversation(&self, subscriber: KindId, below: u64) -> Result<u64, StoreError>;

    /// Returns a page of a part of the journal for a backup: chunks, about a megabyte. Waits for
    /// the disk. An empty page is the end of the part.
    ///
    /// # Errors
    /// When the disk fails, something cannot be read, or the journal has no backup.
    fn backup_page(&self, _part: Part) -> Result<Vec<u8>, StoreError> {
        Err(StoreError::Failed("this journal is not on a disk, and has no backup".to_owned()))
    }

    /// The faults that are injected into the disk; `None` when the journal has no disk.
    #[must_use]
    fn faults(&self) -> Option<&Faults> {
        None
    }
}
