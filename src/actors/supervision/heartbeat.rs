//! The heartbeat of an event loop, by which the supervisor detects a blocked loop.

use actix::Arbiter;
use std::{
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};
use tokio::time::MissedTickBehavior;

/// The interval at which the loop of a shard increments its heartbeat counter.
pub(super) const BEAT_EVERY: Duration = LOOK_EVERY;

/// The interval at which the supervisor reads the counters.
pub const LOOK_EVERY: Duration = Duration::from_millis(100);

/// The heartbeat of a loop as the supervisor sees it.
pub(super) struct Heartbeat {
    beats: Arc<AtomicU64>,
    seen: u64,
    /// Number of reads without a new beat. Reads are counted instead of time. A machine that is too
    /// busy for the reads is also too busy for the beats.
    pub(super) looks: u32,
    /// The time of the last new beat.
    pub(super) last_beat: Instant,
}

impl Heartbeat {
    /// Creates a heartbeat at this interval, and the future that has to run in the loop to produce
    /// it.
    pub(super) fn with_heart(
        interval: Duration,
    ) -> (Self, impl Future<Output = ()> + Send + 'static) {
        let beats = Arc::<AtomicU64>::default();
        let heart = Arc::clone(&beats);
        let beating = async move {
            let mut every = tokio::time::interval(interval);
            every.set_missed_tick_behavior(MissedTickBehavior::Delay);
            loop {
                every.tick().await;
                heart.fetch_add(1, Ordering::Relaxed);
            }
        };
        (Self { beats, seen: 0, looks: 0, last_beat: Instant::now() }, beating)
    }

    /// Creates a heartbeat at this interval, and runs its future in this loop.
    pub(super) fn of(arbiter: &Arbiter, interval: Duration) -> Self {
        let (heartbeat, heart) = Self::with_heart(interval);
        arbiter.spawn(heart);
        heartbeat
    }

    /// Returns whether the loop has ended and dropped the future.
    pub(super) fn is_over(&self) -> bool {
        Arc::strong_count(&self.beats) == 1
    }

    /// Reads the counter.
    pub(super) fn check(&mut self) {
        let beats = self.beats.load(Ordering::Relaxed);
        if beats == self.seen {
            self.looks = self.looks.saturating_add(1);
        } else {
            (self.seen, self.looks, self.last_beat) = (beats, 0, Instant::now());
        }
    }

    /// Returns whether the loop has not beaten for this time.
    pub(super) fn is_silent_for(&self, time: Duration) -> bool {
        LOOK_EVERY * self.looks >= time
    }
}
