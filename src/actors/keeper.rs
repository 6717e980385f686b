//! The supervisor of one kind of aggregate in one shard: gives birth, passes letters on, passivates.

use super::{
    facade::PATIENCE_MAX,
    letter::{Content, Letter},
    living::{Living, Pulse},
    room::{Room, busy},
};
use crate::{domain::kernel::Aggregate, store::journal::Level};
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

impl<A: Aggregate> Handler<Letter<A>> for Keeper<A> {
    type Result = ();

    fn handle(&mut self, letter: Letter<A>, _: &mut Self::Context) {
        let number = letter.number;
        self.uses += 1;
        let Some(instance) = self.living.get_mut(&number) else {
            return self.bear(letter);
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
                self.bear(letter);
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
        let wake = move || {
            let Some(journal) = weak.upgrade() else { return };
            let generation = journal.generation();
            if known.swap(generation, Ordering::Relaxed) != generation {
                me.do_send(Healed);
            }
        };
        journal.subscribe(Level::Durable, Arc::new(wake));
    }

    fn bear(&mut self, letter: Letter<A>) {
        let number = letter.number;
        if self.room.shared.living.load(Ordering::Relaxed) >= self.room.shared.settings.living_max {
            self.passivate_longest_unused();
        }
        let is_new = self.newborns.first_time(number);
        let (addr, pulse) = Living::start(Arc::clone(&self.room), number, is_new);
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

    /// Lets go of the first few that are idle, in the order of their last use.
    fn passivate_longest_unused(&mut self) {
        for _ in 0..self.oldest.len().min(8) {
            let Some((number, used)) = self.oldest.pop_front() else { return };
            let Some(instance) = self.living.get(&number) else { continue };
            if instance.used == used && self.is_idle(instance) {
                self.forget(number);
                return;
            }
            self.oldest.push_back((number, instance.used));
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

/// Which numbers above those on disk at the start have been born since: a bit each. The first
/// birth of such a number needs no look at the disk.
struct Newborns {
    last_on_disk: u64,
    shards: u64,
    born: Vec<u64>,
}

impl Newborns {
    /// Numbers further than this above the start are looked up on disk instead: 16 MiB of bits.
    const NUMBERS_MAX: u64 = 1 << 27;

    const fn after(last_on_disk: u64, shards: u64) -> Self {
        Self { last_on_disk, shards, born: Vec::new() }
    }

    /// Whether this number certainly has no history; says so once.
    fn first_time(&mut self, number: u64) -> bool {
        let Some(above) = number.checked_sub(self.last_on_disk + 1) else { return false };
        let nth = above / self.shards;
        if nth >= Self::NUMBERS_MAX {
            return false;
        }
        let (word, bit) = (usize::try_from(nth / 64).unwrap_or(usize::MAX), nth % 64);
        if self.born.len() <= word {
            self.born.resize(word + 1, 0);
        }
        let is_first = self.born[word] & (1 << bit) == 0;
        self.born[word] |= 1 << bit;
        is_first
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_first_birth_above_the_disk_is_a_newborn() {
        let mut newborns = Newborns::after(10, 2);
        assert!(!newborns.first_time(10));
        assert!(newborns.first_time(11));
        assert!(!newborns.first_time(11));
        assert!(newborns.first_time(213));
        assert!(!newborns.first_time(u64::MAX));
    }
}
