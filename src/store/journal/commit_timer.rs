//! Measures how long the current commit has been running. A disk call that hangs never returns, so
//! other threads read this timer.

use std::{
    sync::atomic::{AtomicU64, Ordering},
    time::{Duration, Instant},
};

/// Timer that runs while the writer thread uses the disk. It is read without a lock.
#[derive(Debug)]
pub(in crate::store) struct CommitTimer {
    born: Instant,
    /// Milliseconds from `born` to the start, plus one; 0 while the timer is stopped.
    started: AtomicU64,
}

impl Default for CommitTimer {
    fn default() -> Self {
        Self { born: Instant::now(), started: AtomicU64::new(0) }
    }
}

impl CommitTimer {
    /// Starts the timer; it runs until the returned guard is dropped.
    pub(in crate::store) fn start(&self) -> Running<'_> {
        self.started.store(self.now().saturating_add(1), Ordering::Relaxed);
        Running(self)
    }

    /// Returns how long the timer has been running; `None` while it is stopped.
    pub(in crate::store) fn elapsed(&self) -> Option<Duration> {
        let started = self.started.load(Ordering::Relaxed).checked_sub(1)?;
        Some(Duration::from_millis(self.now().saturating_sub(started)))
    }

    fn now(&self) -> u64 {
        u64::try_from(self.born.elapsed().as_millis()).unwrap_or(u64::MAX)
    }
}

/// Guard that stops the timer when dropped.
pub(in crate::store) struct Running<'timer>(&'timer CommitTimer);

impl Drop for Running<'_> {
    fn drop(&mut self) {
        self.0.started.store(0, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_timer_runs_until_it_is_stopped() {
        let timer = CommitTimer::default();
        assert_eq!(timer.elapsed(), None);
        let running = timer.start();
        while timer.elapsed() < Some(Duration::from_millis(2)) {
            std::thread::yield_now();
        }
        drop(running);
        assert_eq!(timer.elapsed(), None);
    }
}
