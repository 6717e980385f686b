//! The readers that wait until the rows of a view have reached a position. The projector hurries
//! while there are some.

use crate::sync::CountGuard;
use std::{
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};
use tokio::{sync::Notify, time::timeout};

/// A handle of the readers that wait for one view.
#[derive(Clone, Default)]
pub(super) struct WaitingReaders {
    count: Arc<AtomicUsize>,
    begun: Arc<Notify>,
}

impl WaitingReaders {
    /// Counts a reader that begins to wait, until the guard is dropped, and ends the pause of the
    /// projector.
    pub fn begin(&self) -> CountGuard {
        let guard = CountGuard::new(&self.count);
        self.begun.notify_one();
        guard
    }

    /// The number of waiting readers, for those who need no more than it.
    pub const fn counter(&self) -> &Arc<AtomicUsize> {
        &self.count
    }

    /// The number of waiting readers.
    pub fn count(&self) -> usize {
        self.count.load(Ordering::Acquire)
    }

    /// Returns a future of the end of a pause of at most this time. A reader that begins to wait ends
    /// it, also one that has begun since the pause before.
    pub fn pause(&self, pause: Duration) -> impl Future<Output = ()> + use<> {
        let begun = Arc::clone(&self.begun);
        async move {
            let _ = timeout(pause, begun.notified()).await;
        }
    }

    /// Passes on the items of the work of the projector. After each portion of this many items it
    /// calls `give_way`, which lets other threads run, unless a reader waits for the work. Without it
    /// the projector keeps a processor for a whole time slice of several milliseconds, and a thread
    /// that executes commands waits for that long.
    pub fn in_portions<I: IntoIterator>(
        &self,
        items: I,
        size: usize,
        give_way: impl Fn(),
    ) -> impl Iterator<Item = I::Item> {
        items.into_iter().enumerate().map(move |(index, item)| {
            if index > 0 && index.is_multiple_of(size) && self.count() == 0 {
                give_way();
            }
            item
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::cell::Cell;

    /// Does the work of six items in portions of three. Returns how many times it gave way.
    fn gave_way(waiting: &WaitingReaders) -> usize {
        let times = Cell::new(0);
        let items = waiting.in_portions(1..=6, 3, || times.set(times.get() + 1));
        let done: Vec<_> = items.collect();
        assert_eq!(done, [1, 2, 3, 4, 5, 6]);
        times.get()
    }

    #[test]
    fn a_projector_gives_way_between_portions_unless_a_reader_waits() {
        let waiting = WaitingReaders::default();
        assert_eq!(gave_way(&waiting), 1, "not after the last portion");
        let reader = waiting.begin();
        assert_eq!(gave_way(&waiting), 0);
        drop(reader);
        assert_eq!(gave_way(&waiting), 1);
    }
}
