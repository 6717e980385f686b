//! The latest records in memory, and who is woken when there are more.

use super::{KindId, Record, journal::Level, sync::lock};
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
    submitted: Mutex<Arc<Vec<Submitted>>>,
    durable: Mutex<Arc<Vec<Wake>>>,
}

/// Somebody who wants to hear at once what is submitted.
#[derive(Clone)]
struct Submitted {
    /// Whose events; those of all kinds when `None`.
    kinds: Option<Arc<[KindId]>>,
    wake: Wake,
}

impl Subscribers {
    pub(super) fn add(&self, level: Level, wake: Wake) {
        match level {
            Level::Submitted => self.add_submitted(None, wake),
            Level::Durable => Arc::make_mut(&mut lock(&self.durable)).push(wake),
        }
    }

    pub(super) fn add_submitted(&self, kinds: Option<Arc<[KindId]>>, wake: Wake) {
        Arc::make_mut(&mut lock(&self.submitted)).push(Submitted { kinds, wake });
    }

    /// Wakes those who follow what is durable, outside of the lock.
    pub(super) fn wake_durable(&self) {
        let woken = Arc::clone(&lock(&self.durable));
        woken.iter().for_each(ring);
    }

    /// Wakes those who follow what is submitted; only events of one kind concern only some.
    pub(super) fn wake_submitted(&self, events_of: Option<KindId>) {
        let woken = Arc::clone(&lock(&self.submitted));
        for Submitted { kinds, wake } in woken.iter() {
            let is_concerned = match (kinds, events_of) {
                (Some(kinds), Some(kind)) => kinds.contains(&kind),
                _ => true,
            };
            if is_concerned {
                ring(wake);
            }
        }
    }
}

/// One listener that panics must take neither the journal nor the others with it.
fn ring(wake: &Wake) {
    let _ = catch_unwind(AssertUnwindSafe(|| wake()));
}
