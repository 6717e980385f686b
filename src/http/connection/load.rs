//! The figures of one worker: its connections, requests and answers.

use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};

/// The classes of statuses, by their first digit.
pub const CLASSES: [&str; 5] = ["1xx", "2xx", "3xx", "4xx", "5xx"];

/// The figures of one worker. Only its thread writes them.
#[derive(Debug, Default)]
#[repr(align(128))] // the figures of two workers share no cache line
pub struct WorkerLoad {
    /// The number of open connections.
    pub connections: AtomicUsize,
    /// The number of requests being processed.
    pub serving: AtomicUsize,
    answers: [AtomicU64; CLASSES.len()],
}

impl WorkerLoad {
    /// Counts an answer with this status.
    pub fn answered(&self, status: u16) {
        let class = usize::from(status / 100).wrapping_sub(1);
        if let Some(count) = self.answers.get(class) {
            count.fetch_add(1, Ordering::Relaxed);
        }
    }

    /// The number of answers of each class, in the order of [`CLASSES`].
    #[must_use]
    pub fn answers(&self) -> [u64; CLASSES.len()] {
        std::array::from_fn(|class| self.answers[class].load(Ordering::Relaxed))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_counts_in_the_class_of_its_status() {
        let load = WorkerLoad::default();
        for status in [200, 201, 304, 499, 503, 0, 700] {
            load.answered(status);
        }
        assert_eq!(load.answers(), [0, 2, 1, 1, 1]);
    }
}
