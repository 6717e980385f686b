//! A shard: the supervisor of one aggregate kind on one thread. It starts instances, passes
//! messages on to them, and passivates them.

use super::{
    envelope::{Content, Envelope},
    instance::{Instance, InstanceActivity},
    kind::AggregateKind,
    router::{Batch, JournalRecovered},
};
use crate::{
    actors::{
        api::{PATIENCE_MAX, busy},
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

/// How often the shard looks for idle instances.
const SWEEP_EVERY: Duration = Duration::from_secs(10);

/// How often the shard checks whether it has to make room for other kinds.
const LOOK_EVERY: Duration = Duration::from_millis(100);

/// Instances used within this time are not passivated to make room ahead of the limit. An order
/// that waits for its payment would be read again as soon as it is paid.
const KEPT_FOR: Duration = Duration::from_secs(1);

/// At most this many instances are checked in one sweep, so that a sweep never blocks the event
/// loop.
const SWEEP_INSTANCES_MAX: usize = 4_096;

/// Keeps the instances of one kind in one shard. It alone writes to their mailboxes, so that an
/// instance with nothing queued and nothing undurable can be dropped without a message.
pub struct Shard<A: Aggregate> {
    room: Arc<AggregateKind<A>>,
    lease: Lease,
    /// The last position that instances under a former shard may have been given.
    after: u64,
    living: HashMap<u64, Resident<A>>,
    /// Numbers with their use count at queueing, oldest first.
    oldest: VecDeque<(u64, u64)>,
    uses: u64,
    newborns: UnusedNumbers,
}

struct Resident<A: Aggregate> {
    addr: Addr<Instance<A>>,
    pulse: Rc<InstanceActivity>,
    used: u64,
    used_at: Instant,
}

impl<A: Aggregate> Actor for Shard<A> {
    type Context = Context<Self>;

    fn started(&mut self, ctx: &mut Self::Context) {
        ctx.set_mailbox_capacity(self.room.shared.settings.mailbox_messages_max);
        ctx.run_interval(SWEEP_EVERY, |keeper, _| keeper.sweep());
        ctx.run_interval(LOOK_EVERY, |keeper, _| keeper.make_room());
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
        self.room.shared.living.fetch_sub(self.living.len(), Ordering::Relaxed);
    }
}

impl<A: Aggregate> Handler<JournalRecovered> for Shard<A> {
    type Result = ();

    /// Sends `LookAgain` to each instance that clients wait for. The records they wait for may be
    /// lost, and then no other message would lead to an answer.
    fn handle(&mut self, _: JournalRecovered, _: &mut Self::Context) {
        for (number, instance) in &self.living {
            if !instance.pulse.is_waited_for() {
                continue;
            }
            let letter = Envelope { number: *number, content: Content::LookAgain };
            instance.pulse.queued.set(instance.pulse.queued.get() + 1);
            if instance.addr.try_send(letter).is_err() {
                // Its mailbox is full of messages, each of which makes it look again as well.
                instance.pulse.queued.set(instance.pulse.queued.get() - 1);
            }
        }
    }
}

impl<A: Aggregate> Handler<Batch<A>> for Shard<A> {
    type Result = ();

    fn handle(&mut self, bundle: Batch<A>, _: &mut Self::Context) {
        let Batch { letters, on_the_way } = bundle;
        drop(on_the_way);
        let is_replaced = self.lease.is_over();
        for Envelope { number, content } in letters {
            if is_replaced {
                self.room.post(number, content);
            } else {
                self.pass_on(Envelope { number, content });
            }
        }
    }
}

impl<A: Aggregate> Shard<A> {
    fn pass_on(&mut self, letter: Envelope<A>) {
        let number = letter.number;
        self.uses += 1;
        let Some(instance) = self.living.get_mut(&number) else {
            return self.bear(letter, self.after);
        };
        instance.used = self.uses;
        instance.used_at = Instant::now();
        instance.pulse.queued.set(instance.pulse.queued.get() + 1);
        match instance.addr.try_send(letter) {
            Ok(()) => {}
            Err(SendError::Full(letter)) => {
                instance.pulse.queued.set(instance.pulse.queued.get() - 1);
                letter.content.refuse(busy(A::NAME));
            }
            // The actor stopped unexpectedly; the next one is rebuilt from the journal.
            Err(SendError::Closed(letter)) => {
                tracing::error!(resource = A::NAME, number, "an actor was gone and is reborn");
                self.forget(number);
                self.bear(letter, self.room.shared.journal.submitted());
            }
        }
    }
}

impl<A: Aggregate> Shard<A> {
    /// A shard without instances.
    pub fn new(room: Arc<AggregateKind<A>>, lease: Lease) -> Self {
        let journal = &room.shared.journal;
        let shards = room.shared.settings.shard_count() as u64;
        let newborns = UnusedNumbers::after(journal.last_number(room.kind), shards);
        let after = journal.submitted();
        let (living, oldest) = (HashMap::new(), VecDeque::new());
        Self { room, lease, after, living, oldest, uses: 0, newborns }
    }

    fn bear(&mut self, letter: Envelope<A>, after: u64) {
        let number = letter.number;
        let living_max = self.room.shared.settings.living_max;
        if self.room.shared.living.load(Ordering::Relaxed) >= living_max {
            self.passivate_longest_unused();
        }
        let is_new = self.newborns.first_time(number);
        let (addr, pulse) =
            Instance::start((Arc::clone(&self.room), self.lease.clone()), number, is_new, after);
        pulse.queued.set(1);
        let refused = addr.try_send(letter).err();
        self.oldest.push_back((number, self.uses));
        let instance = Resident { addr, pulse, used: self.uses, used_at: Instant::now() };
        self.living.insert(number, instance);
        self.room.shared.living.fetch_add(1, Ordering::Relaxed);
        if let Some(SendError::Full(letter) | SendError::Closed(letter)) = refused {
            letter.content.refuse(busy(A::NAME));
        }
    }

    /// Checks the up to 8 longest unused instances and passivates up to two. One makes room for the
    /// new instance, one for kinds that are still in demand.
    fn passivate_longest_unused(&mut self) {
        let mut left = 2;
        for _ in 0..self.oldest.len().min(8) {
            let Some((number, used)) = self.oldest.pop_front() else { return };
            let Some(instance) = self.living.get(&number) else { continue };
            if instance.used == used && self.is_idle(instance) {
                self.forget(number);
                left -= 1;
                if left == 0 {
                    return;
                }
            } else {
                self.oldest.push_back((number, instance.used));
            }
        }
    }

    /// Passivates instances that are idle for long.
    fn sweep(&mut self) {
        let idle_after = Duration::from_secs(self.room.shared.settings.idle_after_s);
        self.let_go(idle_after, |_| true);
    }

    /// Passivates the longest unused instances before the limit is reached. A kind in demand then
    /// finds the room that idle kinds held.
    fn make_room(&mut self) {
        let max = self.room.shared.settings.living_max;
        if self.room.shared.living.load(Ordering::Relaxed) >= max / 5 * 4 {
            self.let_go(KEPT_FOR, |living| living >= max / 4 * 3);
        }
    }

    /// Passivates instances unused for this long, while that is wanted at the current number in
    /// memory.
    fn let_go(&mut self, unused_for: Duration, is_wanted: impl Fn(usize) -> bool) {
        for _ in 0..self.oldest.len().min(SWEEP_INSTANCES_MAX) {
            if !is_wanted(self.room.shared.living.load(Ordering::Relaxed)) {
                return;
            }
            let Some((number, _)) = self.oldest.pop_front() else { return };
            let Some(instance) = self.living.get(&number) else { continue };
            if instance.used_at.elapsed() >= unused_for && self.is_idle(instance) {
                self.forget(number);
            } else {
                self.oldest.push_back((number, instance.used));
            }
        }
    }

    fn is_idle(&self, instance: &Resident<A>) -> bool {
        let nobody_waits = instance.used_at.elapsed() > PATIENCE_MAX;
        instance.pulse.is_idle(self.room.shared.journal.durable(), nobody_waits)
    }

    /// Dropping the only address stops the actor.
    fn forget(&mut self, number: u64) {
        if self.living.remove(&number).is_some() {
            self.room.shared.living.fetch_sub(1, Ordering::Relaxed);
        }
    }
}

impl<A: Aggregate> AggregateKind<A> {
    /// The start function of the shard of this index.
    pub fn begins_keeper(self: &Arc<Self>, shard: usize) -> StartFn {
        let room = Arc::clone(self);
        Box::new(move |arbiter, lease| {
            let of_keeper = Arc::clone(&room);
            let keeper = start_in(arbiter, move || Shard::new(of_keeper, lease))?;
            room.post.connect(shard, keeper.clone().recipient(), keeper.clone().recipient());
            Ok(keeper.recipient())
        })
    }

    /// Subscribes the shards to journal failures. The generation rises with each failure, and the
    /// journal wakes its subscribers after the healing.
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
        // The subscription names no kind: it is woken after failures only.
        let (kinds, is_waited_for) = (KindSet::default(), Arc::default());
        let pass = Arc::new(|_| {});
        let listener = Listener { kinds, is_waited_for, wake: Arc::new(wake), pass };
        journal.subscribe(ReadLevel::Durable, listener);
    }
}
