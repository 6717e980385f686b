//! The supervisor of one kind of aggregate in one shard: gives birth, passes letters on, passivates.

use super::{
    facade::PATIENCE_MAX,
    letter::{Content, Letter},
    living::{Living, Pulse},
    newborns::Newborns,
    outbox::Bundle,
    room::{Room, busy},
};
use crate::{
    domain::kernel::Aggregate,
    store::{
        KindSet,
        journal::{Level, Listener},
    },
};
use actix::{Actor, Addr, AsyncContext, Context, Handler, Message, dev::SendError};
use std::{
    collections::{HashMap, VecDeque},
    rc::Rc,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

/// How often the keeper looks for aggregates that nobody needs.
const SWEEP_EVERY: Duration = Duration::from_secs(10);

/// At most so many are looked at in one sweep, so that a sweep never blocks the loop.
const SWEEP_INSTANCES_MAX: usize = 4_096;

/// Keeps the instances of one kind in one shard. It alone writes to their mailboxes, so that an
/// instance with nothing queued and nothing undurable can be let go without a word.
pub struct Keeper<A: Aggregate> {
    room: Arc<Room<A>>,
    living: HashMap<u64, Instance<A>>,
    /// Numbers in the order of their use as it was known when they were queued.
    oldest: VecDeque<(u64, u64)>,
    uses: u64,
    newborns: Newborns,
}

struct Instance<A: Aggregate> {
    addr: Addr<Living<A>>,
    pulse: Rc<Pulse>,
    used: u64,
    used_at: Instant,
}

impl<A: Aggregate> Actor for Keeper<A> {
    type Context = Context<Self>;

    fn started(&mut self, ctx: &mut Self::Context) {
        ctx.set_mailbox_capacity(self.room.shared.settings.mailbox_messages_max);
        ctx.run_interval(SWEEP_EVERY, |keeper, _| keeper.sweep());
        self.hear_of_failures(ctx.address());
    }
}

/// The journal failed, and is open again.
#[derive(Message)]
#[rtype(result = "()")]
struct Healed;

impl<A: Aggregate> Handler<Healed> for Keeper<A> {
    type Result = ();

    /// Whoever is merely waited for would hear of nothing: what was lost comes to nobody.
    fn handle(&mut self, _: Healed, _: &mut Self::Context) {
        for (number, instance) in &self.living {
            if !instance.pulse.is_waited_for() {
                continue;
            }
            let letter = Letter { number: *number, content: Content::LookAgain };
            instance.pulse.queued.set(instance.pulse.queued.get() + 1);
            if instance.addr.try_send(letter).is_err() {
                // Its mailbox is full of letters, each of which makes it look again as well.
                instance.pulse.queued.set(instance.pulse.queued.get() - 1);
            }
        }
    }
}

impl<A: Aggregate> Handler<Bundle<A>> for Keeper<A> {
    type Result = ();

    fn handle(&mut self, Bundle(letters): Bundle<A>, _: &mut Self::Context) {
        self.room.arrived(letters.len());
        for letter in letters {
            self.pass_on(letter);
        }
    }
}

impl<A: Aggregate> Keeper<A> {
    fn pass_on(&mut self, letter: Letter<A>) {
        let number = letter.number;
        self.uses += 1;
        let Some(instance) = self.living.get_mut(&number) else {
            return self.bear(letter, 0);
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
            // It stopped in a way it should not have; the next one starts from the journal.
            Err(SendError::Closed(letter)) => {
                tracing::error!(resource = A::NAME, number, "an actor was gone and is reborn");
                self.forget(number);
                self.bear(letter, self.room.shared.journal.submitted());
            }
        }
    }
}

impl<A: Aggregate> Keeper<A> {
    /// The keeper of shard `shard` of `shards`.
    pub fn new(room: Arc<Room<A>>, shards: usize) -> Self {
        let last = room.shared.journal.last_number(room.kind);
        let newborns = Newborns::after(last, shards as u64);
        Self { room, living: HashMap::new(), oldest: VecDeque::new(), uses: 0, newborns }
    }

    /// The generation rises with each failure, and the watermark is spoken of after the healing.
    fn hear_of_failures(&self, me: Addr<Self>) {
        let journal = &self.room.shared.journal;
        let (known, weak) = (AtomicU64::new(journal.generation()), Arc::downgrade(journal));
        let wake = move |_| {
            let Some(journal) = weak.upgrade() else { return };
            let generation = journal.generation();
            if known.swap(generation, Ordering::Relaxed) != generation {
                me.do_send(Healed);
            }
        };
        // No kind concerns it: it is woken after failures only.
        let (kinds, is_waited_for) = (KindSet::default(), Arc::default());
        let pass = Arc::new(|_| {});
        let listener = Listener { kinds, is_waited_for, wake: Arc::new(wake), pass };
        journal.subscribe(Level::Durable, listener);
    }

    fn bear(&mut self, letter: Letter<A>, after: u64) {
        let number = letter.number;
        let living_max = self.room.shared.settings.living_max;
        if self.room.shared.living.load(Ordering::Relaxed) >= living_max {
            self.passivate_longest_unused();
        }
        let is_new = self.newborns.first_time(number);
        let (addr, pulse) = Living::start(Arc::clone(&self.room), number, is_new, after);
        pulse.queued.set(1);
        let refused = addr.try_send(letter).err();
        self.oldest.push_back((number, self.uses));
        let instance = Instance { addr, pulse, used: self.uses, used_at: Instant::now() };
        self.living.insert(number, instance);
        self.room.shared.living.fetch_add(1, Ordering::Relaxed);
        if let Some(SendError::Full(letter) | SendError::Closed(letter)) = refused {
            letter.content.refuse(busy(A::NAME));
        }
    }

    /// Looks at the longest unused and lets go of up to two, so that those born make room for
    /// themselves and for others of kinds that nobody asks for any more.
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

    fn sweep(&mut self) {
        let idle_after = Duration::from_secs(self.room.shared.settings.idle_after_s);
        for _ in 0..self.oldest.len().min(SWEEP_INSTANCES_MAX) {
            let Some((number, _)) = self.oldest.pop_front() else { return };
            let Some(instance) = self.living.get(&number) else { continue };
            if instance.used_at.elapsed() >= idle_after && self.is_idle(instance) {
                self.forget(number);
            } else {
                self.oldest.push_back((number, instance.used));
            }
        }
    }

    fn is_idle(&self, instance: &Instance<A>) -> bool {
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
