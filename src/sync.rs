//! Locks that ignore poisoning, because guarded data is consistent between any two statements that
//! panic; counts of operations in progress; and the work of background threads in portions.

use std::{
    sync::{
        Arc, Mutex, MutexGuard, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard,
        atomic::{AtomicUsize, Ordering},
    },
    thread,
};

/// Locks a mutex, even if a thread panicked while it held the lock.
pub fn lock<T: ?Sized>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Locks for reading, even if a thread panicked while it wrote.
pub fn read<T: ?Sized>(lock: &RwLock<T>) -> RwLockReadGuard<'_, T> {
    lock.read().unwrap_or_else(PoisonError::into_inner)
}

/// Locks for writing, even if a thread panicked while it held the lock.
pub fn write<T: ?Sized>(lock: &RwLock<T>) -> RwLockWriteGuard<'_, T> {
    lock.write().unwrap_or_else(PoisonError::into_inner)
}

/// One counted operation; dropping it ends the operation.
#[derive(Debug)]
pub struct CountGuard(Arc<AtomicUsize>);

impl CountGuard {
    /// Counts an operation.
    pub fn new(counter: &Arc<AtomicUsize>) -> Self {
        Self::count(counter).1
    }

    /// Counts an operation; also returns how many were in progress before it.
    pub fn count(counter: &Arc<AtomicUsize>) -> (usize, Self) {
        (counter.fetch_add(1, Ordering::AcqRel), Self(Arc::clone(counter)))
    }
}

impl Drop for CountGuard {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::AcqRel);
    }
}

/// The work of a background thread in portions, after each of which other threads may run. Without
/// it the thread keeps a processor for a whole time slice of several milliseconds, and a thread that
/// serves clients waits for that long.
#[derive(Debug)]
pub struct Portions {
    size: usize,
    left: usize,
}

impl Portions {
    /// Divides work into portions of this many steps; at least one.
    #[must_use]
    pub const fn of(size: usize) -> Self {
        Self { size, left: size }
    }

    /// Counts one step. After a whole portion it lets other threads run, and returns true.
    pub fn step(&mut self) -> bool {
        self.left = self.left.saturating_sub(1);
        let is_whole = self.left == 0;
        if is_whole {
            self.left = self.size;
            thread::yield_now();
        }
        is_whole
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn work_is_interrupted_after_each_portion() {
        let mut portions = Portions::of(3);
        let interrupted: Vec<_> = (1..=7).filter(|_| portions.step()).collect();
        assert_eq!(interrupted, [3, 6]);
    }
}
