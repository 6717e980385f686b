//! The latest records in memory, and who is woken when there are more.

use super::{Record, journal::Level, sync::lock};
use std::{
    collections::VecDeque,
    panic::{AssertUnwindSafe, catch_unwind},
    sync::{Arc, Mutex},
};

/// The latest records, without a gap up to the head.
#[derive(Default)]
pub(super) struct Ring {
    records: VecDeque<Arc<Record>>,
}

impl Ring {
    pub(super) fn push(&mut self, record: Arc<Record>) {
        self.records.push_back(record);
    }

    /// Forgets the oldest beyond so many, but nothing above the watermark: that is nowhere else.
    pub(super) fn trim(&mut self, records_max: usize, durable: u64) {
        while self.records.len() > records_max
            && self.records.front().is_some_and(|oldest| oldest.position <= durable)
        {
            self.records.pop_front();
        }
    }

    /// Forgets everything, when it may differ from what the disk holds.
    pub(super) fn clear(&mut self) {
        self.records.clear();
    }

    /// Those after this position, up to the limit; `None` when the first of them is not here.
    pub(super) fn read(
        &self,
        after: u64,
        limit: u64,
        records_max: usize,
    ) -> Option<Vec<Arc<Record>>> {
        let oldest = self.records.front()?.position;
        let skipped = usize::try_from((after + 1).checked_sub(oldest)?).ok()?;
        let wanted = usize::try_from(limit.saturating_sub(after)).unwrap_or(usize::MAX);
        let wanted = wanted.min(records_max);
        Some(self.records.iter().skip(skipped).take(wanted).cloned().collect())
    }
}

/// Called when there is more to read.
pub(super) type Wake = Arc<dyn Fn() + Send + Sync>;

/// Everybody who wants to be woken.
#[derive(Default)]
pub(super) struct Subscribers {
    submitted: Mutex<Arc<Vec<Wake>>>,
    durable: Mutex<Arc<Vec<Wake>>>,
}

impl Subscribers {
    pub(super) fn add(&self, level: Level, wake: Wake) {
        Arc::make_mut(&mut lock(self.of(level))).push(wake);
    }

    /// Wakes those of a level, outside of the lock.
    pub(super) fn wake(&self, level: Level) {
        let woken = Arc::clone(&lock(self.of(level)));
        for wake in woken.iter() {
            // One listener that panics must take neither the journal nor the others with it.
            let _ = catch_unwind(AssertUnwindSafe(|| wake()));
        }
    }

    const fn of(&self, level: Level) -> &Mutex<Arc<Vec<Wake>>> {
        match level {
            Level::Submitted => &self.submitted,
            Level::Durable => &self.durable,
        }
    }
}
