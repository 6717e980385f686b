//! What the handle of the journal and the hand that writes have in common.

use super::{
    disk::{self, Disk},
    feed::Subscribers,
    files::Files,
    front::{Door, Front},
    journal::JournalOptions,
    mark::MarkFile,
    stopwatch::Stopwatch,
    sync::lock,
    turns::Turns,
};
use std::{
    path::PathBuf,
    sync::{
        Arc, Condvar, Mutex, PoisonError, RwLock,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    thread,
    time::{Duration, Instant},
};

/// The longest that letting go of the store waits for those who read from it at that moment.
const READERS_LEAVE_WITHIN: Duration = Duration::from_secs(1);

/// How often it looks whether they are gone.
const READERS_LOOK_EVERY: Duration = Duration::from_millis(1);

/// What the handle and the hand that writes have in common.
pub(super) struct Shared {
    pub(super) dir: PathBuf,
    pub(super) options: JournalOptions,
    pub(super) front: Mutex<Front>,
    pub(super) hand_wakes: Condvar,
    /// Empty while the store is being reopened, and after closing.
    pub(super) slot: RwLock<Option<Arc<Disk>>>,
    pub(super) subscribers: Subscribers,
    pub(super) turns: Turns,
    /// The store may hold what was lost: it is read up to the watermark only.
    pub(super) is_in_doubt: AtomicBool,
    pub(super) watch: Stopwatch,
    /// What says how far the journal is.
    pub(super) mark: Arc<MarkFile>,
    /// What must stay in its place.
    pub(super) files: Files,
    // Copies of what stands in the front, to be read without its lock.
    submitted: AtomicU64,
    durable: AtomicU64,
    generation: AtomicU64,
    is_open: AtomicBool,
}

impl Shared {
    pub(super) fn new(
        dir: PathBuf,
        options: JournalOptions,
        front: Front,
        (disk, mark, files): (Disk, Arc<MarkFile>, Files),
    ) -> Self {
        Self {
            dir,
            options,
            hand_wakes: Condvar::new(),
            slot: RwLock::new(Some(Arc::new(disk))),
            subscribers: Subscribers::default(),
            turns: Turns::default(),
            is_in_doubt: AtomicBool::new(false),
            watch: Stopwatch::default(),
            mark,
            files,
            submitted: AtomicU64::new(front.head),
            durable: AtomicU64::new(front.durable),
            generation: AtomicU64::new(front.generation),
            is_open: AtomicBool::new(true),
            front: Mutex::new(front),
        }
    }

    /// The open store; held only as long as it takes to read, so that it can be reopened.
    pub(super) fn disk(&self) -> Result<Arc<Disk>, String> {
        let is_in_doubt = self.is_in_doubt.load(Ordering::Acquire);
        self.kept_disk().filter(|_| !is_in_doubt).ok_or_else(|| self.because())
    }

    /// As [`Self::disk`], but also when it may hold what was lost.
    pub(super) fn kept_disk(&self) -> Option<Arc<Disk>> {
        self.slot.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Why there is no store.
    fn because(&self) -> String {
        match &lock(&self.front).door {
            Door::Healing(because) => format!("the journal is being reopened: {because}"),
            Door::Refusing(refusal) => format!("the journal is being reopened: {refusal}"),
            Door::Stopped(because) => because.to_string(),
            Door::Open | Door::Closing | Door::Closed => "the journal is closed".to_owned(),
        }
    }

    /// Lets go of the store, and with it of the folder.
    pub(super) fn let_go(&self) {
        let disk = self.slot.write().unwrap_or_else(PoisonError::into_inner).take();
        let Some(disk) = disk else { return };
        // Whoever reads at this moment still holds it, and with it the folder.
        let begin = Instant::now();
        while Arc::strong_count(&disk) > 1 && begin.elapsed() < READERS_LEAVE_WITHIN {
            thread::park_timeout(READERS_LOOK_EVERY);
        }
        drop(disk);
        // Whoever opens it next must not be told that another process has it.
        while disk::is_held(&self.dir) && begin.elapsed() < READERS_LEAVE_WITHIN {
            thread::park_timeout(READERS_LOOK_EVERY);
        }
    }

    pub(super) fn is_open(&self) -> bool {
        self.is_open.load(Ordering::Acquire)
    }

    pub(super) fn submitted(&self) -> u64 {
        self.submitted.load(Ordering::Acquire)
    }

    pub(super) fn generation(&self) -> u64 {
        self.generation.load(Ordering::Acquire)
    }

    pub(super) fn durable(&self) -> u64 {
        self.durable.load(Ordering::Acquire)
    }

    /// Copies what stands in the front for those who read without its lock.
    pub(super) fn publish(&self, front: &Front) {
        self.generation.store(front.generation, Ordering::Release);
        self.durable.store(front.durable, Ordering::Release);
        self.submitted.store(front.head, Ordering::Release);
        self.is_open.store(matches!(front.door, Door::Open), Ordering::Release);
    }
}
