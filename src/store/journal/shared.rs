//! State that the journal's handle and its writer thread share.

use super::{
    availability::AvailabilityObservers,
    commit_queue::{CommitQueue, Intake},
    commit_timer::CommitTimer,
    feed::Subscribers,
    owner_lists::OwnerLists,
};
use crate::store::{
    disk::{Disk, Files, MarkFile, synced},
    types::JournalOptions,
};
use crate::sync;
use std::{
    path::PathBuf,
    sync::{
        Arc, Condvar, Mutex, RwLock,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    thread,
    time::{Duration, Instant},
};

/// Longest time that closing the store waits for reads in progress.
const READERS_LEAVE_WITHIN: Duration = Duration::from_secs(1);

/// Interval of the checks whether the reads have ended.
const READERS_LOOK_EVERY: Duration = Duration::from_millis(1);

/// State that the journal's handle and its writer thread share.
pub struct Shared {
    pub(in crate::store) dir: PathBuf,
    pub(in crate::store) options: JournalOptions,
    pub(in crate::store) front: Mutex<CommitQueue>,
    pub(in crate::store) writer_wakeup: Condvar,
    /// Empty while the store is being reopened, and after closing.
    pub(in crate::store) slot: RwLock<Option<Arc<Disk>>>,
    pub(in crate::store) owner_lists: OwnerLists,
    pub(in crate::store) subscribers: Subscribers,
    pub(in crate::store) availability: AvailabilityObservers,
    /// Whether the store may hold discarded records; it is then read up to the watermark only.
    pub(in crate::store) is_in_doubt: AtomicBool,
    pub(in crate::store) watch: CommitTimer,
    /// The file of the mark, which records how far the journal is.
    pub(in crate::store) mark: Arc<MarkFile>,
    /// The files that must not be moved, deleted or replaced.
    pub(in crate::store) files: Files,
    // Copies of fields of the queue, to be read without its lock.
    submitted: AtomicU64,
    durable: AtomicU64,
    generation: AtomicU64,
    is_open: AtomicBool,
}

impl Shared {
    pub(in crate::store) fn new(
        dir: PathBuf,
        options: JournalOptions,
        (front, owner_lists): (CommitQueue, OwnerLists),
        (disk, mark, files): (Disk, Arc<MarkFile>, Files),
    ) -> Self {
        Self {
            dir,
            options,
            writer_wakeup: Condvar::new(),
            slot: RwLock::new(Some(Arc::new(disk))),
            owner_lists,
            subscribers: Subscribers::default(),
            availability: AvailabilityObservers::default(),
            is_in_doubt: AtomicBool::new(false),
            watch: CommitTimer::default(),
            mark,
            files,
            submitted: AtomicU64::new(front.head),
            durable: AtomicU64::new(front.durable),
            generation: AtomicU64::new(front.generation),
            is_open: AtomicBool::new(true),
            front: Mutex::new(front),
        }
    }

    /// Returns the open store. A caller holds it only for one read, so that the store can be
    /// reopened.
    pub(in crate::store) fn disk(&self) -> Result<Arc<Disk>, String> {
        let is_in_doubt = self.is_in_doubt.load(Ordering::Acquire);
        self.kept_disk().filter(|_| !is_in_doubt).ok_or_else(|| self.reason())
    }

    /// Returns the store as [`Self::disk`] does, but also when it may hold discarded records.
    pub(in crate::store) fn kept_disk(&self) -> Option<Arc<Disk>> {
        sync::read(&self.slot).clone()
    }

    /// Returns the reason why there is no open store.
    fn reason(&self) -> String {
        match &sync::lock(&self.front).intake {
            Intake::Recovering(reason) => format!("the journal is being reopened: {reason}"),
            Intake::Refusing(refusal) => format!("the journal is being reopened: {refusal}"),
            Intake::Stopped(reason) => reason.to_string(),
            Intake::Open | Intake::Closing | Intake::Closed => "the journal is closed".to_owned(),
        }
    }

    /// Closes the store and releases its folder.
    pub(in crate::store) fn abandon(&self) {
        let disk = sync::write(&self.slot).take();
        let Some(disk) = disk else { return };
        // A read in progress still holds the store, and with it the folder.
        let begin = Instant::now();
        while Arc::strong_count(&disk) > 1 && begin.elapsed() < READERS_LEAVE_WITHIN {
            thread::park_timeout(READERS_LOOK_EVERY);
        }
        drop(disk);
        // The next opening must not fail because this process still holds the lock.
        while synced::is_held(&self.dir) && begin.elapsed() < READERS_LEAVE_WITHIN {
            thread::park_timeout(READERS_LOOK_EVERY);
        }
    }

    pub(in crate::store) fn is_open(&self) -> bool {
        self.is_open.load(Ordering::Acquire)
    }

    pub(in crate::store) fn submitted(&self) -> u64 {
        self.submitted.load(Ordering::Acquire)
    }

    pub(in crate::store) fn generation(&self) -> u64 {
        self.generation.load(Ordering::Acquire)
    }

    pub(in crate::store) fn durable(&self) -> u64 {
        self.durable.load(Ordering::Acquire)
    }

    /// Copies fields of the queue for readers without its lock.
    pub(in crate::store) fn publish(&self, front: &CommitQueue) {
        self.generation.store(front.generation, Ordering::Release);
        self.durable.store(front.durable, Ordering::Release);
        self.submitted.store(front.head, Ordering::Release);
        self.is_open.store(matches!(front.intake, Intake::Open), Ordering::Release);
    }
}
