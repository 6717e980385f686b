//! The heartbeat of an event loop.

use actix::Arbiter;
use std::{
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};
use tokio::time::MissedTickBehavior;

/// How often a loop says that it is not blocked.
const BEAT_EVERY: Duration = Duration::from_millis(50);

/// How often it is looked whether it has.
pub const LOOK_EVERY: Duration = Duration::from_millis(50);

/// What is known of the heart of a loop.
pub(super) struct Heartbeat {
    beats: Arc<AtomicU64>,
    seen: u64,
    /// How often it was looked since it was heard: a machine that is too busy to look is too busy
    /// to beat.
    pub(super) looks: u32,
    pub(super) heard: Instant,
}

impl Heartbeat {
    /// A heart, to be set beating in its loop, and what is known of it.
    pub(super) fn with_heart() -> (Self, impl Future<Output = ()> + Send + 'static) {
        let beats = Arc::<AtomicU64>::default();
        let heart = Arc::clone(&beats);
        let beating = async move {
            let mut every = tokio::time::interval(BEAT_EVERY);
            every.set_missed_tick_behavior(MissedTickBehavior::Delay);
            loop {
                every.tick().await;
                heart.fetch_add(1, Ordering::Relaxed);
            }
        };
        (Self { beats, seen: 0, looks: 0, heard: Instant::now() }, beating)
    }

    pub(super) fn of(arbiter: &Arbiter) -> Self {
        let (pulse, heart) = Self::with_heart();
        arbiter.spawn(heart);
        pulse
    }

    /// Whether its loop has ended, and the heart with it.
    pub(super) fn is_over(&self) -> bool {
        Arc::strong_count(&self.beats) == 1
    }

    pub(super) fn look(&mut self) {
        let beats = self.beats.load(Ordering::Relaxed);
        if beats == self.seen {
            self.looks = self.looks.saturating_add(1);
        } else {
            (self.seen, self.looks, self.heard) = (beats, 0, Instant::now());
        }
    }

    pub(super) fn is_silent_for(&self, time: Duration) -> bool {
        LOOK_EVERY * self.looks >= time
    }
}
