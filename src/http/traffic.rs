//! The traffic of all workers: connections, requests in progress, and answers.

use crate::http::connection::{STATUS_CLASSES, WorkerLoad};
use std::sync::{Arc, atomic::Ordering};

/// The figures of all workers: open connections, requests in progress, and answers.
#[derive(Clone, Debug)]
pub struct Traffic(Arc<[Arc<WorkerLoad>]>);

impl Traffic {
    /// The figures of this many workers.
    #[must_use]
    pub fn of(workers: usize) -> Self {
        Self((0..workers).map(|_| Arc::default()).collect())
    }

    /// The number of open connections.
    #[must_use]
    pub fn connections(&self) -> usize {
        self.0.iter().map(|load| load.connections.load(Ordering::Relaxed)).sum()
    }

    /// The number of requests being processed.
    #[must_use]
    pub fn serving(&self) -> usize {
        self.0.iter().map(|load| load.serving.load(Ordering::Relaxed)).sum()
    }

    /// The number of answers of each class of statuses.
    pub(in crate::http) fn answers(&self) -> [(&'static str, u64); STATUS_CLASSES.len()] {
        let each = self.0.iter().map(|load| load.answers()).collect::<Vec<_>>();
        std::array::from_fn(|class| {
            (STATUS_CLASSES[class], each.iter().map(|answers| answers[class]).sum())
        })
    }

    /// The figures of the worker with this number. A restarted worker reuses the figures of one
    /// that has ended.
    pub(in crate::http) fn load(&self, nth: usize) -> Arc<WorkerLoad> {
        Arc::clone(&self.0[nth % self.0.len()])
    }
}
