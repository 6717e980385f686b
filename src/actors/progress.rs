//! How far a follower of the journal has come, for whoever watches from another thread.

use super::facade::{Part, Status};
use std::{
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    time::Duration,
};

/// A saga runner's, port's, lookup's or projector's progress.
#[derive(Debug)]
pub struct Progress {
    name: String,
    position: AtomicU64,
    waiting: AtomicU64,
    trouble: Mutex<Option<String>>,
}

impl Progress {
    /// Nothing done yet.
    pub fn new(name: String) -> Arc<Self> {
        let (position, waiting) = (AtomicU64::new(0), AtomicU64::new(0));
        Arc::new(Self { name, position, waiting, trouble: Mutex::default() })
    }

    /// Everything up to this position has been seen.
    pub fn reach(&self, position: u64) {
        self.position.store(position, Ordering::Release);
    }

    /// The last position seen.
    pub fn position(&self) -> u64 {
        self.position.load(Ordering::Acquire)
    }

    /// So many things are under way.
    pub fn wait_for(&self, number: usize) {
        self.waiting.store(number as u64, Ordering::Relaxed);
    }

    /// Whatever was wrong is right again. Cheap when nothing was.
    pub fn trouble_over(&self) {
        let mut trouble = self.trouble.lock().unwrap_or_else(PoisonError::into_inner);
        if trouble.take().is_some() {
            tracing::info!(part = self.name, "well again");
        }
    }

    /// Something is wrong, or right again.
    pub fn trouble(&self, trouble: Option<String>) {
        if let Some(because) = &trouble {
            tracing::error!(part = self.name, because, "in trouble");
        }
        *self.trouble.lock().unwrap_or_else(PoisonError::into_inner) = trouble;
    }

    /// How it is, seen from the outside.
    pub fn part(&self, durable: u64) -> Part {
        let trouble = self.trouble.lock().unwrap_or_else(PoisonError::into_inner).clone();
        let position = self.position();
        let mut details = vec![
            ("position", position.to_string()),
            ("behind", durable.saturating_sub(position).to_string()),
            ("underWay", self.waiting.load(Ordering::Relaxed).to_string()),
        ];
        let status = if trouble.is_some() { Status::Down } else { Status::Up };
        details.extend(trouble.map(|because| ("because", because)));
        Part { name: self.name.clone(), status, details }
    }
}

/// A turn in which so many records were read makes the times busy: whoever reads the journal
/// then waits [`BUSY_PAUSE`] for more before the next turn, because being woken for each record
/// costs everybody more than the pause does.
pub const BUSY_RECORDS: usize = 24;

/// See [`BUSY_RECORDS`].
pub const BUSY_PAUSE: Duration = Duration::from_millis(1);

/// Wakes somebody once, however often it is rung before that somebody looks.
#[derive(Clone, Debug, Default)]
pub struct Bell {
    rung: Arc<AtomicBool>,
}

impl Bell {
    /// Rings; calls `wake` unless it was ringing already.
    pub fn ring(&self, wake: impl FnOnce()) {
        if !self.rung.swap(true, Ordering::AcqRel) {
            wake();
        }
    }

    /// Somebody looks now; rings after this wake again.
    pub fn hush(&self) {
        self.rung.store(false, Ordering::Release);
    }
}
