//! What wakes the gate driver, and the clock that all gates go by.

use std::{
    sync::atomic::{AtomicBool, AtomicU64, Ordering},
    time::{Duration, Instant, SystemTime, UNIX_EPOCH},
};
use tokio::sync::Notify;

/// Nothing is due.
const NEVER: u64 = u64::MAX;

/// Rings when something is due earlier than the gate driver means to look.
#[derive(Debug)]
pub struct Timer {
    born: Instant,
    born_ms: u64,
    /// When the gate driver looks next, in microseconds since the beginning. While it looks, the
    /// next that it has come upon, and [`NEVER`] before that.
    next_us: AtomicU64,
    notify: Notify,
    /// Whether the gate driver is to die of its next look, on purpose.
    is_poisoned: AtomicBool,
}

impl Default for Timer {
    fn default() -> Self {
        let since_epoch = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        Self {
            born: Instant::now(),
            born_ms: u64::try_from(since_epoch.as_millis()).unwrap_or(u64::MAX),
            next_us: AtomicU64::new(NEVER),
            notify: Notify::new(),
            is_poisoned: AtomicBool::new(false),
        }
    }
}

impl Timer {
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

    /// Something is due then. Rings only when the gate driver would sleep for longer: what it comes
    /// upon itself, or others do while it looks, it finds before it sleeps.
    pub fn expect(&self, due: Duration) {
        let next_us = self.next_us.fetch_min(micros(due), Ordering::Relaxed);
        if next_us != NEVER && next_us > micros(due) {
            self.ring();
        }
    }

    /// Something is to be done now.
    pub fn ring(&self) {
        self.notify.notify_one();
    }

    /// Waits until something is due, until `latest` at the most, or until it rings. Who rang before
    /// this was called is heard.
    pub async fn heard(&self, latest: Duration) {
        let due_us = self.next_us.fetch_min(micros(latest), Ordering::Relaxed);
        let until = self.born + latest.min(Duration::from_micros(due_us));
        let _ = tokio::time::timeout_at(until.into(), self.notify.notified()).await;
        self.next_us.store(NEVER, Ordering::Relaxed);
    }

    /// Whether it is to be died of, once.
    pub fn take_poison(&self) -> bool {
        self.is_poisoned.swap(false, Ordering::Relaxed)
    }

    /// Lets the gate driver die.
    pub fn poison(&self) {
        self.is_poisoned.store(true, Ordering::Relaxed);
        self.ring();
    }
}

fn micros(time: Duration) -> u64 {
    u64::try_from(time.as_micros()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::{
        future::Future,
        pin::pin,
        task::{Context, Poll, Waker},
    };

    const HOUR: Duration = Duration::from_secs(3_600);

    fn poll(waiting: std::pin::Pin<&mut impl Future<Output = ()>>) -> Poll<()> {
        waiting.poll(&mut Context::from_waker(Waker::noop()))
    }

    #[tokio::test]
    async fn what_comes_up_while_the_gatekeeper_looks_lets_it_sleep_until_then() {
        let bell = Timer::default();
        bell.expect(HOUR);
        assert_eq!(poll(pin!(bell.heard(HOUR * 2))), Poll::Pending);
        bell.expect(Duration::ZERO);
        bell.heard(HOUR).await;
    }

    #[tokio::test]
    async fn what_is_due_before_the_gatekeeper_means_to_look_wakes_it() {
        let bell = Timer::default();
        let mut waiting = pin!(bell.heard(HOUR));
        assert_eq!(poll(waiting.as_mut()), Poll::Pending);
        bell.expect(HOUR * 2);
        assert_eq!(poll(waiting.as_mut()), Poll::Pending, "that is later");
        bell.expect(HOUR / 2);
        assert_eq!(poll(waiting), Poll::Ready(()));
    }
}
