//! The router of one aggregate kind. Messages leave a thread in batches, because a wake-up for each
//! message would cost more than the work for it.
//!
//! The first message of an event loop's turn schedules the sending after all tasks that are ready
//! now. The batch includes the messages of those tasks. A thread without an event loop sends at
//! once.

use super::envelope::Envelope;
use crate::sync;
use crate::{
    actors::{
        api::{RequestError, busy},
        support::{DrainRate, whole_seconds_spread},
    },
    domain::kernel::Aggregate,
};
use actix::{Arbiter, Message, Recipient, dev::SendError};
use std::{
    any::Any,
    cell::RefCell,
    collections::HashMap,
    sync::{
        Arc, PoisonError, RwLock,
        atomic::{AtomicU64, AtomicUsize, Ordering},
    },
    time::Instant,
};

/// The message that the journal failed and is open again.
#[derive(Clone, Copy, Debug, Message)]
#[rtype(result = "()")]
pub struct JournalRecovered;

/// Messages for instances of one kind in one shard.
#[derive(Message)]
#[rtype(result = "()")]
pub struct Batch<A: Aggregate> {
    /// The messages, in the order in which they were sent.
    pub envelopes: Vec<Envelope<A>>,
    /// The queue slots of the messages. They are freed when this is dropped, even if the shard
    /// dies.
    pub slots: QueueSlots,
}

/// Queue slots held by messages in transit; dropping them frees the slots.
pub struct QueueSlots {
    traffic: Arc<QueueStats>,
    envelopes: usize,
}

impl Drop for QueueSlots {
    fn drop(&mut self) {
        self.traffic.queued.fetch_sub(self.envelopes, Ordering::Relaxed);
        self.traffic.arrived.fetch_add(self.envelopes as u64, Ordering::Relaxed);
    }
}

/// The router to the shards of one aggregate kind.
pub struct ShardRouter<A: Aggregate> {
    /// The id, which is unique among the routers of the process.
    id: usize,
    /// The address of each shard.
    shards: Arc<[ShardSlot<A>]>,
    traffic: Arc<QueueStats>,
    envelopes_max: usize,
}

/// The current address of a shard; it changes when the shard is restarted.
struct ShardSlot<A: Aggregate>(RwLock<Option<ShardAddress<A>>>);

struct ShardAddress<A: Aggregate> {
    batches: Recipient<Batch<A>>,
    failures: Recipient<JournalRecovered>,
}

impl<A: Aggregate> Default for ShardSlot<A> {
    fn default() -> Self {
        Self(RwLock::new(None))
    }
}

impl<A: Aggregate> ShardSlot<A> {
    /// Runs a function on the address; the address is not replaced meanwhile.
    fn with<T>(&self, act: impl FnOnce(Option<&ShardAddress<A>>) -> T) -> T {
        act(sync::read(&self.0).as_ref())
    }
}

/// Counts of messages of one kind. Mailboxes cannot count them, because they hold batches.
#[derive(Default)]
struct QueueStats {
    /// Messages in transit.
    queued: AtomicUsize,
    /// Messages that have arrived or were returned so far.
    arrived: AtomicU64,
    drain: DrainRate,
}

impl<A: Aggregate> Clone for ShardRouter<A> {
    fn clone(&self) -> Self {
        let (shards, traffic) = (Arc::clone(&self.shards), Arc::clone(&self.traffic));
        Self { id: self.id, shards, traffic, envelopes_max: self.envelopes_max }
    }
}

/// The batch of one kind that waits on this thread.
struct PendingBatch<A: Aggregate> {
    post: ShardRouter<A>,
    envelopes: Vec<Envelope<A>>,
}

thread_local! {
    /// The pending batches of this thread, by router id.
    static PENDING_BATCHES: RefCell<HashMap<usize, Box<dyn Any>>> = RefCell::default();
}

static ROUTERS: AtomicUsize = AtomicUsize::new(0);

impl<A: Aggregate> ShardRouter<A> {
    /// A router to this many shards, with at most `envelopes_max` messages in transit.
    pub fn new(shards: usize, envelopes_max: usize) -> Self {
        let id = ROUTERS.fetch_add(1, Ordering::Relaxed);
        let shards = (0..shards).map(|_| ShardSlot::default()).collect();
        Self { id, shards, traffic: Arc::default(), envelopes_max }
    }

    /// Sends a message to its shard, with the other messages of this turn of the event loop.
    pub fn send(&self, envelope: Envelope<A>) {
        if self.traffic.queued.fetch_add(1, Ordering::Relaxed) >= self.envelopes_max {
            self.traffic.queued.fetch_sub(1, Ordering::Relaxed);
            return envelope.content.refuse(self.full());
        }
        if Arbiter::try_current().is_none() {
            return self.send_all(vec![envelope]);
        }
        let is_first = PENDING_BATCHES.with_borrow_mut(|pending| {
            let batch = pending.entry(self.id).or_insert_with(|| {
                Box::new(PendingBatch { post: self.clone(), envelopes: Vec::new() })
            });
            let batch = batch.downcast_mut::<PendingBatch<A>>().expect("a router has one kind");
            batch.envelopes.push(envelope);
            batch.envelopes.len() == 1
        });
        if is_first {
            flush_later(flush::<A>, self.id);
        }
    }

    /// The number of messages in transit.
    pub fn queued(&self) -> usize {
        self.traffic.queued.load(Ordering::Relaxed)
    }

    /// The error when as many messages are in transit as are allowed.
    fn full(&self) -> RequestError {
        let QueueStats { queued, arrived, drain } = &*self.traffic;
        let (queued, arrived) = (queued.load(Ordering::Relaxed), arrived.load(Ordering::Relaxed));
        let drained = drain.time_of(queued as u64, arrived, Instant::now());
        RequestError::Busy { what: A::NAME, retry_after_s: whole_seconds_spread(drained) }
    }

    /// Connects a shard: from now on, its messages are sent to these recipients.
    pub fn connect(
        &self,
        shard: usize,
        batches: Recipient<Batch<A>>,
        failures: Recipient<JournalRecovered>,
    ) {
        self.shards[shard]
            .0
            .write()
            .unwrap_or_else(PoisonError::into_inner)
            .replace(ShardAddress { batches, failures });
    }

    /// Notifies every shard that the journal failed and is open again.
    pub fn tell_all(&self) {
        for slot in &*self.shards {
            slot.with(|shard| {
                if let Some(shard) = shard {
                    shard.failures.do_send(JournalRecovered);
                }
            });
        }
    }

    fn send_all(&self, envelopes: Vec<Envelope<A>>) {
        let mut batches: Vec<Vec<Envelope<A>>> = self.shards.iter().map(|_| Vec::new()).collect();
        for envelope in envelopes {
            let shard = envelope.number % self.shards.len() as u64;
            batches[usize::try_from(shard).unwrap_or_default()].push(envelope);
        }
        for (slot, envelopes) in self.shards.iter().zip(batches) {
            if envelopes.is_empty() {
                continue;
            }
            let traffic = Arc::clone(&self.traffic);
            let slots = QueueSlots { traffic, envelopes: envelopes.len() };
            let batch = Batch { envelopes, slots };
            // A replaced shard receives no further batch once its successor is connected.
            let refused =
                slot.with(|shard| match shard.map(|shard| shard.batches.try_send(batch)) {
                    None | Some(Ok(())) => None,
                    Some(Err(SendError::Full(batch) | SendError::Closed(batch))) => Some(batch),
                });
            for envelope in refused.into_iter().flat_map(|batch| batch.envelopes) {
                envelope.content.refuse(busy(A::NAME));
            }
        }
    }
}

/// Flushes a router in the next turn of this event loop, with one type of task for all of them.
fn flush_later(flush: fn(usize), id: usize) {
    actix::spawn(async move { flush(id) });
}

fn flush<A: Aggregate>(id: usize) {
    let taken = PENDING_BATCHES.with_borrow_mut(|pending| {
        let batch = pending.get_mut(&id)?.downcast_mut::<PendingBatch<A>>()?;
        Some((batch.post.clone(), std::mem::take(&mut batch.envelopes)))
    });
    if let Some((post, envelopes)) = taken {
        post.send_all(envelopes);
    }
}
