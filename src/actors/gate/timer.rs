//! The timer that wakes the gate driver, and the clock of all gates.

use std::{
    sync::atomic::{AtomicU64, Ordering},
    time::{Duration, Instant, SystemTime, UNIX_EPOCH},
};
use tokio::sync::Notify;

/// The value of `next_us` when no gate is due.
const NEVER: u64 = u64::MAX;

/// The timer. It wakes the gate driver when a gate is due before the driver's next tick.
#[derive(Debug)]
pub struct Timer {
    born: Instant,
    born_ms: u64,
    /// When the gate driver ticks next, in microseconds since the start of the timer. During a
    /// tick: the earliest due time found so far, or [`NEVER`].
    next_us: AtomicU64,
    notify: Notify,
}

impl Default for Timer {
    fn default() -> Self {
        let since_epoch = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        Self {
            born: Instant::now(),
            born_ms: u64::try_from(since_epoch.as_millis()).unwrap_or(u64::MAX),
            next_us: AtomicU64::new(NEVER),
            notify: Notify::new(),
        }
    }
}

impl Timer {
    /// The time since the start of the timer.
    pub fn now(&self) -> Duration {
        self.born.elapsed()
    }

    /// Converts a moment to the time since the start of the timer.
    pub fn since_born(&self, moment: Instant) -> Duration {
        moment.saturating_duration_since(self.born)
    }

    /// Converts a time since the start of the timer to milliseconds since the Unix epoch.
    pub fn since_epoch_ms(&self, since_born: Duration) -> u64 {
        self.born_ms + u64::try_from(since_born.as_millis()).unwrap_or_default()
    }

    /// Schedules a tick at this time. It wakes the gate driver only when the driver sleeps beyond
    /// this time. During a tick no wake-up is needed: the driver reads the due time before it
    /// sleeps.
    pub fn expect(&self, due: Duration) {
        let next_us = self.next_us.fetch_min(micros(due), Ordering::Relaxed);
        if next_us != NEVER && next_us > micros(due) {
            self.wake();
        }
    }

    /// Wakes the gate driver now.
    pub fn wake(&self) {
        self.notify.notify_one();
    }

    /// Waits until a gate is due, until [`wake`](Self::wake) is called, or until `latest` at most.
    /// A wake-up before this call is not lost: it ends the wait at once.
    pub async fn until_due(&self, latest: Duration) {
        let due_us = self.next_us.fetch_min(micros(latest), Ordering::Relaxed);
        let until = self.born + latest.min(Duration::from_micros(due_us));
        let _ = tokio::time::timeout_at(until.into(), self.notify.notified()).await;
        self.next_us.store(NEVER, Ordering::Relaxed);
    }
}

fn micros(time: Duration) -> u64 {
    u64::try_from(time.as_micros()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;
    use futures_util::poll;
    use std::{pin::pin, task::Poll};

    const HOUR: Duration = Duration::from_secs(3_600);

    #[tokio::test]
    async fn a_due_time_that_is_set_during_a_tick_bounds_the_next_pause() {
        let timer = Timer::default();
        timer.expect(HOUR);
        assert_eq!(poll!(pin!(timer.until_due(HOUR * 2))), Poll::Pending);
        timer.expect(Duration::ZERO);
        timer.until_due(HOUR).await;
    }

    #[tokio::test]
    async fn a_due_time_before_the_next_tick_wakes_the_gate_driver() {
        let timer = Timer::default();
        let mut waiting = pin!(timer.until_due(HOUR));
        assert_eq!(poll!(waiting.as_mut()), Poll::Pending);
        timer.expect(HOUR * 2);
        assert_eq!(poll!(waiting.as_mut()), Poll::Pending, "the due time is later");
        timer.expect(HOUR / 2);
        assert_eq!(poll!(waiting), Poll::Ready(()));
    }
}
