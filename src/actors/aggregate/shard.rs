//! A shard: the supervisor of one aggregate kind on one thread. It starts instances, passes
//! messages on to them, and passivates them.

use super::{
    envelope::{Content, Envelope},
    instance::{Instance, InstanceActivity},
    kind::AggregateKind,
    router::{Batch, JournalRecovered},
    services::Services,
};
use crate::{
    actors::{
        api::{WAIT_MAX, busy},
        supervision::{Lifecycle, StartFn, start_in},
        support::UnusedNumbers,
    },
    domain::kernel::Aggregate,
    store::{
        KindSet, Lease,
        journal::{Listener, ReadLevel},
    },
};
use actix::{Actor, Addr, AsyncContext, Context, Handler, dev::SendError};
use std::{
    collections::{HashMap, VecDeque},
    rc::Rc,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

/// The time between two searches for idle instances.
const SWEEP_EVERY: Duration = Duration::from_secs(10);

/// The time between two checks whether the shard has to make room for other kinds, when the limit
/// of instances is near.
const LOOK_EVERY: Duration = Duration::from_millis(250);

/// The same time when less than half of the instances allowed are in memory.
const LOOK_EVERY_AT_REST: Duration = Duration::from_secs(1);

/// Instances used within this time are not passivated to make room ahead of the limit. Otherwise an
/// order that waits for its payment would be rebuilt as soon as it is paid.
const KEPT_FOR: Duration = Duration::from_secs(1);

/// At most this many instances are checked at once, which takes a fraction of a millisecond. Commands
/// wait for it.
const PORTION: usize = 128;

/// The time between two portions.
const NEXT_PORTION: Duration = Duration::from_millis(10);

/// Each activation near the limit checks this many instances. More instances are passivated than
/// activated, also when some of them cannot be passivated yet.
const CHECKED_BY_ACTIVATION: usize = 3;

/// The shard actor, which owns the instances of one kind on one thread. Only the shard sends to
/// their mailboxes. It can thus drop an instance without a message, if nothing is queued and all
/// its records are durable.
pub struct Shard<A: Aggregate> {
    aggregate: Arc<AggregateKind<A>>,
    lease: Lease,
    /// The last position that the instances of a former shard can have.
    after: u64,
    active: HashMap<u64, Resident<A>>,
    /// Numbers with their use count when they were queued; the longest unused ones come first.
    oldest: VecDeque<(u64, u64)>,
    uses: u64,
    unused_numbers: UnusedNumbers,
}

struct Resident<A: Aggregate> {
    addr: Addr<Instance<A>>,
    activity: Rc<InstanceActivity>,
    used: u64,
    used_at: Instant,
}

impl<A: Aggregate> Actor for Shard<A> {
    type Context = Context<Self>;

    fn started(&mut self, ctx: &mut Self::Context) {
        ctx.set_mailbox_capacity(self.aggregate.shared.settings.mailbox_messages_max);
        Self::sweep_in(SWEEP_EVERY, ctx);
        Self::make_room_in(LOOK_EVERY_AT_REST, ctx);
    }
}

impl<A: Aggregate> Handler<Lifecycle> for Shard<A> {
    type Result = ();

    fn handle(&mut self, order: Lifecycle, ctx: &mut Self::Context) {
        order.obeyed(ctx);
    }
}

impl<A: Aggregate> Drop for Shard<A> {
    fn drop(&mut self) {
        self.aggregate.shared.active.fetch_sub(self.active.len(), Ordering::Relaxed);
        self.aggregate.population.passivated(self.active.len());
    }
}

impl<A: Aggregate> Handler<JournalRecovered> for Shard<A> {
    type Result = ();

    /// Sends `LookAgain` to each instance that clients wait for. The records that they wait for may
    /// be lost, and no other message would then lead to an answer.
    fn handle(&mut self, _: JournalRecovered, _: &mut Self::Context) {
        for (number, instance) in &self.active {
            if !instance.activity.is_waited_for() {
                continue;
            }
            let envelope = Envelope { number: *number, content: Content::LookAgain };
            instance.activity.queued.set(instance.activity.queued.get() + 1);
            if instance.addr.try_send(envelope).is_err() {
                // Its mailbox is full. Each message in it causes the same check.
                instance.activity.queued.set(instance.activity.queued.get() - 1);
            }
        }
    }
}

impl<A: Aggregate> Handler<Batch<A>> for Shard<A> {
    type Result = ();

    fn handle(&mut self, batch: Batch<A>, _: &mut Self::Context) {
        let Batch { envelopes, slots } = batch;
        drop(slots);
        let is_replaced = self.lease.is_over();
        for Envelope { number, content } in envelopes {
            if is_replaced {
                self.aggregate.post(number, content);
            } else {
                self.deliver(Envelope { number, content });
            }
        }
    }
}

impl<A: Aggregate> Shard<A> {
    fn deliver(&mut self, envelope: Envelope<A>) {
        let number = envelope.number;
        self.uses += 1;
        let Some(instance) = self.active.get_mut(&number) else {
            return self.activate(envelope, self.after);
        };
        instance.used = self.uses;
        instance.used_at = Instant::now();
        instance.activity.queued.set(instance.activity.queued.get() + 1);
        match instance.addr.try_send(envelope) {
            Ok(()) => {}
            Err(SendError::Full(envelope)) => {
                instance.activity.queued.set(instance.activity.queued.get() - 1);
                envelope.content.refuse(busy(A::NAME));
            }
            // The actor stopped unexpectedly. The next one is rebuilt from the journal.
            Err(SendError::Closed(envelope)) => {
                let _entered = envelope.content.correlation(number).enter();
                tracing::error!(resource = A::NAME, number, "an instance stopped and is restarted");
                self.forget(number);
                self.activate(envelope, self.aggregate.shared.journal.submitted());
            }
        }
    }
}

impl<A: Aggregate> Shard<A> {
    /// A shard without instances.
    pub fn new(aggregate: Arc<AggregateKind<A>>, lease: Lease) -> Self {
        let journal = &aggregate.shared.journal;
        let shards = aggregate.shared.settings.shard_count() as u64;
        let unused_numbers = UnusedNumbers::after(journal.last_number(aggregate.kind), shards);
        let after = journal.submitted();
        let (active, oldest) = (HashMap::new(), VecDeque::new());
        Self { aggregate, lease, after, active, oldest, uses: 0, unused_numbers }
    }

    fn activate(&mut self, envelope: Envelope<A>, after: u64) {
        let number = envelope.number;
        self.make_room(CHECKED_BY_ACTIVATION);
        let instances_max = self.aggregate.shared.settings.instances_max;
        if self.aggregate.shared.active.load(Ordering::Relaxed) >= instances_max {
            self.passivate_longest_unused();
        }
        self.aggregate.shared.representations.activate(self.aggregate.stream(number));
        let is_new = self.unused_numbers.first_time(number);
        let (addr, activity) = Instance::start(
            (Arc::clone(&self.aggregate), self.lease.clone()),
            number,
            is_new,
            after,
        );
        activity.queued.set(1);
        let refused = addr.try_send(envelope).err();
        self.oldest.push_back((number, self.uses));
        let instance = Resident { addr, activity, used: self.uses, used_at: Instant::now() };
        self.active.insert(number, instance);
        self.aggregate.shared.active.fetch_add(1, Ordering::Relaxed);
        self.aggregate.population.activated();
        if let Some(SendError::Full(envelope) | SendError::Closed(envelope)) = refused {
            envelope.content.refuse(busy(A::NAME));
        }
    }

    /// Checks up to 8 of the longest unused instances, and passivates up to two of them. One makes
    /// room for the new instance, the other for kinds that are in demand.
    fn passivate_longest_unused(&mut self) {
        let mut left = 2;
        for _ in 0..self.oldest.len().min(8) {
            let Some((number, used)) = self.oldest.pop_front() else { return };
            let Some(instance) = self.active.get(&number) else { continue };
            if instance.used == used && self.is_idle(instance) {
                self.end_idle(number);
                left -= 1;
                if left == 0 {
                    return;
                }
            } else {
                self.oldest.push_back((number, instance.used));
            }
        }
    }

    /// After this time, and again and again, passivates instances that are unused for
    /// `idle_after_s`.
    fn sweep_in(time: Duration, ctx: &mut Context<Self>) {
        ctx.run_later(time, |shard, ctx| {
            let idle_after = Duration::from_secs(shard.aggregate.shared.settings.idle_after_s);
            let is_more = shard.passivate(idle_after, PORTION, |_| true);
            Self::sweep_in(if is_more { NEXT_PORTION } else { SWEEP_EVERY }, ctx);
        });
    }

    /// Passivates the longest unused instances while at least four fifths of those allowed are in
    /// memory, after at most this many checks. A kind in demand can then use the room of idle kinds.
    /// Returns whether there may be more.
    fn make_room(&mut self, checks_max: usize) -> bool {
        let max = self.aggregate.shared.settings.instances_max;
        self.passivate(KEPT_FOR, checks_max, |active| active >= max / 5 * 4)
    }

    /// Makes room after this time, and again and again.
    fn make_room_in(time: Duration, ctx: &mut Context<Self>) {
        ctx.run_later(time, |shard, ctx| {
            let is_more = shard.make_room(PORTION);
            let Services { active, settings, .. } = &*shard.aggregate.shared;
            let is_near = active.load(Ordering::Relaxed) >= settings.instances_max / 2;
            let pause = if is_more {
                NEXT_PORTION
            } else if is_near {
                LOOK_EVERY
            } else {
                LOOK_EVERY_AT_REST
            };
            Self::make_room_in(pause, ctx);
        });
    }

    /// Passivates instances unused for this long, while `is_wanted` holds for the current number of
    /// instances in memory, after at most this many checks. Returns whether there may be more. The
    /// search ends at the first instance whose last use is too recent. Others behind it may
    /// therefore be passivated later, by at most this time.
    fn passivate(
        &mut self,
        unused_for: Duration,
        checks_max: usize,
        is_wanted: impl Fn(usize) -> bool,
    ) -> bool {
        let mut is_more = false;
        for _ in 0..self.oldest.len().min(checks_max) {
            if !is_wanted(self.aggregate.shared.active.load(Ordering::Relaxed)) {
                return false;
            }
            let Some((number, used)) = self.oldest.pop_front() else { return false };
            let Some(instance) = self.active.get(&number) else {
                is_more = true;
                continue;
            };
            let is_unused = instance.used_at.elapsed() >= unused_for;
            if !is_unused && instance.used == used {
                // It was queued at its last use, and those behind it were queued later.
                self.oldest.push_front((number, used));
                return false;
            }
            if is_unused && self.is_idle(instance) {
                self.end_idle(number);
                is_more = true;
            } else {
                self.oldest.push_back((number, instance.used));
            }
        }
        is_more
    }

    fn is_idle(&self, instance: &Resident<A>) -> bool {
        let no_client_waits = instance.used_at.elapsed() > WAIT_MAX;
        instance.activity.is_idle(self.aggregate.shared.journal.durable(), no_client_waits)
    }

    /// Removes an instance that is idle: all its records are durable.
    fn end_idle(&mut self, number: u64) {
        self.forget(number);
        self.aggregate.shared.representations.passivate(self.aggregate.stream(number));
    }

    /// Removes an instance. This drops its only address, which stops the actor.
    fn forget(&mut self, number: u64) {
        if self.active.remove(&number).is_some() {
            self.aggregate.shared.active.fetch_sub(1, Ordering::Relaxed);
            self.aggregate.population.passivated(1);
        }
    }
}

impl<A: Aggregate> AggregateKind<A> {
    /// The start function of the shard of this index.
    pub fn start_fn(self: &Arc<Self>, shard: usize) -> StartFn {
        let aggregate = Arc::clone(self);
        Box::new(move |host, lease| {
            let of_shard = Arc::clone(&aggregate);
            let address = start_in(host, move || Shard::new(of_shard, lease))?;
            aggregate.post.connect(shard, address.clone().recipient(), address.clone().recipient());
            Ok(address.recipient())
        })
    }

    /// Subscribes the shards to journal failures. The generation rises with each failure, and the
    /// journal wakes its subscribers after the recovery.
    pub fn hear_of_failures(&self) {
        let journal = &self.shared.journal;
        let (known, weak) = (AtomicU64::new(journal.generation()), Arc::downgrade(journal));
        let post = self.post.clone();
        let wake = move |_| {
            let Some(journal) = weak.upgrade() else { return };
            let generation = journal.generation();
            if known.swap(generation, Ordering::Relaxed) != generation {
                post.tell_all();
            }
        };
        // The subscription names no kind, so it is woken after failures only.
        let (kinds, is_waited_for) = (KindSet::default(), Arc::default());
        let pass = Arc::new(|_| {});
        let listener = Listener { kinds, is_waited_for, wake: Arc::new(wake), pass };
        journal.subscribe(ReadLevel::Durable, listener);
    }
}
