//! The latest records in memory, and who is woken when there are more.

use super::submission::ReadLevel;
use crate::store::{
    sync::lock,
    types::{KindId, KindSet, Record},
};
use std::{
    collections::VecDeque,
    panic::{AssertUnwindSafe, catch_unwind},
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering},
    },
};

/// Whenever the watermark passes a multiple of this, everybody is told how far it is, so that
/// nobody is ever further behind than that, however little concerns him.
const EVERYBODY_EVERY_RECORDS: u64 = 4_096;

/// The latest records, without a gap up to the head.
#[derive(Default)]
pub(in crate::store) struct RecentRecords {
    records: VecDeque<Arc<Record>>,
}

impl RecentRecords {
    pub(in crate::store) fn push(&mut self, record: Arc<Record>) {
        self.records.push_back(record);
    }

    /// Forgets the oldest beyond so many, but nothing above the watermark: that is nowhere else.
    pub(in crate::store) fn trim(&mut self, records_max: usize, durable: u64) {
        while self.records.len() > records_max
            && self.records.front().is_some_and(|oldest| oldest.position <= durable)
        {
            self.records.pop_front();
        }
    }

    /// Forgets everything, when it may differ from what the disk holds.
    pub(in crate::store) fn clear(&mut self) {
        self.records.clear();
    }

    /// Those after this position, up to the limit; `None` when the first of them is not here.
    pub(in crate::store) fn read(
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

/// Called with the position up to which there is more to read.
pub type Wake = Arc<dyn Fn(u64) + Send + Sync>;

/// Somebody who follows the journal.
#[derive(Clone)]
pub struct Listener {
    /// What it is to be woken for. A record of these kinds of stream; and, of what became of a
    /// command without an event, those that subscribers of these kinds said.
    pub kinds: KindSet,
    /// While this is not zero, it is woken for everything.
    pub is_waited_for: Arc<AtomicUsize>,
    /// What wakes it. It is called on the thread that submits or commits, and must not block.
    pub wake: Wake,
    /// Told now and then up to where nothing concerns it but what it was woken for.
    pub pass: Wake,
}

/// Everybody who wants to be woken.
#[derive(Default)]
pub(in crate::store) struct Subscribers {
    /// Those who hear at once what is submitted, by kind.
    submitted: Mutex<Arc<Vec<Vec<Wake>>>>,
    /// Those who hear of what is durable.
    durable: Mutex<Arc<Vec<Listener>>>,
    /// Everybody: told now and then how far it is, and woken when the journal is open again
    /// after a failure.
    all: Mutex<Arc<Vec<Listener>>>,
    /// Whom something concerned since everybody was told.
    concerned: Mutex<KindSet>,
}

impl Subscribers {
    pub(in crate::store) fn add(&self, level: ReadLevel, listener: Listener) {
        Arc::make_mut(&mut lock(&self.all)).push(listener.clone());
        match level {
            ReadLevel::Submitted => {
                let mut submitted = lock(&self.submitted);
                let by_kind = Arc::make_mut(&mut submitted);
                for kind in listener.kinds.iter() {
                    let index = usize::from(kind.0);
                    if by_kind.len() <= index {
                        by_kind.resize_with(index + 1, Vec::new);
                    }
                    by_kind[index].push(Arc::clone(&listener.wake));
                }
            }
            ReadLevel::Durable => Arc::make_mut(&mut lock(&self.durable)).push(listener),
        }
    }

    /// Wakes those whom a commit concerns that moved the watermark, outside of the lock.
    pub(in crate::store) fn wake_durable(&self, concerned: &KindSet, before: u64, durable: u64) {
        lock(&self.concerned).extend(concerned);
        if before / EVERYBODY_EVERY_RECORDS != durable / EVERYBODY_EVERY_RECORDS {
            return self.tell_all(durable);
        }
        let woken = Arc::clone(&lock(&self.durable));
        for listener in woken.iter() {
            let is_waited_for = listener.is_waited_for.load(Ordering::Acquire) > 0;
            if is_waited_for || listener.kinds.meets(concerned) {
                ring(&listener.wake, durable);
            }
        }
    }

    /// Wakes those whom something of this kind concerns that was submitted.
    pub(in crate::store) fn wake_submitted(&self, kind: KindId, submitted: u64) {
        let woken = Arc::clone(&lock(&self.submitted));
        if let Some(of_kind) = woken.get(usize::from(kind.0)) {
            for wake in of_kind {
                ring(wake, submitted);
            }
        }
    }

    /// Wakes those whom anything concerned since the last time; the others need not look. Those
    /// who hear at once are among them: whoever submits may be slower to wake them than the
    /// commit is to be durable.
    fn tell_all(&self, durable: u64) {
        let concerned = std::mem::take(&mut *lock(&self.concerned));
        let all = Arc::clone(&lock(&self.all));
        for Listener { kinds, is_waited_for, wake, pass } in all.iter() {
            let is_waited_for = is_waited_for.load(Ordering::Acquire) > 0;
            let tell = if is_waited_for || kinds.meets(&concerned) { wake } else { pass };
            ring(tell, durable);
        }
    }

    /// Wakes everybody.
    pub(in crate::store) fn wake_all(&self, position: u64) {
        let woken = Arc::clone(&lock(&self.all));
        for listener in woken.iter() {
            ring(&listener.wake, position);
        }
    }
}

/// One listener that panics must take neither the journal nor the others with it.
fn ring(wake: &Wake, position: u64) {
    let _ = catch_unwind(AssertUnwindSafe(|| wake(position)));
}
