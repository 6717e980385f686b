//! Fault injection for the disk, by a test or an operator's drill.

use crate::sync;
use std::{
    fmt, io,
    sync::{Arc, Mutex},
    thread,
    time::{Duration, Instant, SystemTime},
};

/// Longest delay of one commit.
pub const SLOWED_BY_MAX: Duration = Duration::from_secs(10);

/// Longest duration of a fault.
pub const LASTING_MAX: Duration = Duration::from_secs(3_600);

/// The injected faults of the disk. They last until they are changed; there are none at first.
/// Clones share them.
#[derive(Clone, Default)]
pub struct Faults {
    armed: Arc<Mutex<Armed>>,
    before_sync: Option<BeforeSync>,
}

type BeforeSync = Arc<dyn Fn() -> io::Result<()> + Send + Sync>;

#[derive(Debug, Default)]
struct Armed {
    slowed: Option<(Duration, Instant)>,
    syncs_to_fail: u32,
    clock_ahead_ms: i64,
    space: Option<(SimulatedDiskState, Option<Instant>)>,
}

/// A simulated state of the file system.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SimulatedDiskState {
    /// No space is left.
    NoSpace,
    /// The file system is read-only.
    ReadOnly,
    /// Every fsync fails.
    Failing,
}

impl Faults {
    /// Creates faults that call `before_sync` on the journal's thread before every fsync; its error
    /// counts as the error of the fsync.
    pub fn before_each_sync(
        before_sync: impl Fn() -> io::Result<()> + Send + Sync + 'static,
    ) -> Self {
        Self { before_sync: Some(Arc::new(before_sync)), ..Self::default() }
    }

    /// Slows every commit by `by`, at most [`SLOWED_BY_MAX`], for `lasting`, at most
    /// [`LASTING_MAX`].
    pub fn slow_commits(&self, by: Duration, lasting: Duration) {
        sync::lock(&self.armed).slowed = Some((by.min(SLOWED_BY_MAX), until(lasting)));
    }

    /// Fails this many of the next fsyncs.
    pub fn fail_syncs(&self, times: u32) {
        sync::lock(&self.armed).syncs_to_fail = times;
    }

    /// Simulates this state of the file system for `lasting`, at most [`LASTING_MAX`]. With `None`
    /// it lasts until it is changed.
    pub fn pretend(&self, simulated_state: SimulatedDiskState, lasting: Option<Duration>) {
        let until = lasting.map(until);
        sync::lock(&self.armed).space = Some((simulated_state, until));
    }

    /// Sets the journal's wall clock ahead by `by_ms` milliseconds, or behind when negative. Only
    /// the retention of answers depends on that clock.
    pub fn set_clock_ahead(&self, by_ms: i64) {
        sync::lock(&self.armed).clock_ahead_ms = by_ms;
    }

    /// Returns the wall clock, in milliseconds since the epoch.
    pub(in crate::store) fn clock_ms(&self) -> u64 {
        let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
        let now = u64::try_from(since.as_millis()).unwrap_or(u64::MAX);
        now.saturating_add_signed(sync::lock(&self.armed).clock_ahead_ms)
    }

    /// Ends the simulated state of the file system.
    pub fn stop_pretending(&self) {
        sync::lock(&self.armed).space = None;
    }

    /// Returns the simulated state of the file system, if any.
    pub(in crate::store) fn simulated_state(&self) -> Option<SimulatedDiskState> {
        let mut armed = sync::lock(&self.armed);
        let is_over = |until: Option<Instant>| until.is_some_and(|until| until <= Instant::now());
        armed.space.take_if(|(_, until)| is_over(*until));
        armed.space.map(|(simulated_state, _)| simulated_state)
    }

    /// Applies the faults before an fsync: delays it, and returns its injected error.
    pub(in crate::store) fn before_sync(&self) -> io::Result<()> {
        if let Some(before_sync) = &self.before_sync {
            before_sync()?;
        }
        let (slowed_by, fails) = sync::lock(&self.armed).next();
        pause(slowed_by);
        if fails || self.simulated_state() == Some(SimulatedDiskState::Failing) {
            return Err(io::Error::other("failed on purpose"));
        }
        Ok(())
    }

    /// Returns the simulated error of a sync of sled's files.
    pub(in crate::store) fn before_write_back(&self) -> io::Result<()> {
        match self.simulated_state() {
            Some(SimulatedDiskState::Failing) => Err(io::Error::other("failed on purpose")),
            _ => Ok(()),
        }
    }
}

impl Armed {
    /// Returns the delay of the next fsync, and whether it fails.
    fn next(&mut self) -> (Duration, bool) {
        let now = Instant::now();
        self.slowed.take_if(|(_, until)| *until <= now);
        let fails = self.syncs_to_fail > 0;
        self.syncs_to_fail = self.syncs_to_fail.saturating_sub(1);
        (self.slowed.map_or(Duration::ZERO, |(by, _)| by), fails)
    }
}

fn until(lasting: Duration) -> Instant {
    Instant::now() + lasting.min(LASTING_MAX)
}

#[expect(clippy::disallowed_methods, reason = "only the journal's own thread is slowed")]
fn pause(by: Duration) {
    if !by.is_zero() {
        thread::sleep(by);
    }
}

impl fmt::Debug for Faults {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.armed.fmt(f)
    }
}
