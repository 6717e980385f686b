//! Stripes: each thread writes to one of a few copies of a metric, so that threads seldom share a
//! cache line.

use std::sync::atomic::{AtomicUsize, Ordering};

/// The number of copies of a metric. A server of two cores writes from two HTTP threads and a few
/// others.
pub(super) const STRIPES: usize = 4;

static THREADS: AtomicUsize = AtomicUsize::new(0);

thread_local! {
    static OF_THREAD: usize = THREADS.fetch_add(1, Ordering::Relaxed) % STRIPES;
}

/// The copies of a metric.
#[derive(Debug, Default)]
pub(super) struct Stripes<T>([Padded<T>; STRIPES]);

/// A value on cache lines of its own. Processors fetch them in pairs of 64 bytes.
#[derive(Debug, Default)]
#[repr(align(128))]
struct Padded<T>(T);

impl<T> Stripes<T> {
    /// The copy of this thread.
    pub(super) fn mine(&self) -> &T {
        // A thread that is ending has no number any more.
        let stripe = OF_THREAD.try_with(|stripe| *stripe).unwrap_or_default();
        &self.0[stripe].0
    }

    /// All copies.
    pub(super) fn all(&self) -> impl Iterator<Item = &T> {
        self.0.iter().map(|padded| &padded.0)
    }
}
