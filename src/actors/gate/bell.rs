//! What wakes the gatekeeper, and the clock that all gates go by.

use std::{
    sync::atomic::{AtomicBool, AtomicU64, Ordering},
    time::{Duration, Instant, SystemTime, UNIX_EPOCH},
};
use tokio::sync::Notify;

/// Rings when something is due earlier than the gatekeeper means to look.
#[derive(Debug)]
pub struct Bell {
    born: Instant,
    born_ms: u64,
    /// When the gatekeeper looks next, in microseconds since the beginning; never, as far as it
    /// knows, while it looks, so that whatever comes up meanwhile rings.
    next_us: AtomicU64,
    notify: Notify,
    /// Whether the gatekeeper is to die of its next look, on purpose.
    is_poisoned: AtomicBool,
}

impl Default for Bell {
    fn default() -> Self {
        let since_epoch = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        Self {
            born: Instant::now(),
            born_ms: u64::try_from(since_epoch.as_millis()).unwrap_or(u64::MAX),
            next_us: AtomicU64::new(u64::MAX),
            notify: Notify::new(),
            is_poisoned: AtomicBool::new(false),
        }
    }
}

impl Bell {
    /// The time since the beginning.
    pub fn now(&self) -> Duration {
        self.born.elapsed()
    }

    /// A moment as the time since the beginning.
    pub fn since_born(&self, moment: Instant) -> Duration {
        moment.saturating_duration_since(self.born)
    }

    /// The time since the beginning as milliseconds since the epoch.
    pub fn since_epoch_ms(&self, since_born: Duration) -> u64 {
        self.born_ms + u64::try_from(since_born.as_millis()).unwrap_or_default()
    }

    /// Something is due then.
    pub fn expect(&self, due: Duration) {
        if self.next_us.fetch_min(micros(due), Ordering::Relaxed) > micros(due) {
            self.ring();
        }
    }

    /// Something is to be done now.
    pub fn ring(&self) {
        self.notify.notify_one();
    }

    /// Waits until then, or until it rings. Who rang before this was called is heard.
    pub async fn heard(&self, next: Duration) {
        self.next_us.store(micros(next), Ordering::Relaxed);
        let until = tokio::time::Instant::from_std(self.born + next);
        let _ = tokio::time::timeout_at(until, self.notify.notified()).await;
        self.next_us.store(u64::MAX, Ordering::Relaxed);
    }

    /// Whether it is to be died of, once.
    pub fn take_poison(&self) -> bool {
        self.is_poisoned.swap(false, Ordering::Relaxed)
    }

    /// Lets the gatekeeper die.
    pub fn poison(&self) {
        self.is_poisoned.store(true, Ordering::Relaxed);
        self.ring();
    }
}

fn micros(time: Duration) -> u64 {
    u64::try_from(time.as_micros()).unwrap_or(u64::MAX)
}
