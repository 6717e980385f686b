//! A bulkhead: bounds how many operations of one kind run at once, and how many wait for their
//! turn.

use crate::sync::CountGuard;
use std::{
    sync::{Arc, atomic::AtomicUsize},
    time::Duration,
};
use tokio::{
    sync::{OwnedSemaphorePermit, Semaphore},
    time::timeout,
};

/// The reason why an operation may not run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NoTurn {
    /// Too many operations wait already.
    QueueFull,
    /// The operation waited for as long as it may.
    TooLate,
}

/// A bound on operations that run at once. Operations above it wait, the longest first.
#[derive(Debug)]
pub struct Bulkhead {
    running: Arc<Semaphore>,
    waiting: Arc<AtomicUsize>,
    waiting_max: usize,
}

impl Bulkhead {
    /// Creates a bulkhead with at most this many running and this many waiting operations.
    pub fn new(running_max: usize, waiting_max: usize) -> Self {
        let running = Arc::new(Semaphore::new(running_max));
        Self { running, waiting: Arc::default(), waiting_max }
    }

    /// Waits for a turn, at most for this time. Dropping the result lets the next operation run.
    ///
    /// # Errors
    /// When too many operations wait, or the time is over.
    pub async fn enter(&self, within: Duration) -> Result<OwnedSemaphorePermit, NoTurn> {
        if let Ok(turn) = Arc::clone(&self.running).try_acquire_owned() {
            return Ok(turn);
        }
        let (waiting, _guard) = CountGuard::count(&self.waiting);
        if waiting >= self.waiting_max {
            return Err(NoTurn::QueueFull);
        }
        let entered = timeout(within, Arc::clone(&self.running).acquire_owned()).await;
        // The semaphore is never closed.
        entered.ok().and_then(Result::ok).ok_or(NoTurn::TooLate)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::atomic::Ordering;

    const HOUR: Duration = Duration::from_secs(3_600);

    #[tokio::test]
    async fn an_operation_waits_until_another_ends() {
        let bulkhead = Arc::new(Bulkhead::new(1, 1));
        let turn = bulkhead.enter(HOUR).await.expect("the first one runs");
        let second = tokio::spawn({
            let bulkhead = Arc::clone(&bulkhead);
            async move { bulkhead.enter(HOUR).await.map(drop) }
        });
        tokio::task::yield_now().await;
        assert_eq!(bulkhead.enter(HOUR).await.err(), Some(NoTurn::QueueFull));
        drop(turn);
        assert_eq!(second.await.expect("the task ends"), Ok(()));
        assert_eq!(bulkhead.waiting.load(Ordering::Acquire), 0);
    }

    #[tokio::test]
    async fn an_operation_that_waits_too_long_frees_its_place_in_the_queue() {
        let bulkhead = Bulkhead::new(1, 1);
        let _turn = bulkhead.enter(HOUR).await.expect("the first one runs");
        for _ in 0..2 {
            assert_eq!(bulkhead.enter(Duration::ZERO).await.err(), Some(NoTurn::TooLate));
        }
    }
}
