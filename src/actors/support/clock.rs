//! The clock of the process: wall-clock time that never goes back, and the detection of jumps.
//!
//! ```text
//! wall clock      12:00 ──▶ 12:10 │ set back  11:10 ──▶ 11:20     jumps where it is set
//! monotonic clock     0 ──▶    10 │              10 ──▶    20     runs evenly
//! process clock   12:00 ──▶ 12:10 │           12:10 ──▶ 12:20     monotonic + greatest offset
//! ```
//! When the wall clock is set forward, the process clock follows at once. When the wall clock is
//! set back, the process clock runs on evenly. Timers then still fire when their time has passed,
//! and the times of records do not decrease. After a restart, the process clock starts at the wall
//! clock again.

use crate::domain::kernel::Timestamp;
use std::{
    sync::{
        OnceLock,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, Instant, SystemTime, UNIX_EPOCH},
};

/// A difference between wall clock and monotonic clock that changes by this much at once is a jump.
/// Corrections by time synchronization are smaller.
pub const JUMP_MIN: Duration = Duration::from_secs(1);

/// Two readings further apart than this show no jump, because the machine was busy between them.
const APART_MAX: Duration = Duration::from_millis(100);

/// The source of a clock's readings. Tests have their own source.
pub trait Source: Send + Sync {
    /// The wall clock: the time since the Unix epoch.
    fn wall(&self) -> Duration;

    /// The monotonic clock: the time since a fixed moment in the past.
    fn monotonic(&self) -> Duration;
}

/// The clocks of the operating system.
struct System {
    begun: Instant,
}

impl Source for System {
    fn wall(&self) -> Duration {
        SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default()
    }

    fn monotonic(&self) -> Duration {
        self.begun.elapsed()
    }
}

/// A clock that never goes back.
pub struct Clock {
    source: Box<dyn Source>,
    /// The greatest difference between wall clock and monotonic clock, in microseconds.
    offset_us: AtomicU64,
}

impl Clock {
    /// A clock that is read from this source.
    #[must_use]
    pub fn new(source: impl Source + 'static) -> Self {
        Self { source: Box::new(source), offset_us: AtomicU64::new(0) }
    }

    /// The present moment. It never decreases as long as the process runs.
    pub fn now(&self) -> Timestamp {
        let (offset_us, monotonic_us) = self.read();
        let offset_us = self.offset_us.fetch_max(offset_us, Ordering::Relaxed).max(offset_us);
        Timestamp(offset_us.saturating_add(monotonic_us) / 1_000)
    }

    /// The offset of the wall clock from the monotonic clock, and the monotonic clock. The wall
    /// clock is read first: a pause between the readings then makes the offset too small, which
    /// [`Self::now`] ignores, and never too great.
    fn read(&self) -> (u64, u64) {
        let wall_us = micros(self.source.wall());
        let monotonic_us = micros(self.source.monotonic());
        (wall_us.saturating_sub(monotonic_us), monotonic_us)
    }
}

/// A jump of the wall clock.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Jump {
    /// It was set forward by so much.
    Forward(Duration),
    /// It was set back by so much.
    Back(Duration),
}

/// Detects jumps of the wall clock. [`Self::look`] has to be called regularly.
#[derive(Debug, Default)]
pub struct Watch {
    seen_us: Option<u64>,
}

impl Watch {
    /// The jump of the wall clock since the previous call, if there was one.
    pub fn look(&mut self, clock: &Clock) -> Option<Jump> {
        let before = clock.source.monotonic();
        let (offset_us, monotonic_us) = clock.read();
        if Duration::from_micros(monotonic_us).saturating_sub(before) > APART_MAX {
            return None;
        }
        let seen_us = self.seen_us.replace(offset_us)?;
        let by = Duration::from_micros(offset_us.abs_diff(seen_us));
        match by >= JUMP_MIN {
            true if offset_us > seen_us => Some(Jump::Forward(by)),
            true => Some(Jump::Back(by)),
            false => None,
        }
    }
}

/// This duration in whole microseconds.
#[must_use]
pub fn micros(time: Duration) -> u64 {
    u64::try_from(time.as_micros()).unwrap_or(u64::MAX)
}

static PROCESS: OnceLock<Clock> = OnceLock::new();

/// The clock of this process.
pub fn process() -> &'static Clock {
    PROCESS.get_or_init(|| Clock::new(System { begun: Instant::now() }))
}

/// The present moment, by the clock of this process.
#[must_use]
pub fn now() -> Timestamp {
    process().now()
}

/// Sets the source of this process's clock. Tests call this before anything is started.
///
/// # Errors
/// When the clock of this process has been read already.
pub fn read_from(source: impl Source + 'static) -> Result<(), &'static str> {
    PROCESS.set(Clock::new(source)).map_err(|_| "the clock of this process is in use already")
}

/// The milliseconds since this moment.
#[must_use]
pub fn millis(since: Instant) -> u64 {
    in_millis(since.elapsed())
}

/// This duration in whole milliseconds.
#[must_use]
pub fn in_millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::Arc;

    const NOON: u64 = 1_800_000_000_000;
    const HOUR: u64 = 3_600_000;

    /// A source whose clocks a test sets, in milliseconds.
    #[derive(Clone, Default)]
    struct Hands(Arc<[AtomicU64; 2]>);

    impl Hands {
        fn set(&self, wall_ms: u64, monotonic_ms: u64) {
            self.0[0].store(wall_ms, Ordering::Relaxed);
            self.0[1].store(monotonic_ms, Ordering::Relaxed);
        }
    }

    impl Source for Hands {
        fn wall(&self) -> Duration {
            Duration::from_millis(self.0[0].load(Ordering::Relaxed))
        }

        fn monotonic(&self) -> Duration {
            Duration::from_millis(self.0[1].load(Ordering::Relaxed))
        }
    }

    fn clock() -> (Clock, Hands) {
        let hands = Hands::default();
        hands.set(NOON, 0);
        (Clock::new(hands.clone()), hands)
    }

    #[test]
    fn time_runs_on_evenly_when_the_wall_clock_is_set_back() {
        let (clock, hands) = clock();
        assert_eq!(clock.now(), Timestamp(NOON));
        hands.set(NOON - HOUR, 1);
        assert_eq!(clock.now(), Timestamp(NOON + 1));
        hands.set(NOON, HOUR);
        assert_eq!(clock.now(), Timestamp(NOON + HOUR));
    }

    #[test]
    fn time_jumps_with_a_wall_clock_that_is_set_forward() {
        let (clock, hands) = clock();
        assert_eq!(clock.now(), Timestamp(NOON));
        hands.set(NOON + HOUR, 1);
        assert_eq!(clock.now(), Timestamp(NOON + HOUR));
        hands.set(NOON + HOUR + 5, 6);
        assert_eq!(clock.now(), Timestamp(NOON + HOUR + 5));
    }

    #[test]
    fn jumps_in_both_directions_are_detected_once_and_small_corrections_are_ignored() {
        let (clock, hands) = clock();
        let mut watch = Watch::default();
        assert_eq!(watch.look(&clock), None);
        hands.set(NOON - HOUR + 50, 50);
        assert_eq!(watch.look(&clock), Some(Jump::Back(Duration::from_millis(HOUR))));
        assert_eq!(watch.look(&clock), None);
        hands.set(NOON + 100, 100);
        assert_eq!(watch.look(&clock), Some(Jump::Forward(Duration::from_millis(HOUR))));
        hands.set(NOON + 150 + 999, 150);
        assert_eq!(watch.look(&clock), None);
    }
}
