//! Effect runner: for every durable record that asks for one, it runs the effect, waits for the
//! answer and delivers the resulting command, exactly once in effect.
//!
//! Ports and lookups are effects. Effects of one conversation run one after the other, others side
//! by side up to a limit. The cursor stands before the oldest unfinished effect. After a crash the
//! effects behind it run again, under the same keys, except those whose outcome already stands in
//! the journal.
//!
//! Patient effects (no client waits) can pile up while a service is down. At most `patient_max` of
//! them are under way. Of the others only the record positions are kept, so that they never hold up
//! effects that clients wait for. All effects are deferred in this way while the component is
//! suspended.

mod backlog;
mod contract;
mod crashes;
mod execution;
mod intake;
mod job;
mod lanes;
mod lookup_effect;
mod port_effect;

pub use contract::{Effect, Limits};
pub use lookup_effect::{LOOKUPS, LookupEffect};
pub use port_effect::{PortEffect, questions};

use crate::{
    actors::{
        subscription::{Cursor, Progress, RETRY_PAUSE, Subscriber, SubscriberServices, Wake},
        supervision::Lifecycle,
    },
    domain::kernel::Patience,
    store::{
        KindId, Lease, Record,
        journal::{ReadLevel, StoreError},
    },
};
use actix::{Actor, AsyncContext, Context as ActixContext, Handler};
use backlog::{Backlog, PoisonedEffects};
use job::{Finished, Freed, Job, Went};
use std::{
    collections::{BTreeSet, HashMap, HashSet, VecDeque},
    sync::Arc,
    time::Duration,
};
use tokio_util::sync::CancellationToken;

/// At most this many records are deferred; about 100 bytes each.
const ASIDE_RECORDS_MAX: usize = 200_000;

/// How often the cursor is checkpointed.
const CHECKPOINT_EVERY: Duration = Duration::from_secs(1);

/// Runs all effects of one port or lookup.
pub struct EffectRunner<E: Effect> {
    following: Cursor,
    errand: E,
    services: SubscriberServices,
    limits: Limits,
    /// The record positions of unfinished effects that a client waits for.
    hurried: BTreeSet<u64>,
    /// The record positions of unfinished effects that no client waits for.
    patient: BTreeSet<u64>,
    /// Effects deferred until they may run, and those behind them in their conversations.
    aside: Backlog,
    /// Effects that crash at every attempt, and those behind them in their conversations.
    poisoned: PoisonedEffects,
    /// Up to this position, an effect may have run before the last start of this runner.
    asked_until: u64,
    /// Whether the runner was suspended at the last check.
    was_closed: bool,
    /// A lane for each conversation with an effect ready or under way; it queues the later effects.
    lanes: HashMap<u64, VecDeque<Job>>,
    /// Effects that wait for a free place.
    ready: VecDeque<Job>,
    under_way: usize,
    /// Cancels the effects under way when the runner starts over.
    round: CancellationToken,
    answered: HashSet<u64>,
    /// Where to continue reading the answered positions while the runner starts.
    answers_after: Option<u64>,
}

impl<E: Effect> Actor for EffectRunner<E> {
    type Context = ActixContext<Self>;

    fn started(&mut self, ctx: &mut Self::Context) {
        self.listen_to(self.services.rooms.kinds_heard::<E::Hears>(), ctx);
        ctx.run_interval(CHECKPOINT_EVERY, |messenger, _| messenger.checkpoint());
    }
}

impl<E: Effect> Subscriber for EffectRunner<E> {
    fn following(&mut self) -> &mut Cursor {
        &mut self.following
    }

    /// Starts over from the last checkpoint.
    fn start(&mut self, _: &mut ActixContext<Self>) -> Result<(), StoreError> {
        std::mem::take(&mut self.round).cancel();
        self.hurried.clear();
        self.patient.clear();
        self.aside.clear();
        self.poisoned = PoisonedEffects::default();
        self.services.quarantine.forget(E::NAME);
        self.asked_until = self.following.head();
        self.lanes.clear();
        self.ready.clear();
        self.under_way = 0;
        self.answered.clear();
        self.answers_after = Some(self.following.after);
        Ok(())
    }

    /// Reads which effects behind the cursor are answered, a portion per call. The range is long if
    /// one effect has taken long, and other actors share the event loop.
    fn go_on_starting(&mut self) -> Result<bool, StoreError> {
        if let Some(after) = self.answers_after {
            let Self { following, answered, .. } = self;
            let read = following.some_answered_after(after, |origin| {
                answered.insert(origin.position);
            });
            self.answers_after = read?;
        }
        Ok(self.answers_after.is_none())
    }

    /// Whether further effects can be taken up.
    fn may_read(&self) -> bool {
        self.hurried.len() < self.limits.hurried_max
            && self.aside.len() + self.poisoned.len() < ASIDE_RECORDS_MAX
    }

    fn take_in(
        &mut self,
        record: &Arc<Record>,
        ctx: &mut ActixContext<Self>,
    ) -> Result<(), String> {
        let Some(heard) = self.services.rooms.hear::<E::Hears>(record)? else { return Ok(()) };
        if self.answered.remove(&record.position) || self.hold(record) {
            return Ok(());
        }
        let was_asked = self.was_asked(record);
        let taken = self.take(record, heard, was_asked, ctx);
        taken.or_else(|because| self.crashed_on(record, because))
    }

    fn follow_up(&mut self, ctx: &mut ActixContext<Self>) -> Result<bool, String> {
        let is_closed = self.is_closed();
        if is_closed && !std::mem::replace(&mut self.was_closed, is_closed) {
            self.put_all_aside(ctx);
        }
        self.was_closed = is_closed;
        if !is_closed {
            self.take_from_aside()?;
        }
        self.start_ready(ctx);
        self.tell_progress();
        Ok(!is_closed && self.may_take())
    }
}

impl<E: Effect> Handler<Lifecycle> for EffectRunner<E> {
    type Result = ();

    fn handle(&mut self, order: Lifecycle, ctx: &mut Self::Context) {
        order.obeyed(ctx);
    }
}

impl<E: Effect> Handler<Wake> for EffectRunner<E> {
    type Result = ();

    fn handle(&mut self, _: Wake, ctx: &mut Self::Context) {
        self.wake(ctx);
    }
}

impl<E: Effect> Handler<Freed> for EffectRunner<E> {
    type Result = ();

    fn handle(&mut self, freed: Freed, ctx: &mut Self::Context) {
        if self.following.is_current(freed.generation) {
            self.under_way -= 1;
            self.start_ready(ctx);
        }
    }
}

impl<E: Effect> Handler<Finished> for EffectRunner<E> {
    type Result = ();

    fn handle(&mut self, finished: Finished, ctx: &mut Self::Context) {
        let Finished { record, generation, went } = finished;
        if !self.following.is_current(generation) {
            return;
        }
        match went {
            Went::Delivered => {}
            Went::InVain => return self.run_later(record, RETRY_PAUSE, ctx),
            Went::Crashed(because) => return self.crashed_on_its_way(record, because, ctx),
        }
        let (could_read, could_take) = (self.may_read(), self.may_take());
        self.finish(&record);
        match self.lanes.get_mut(&record.correlation).and_then(VecDeque::pop_front) {
            Some(job) => self.ready.push_back(job),
            None => drop(self.lanes.remove(&record.correlation)),
        }
        self.start_ready(ctx);
        if !could_read && self.may_read() || !could_take && self.may_take() {
            self.following.progress.ring();
        }
    }
}

impl<E: Effect> EffectRunner<E> {
    /// An effect runner that has not read anything yet.
    pub fn new(
        (me, lease): (KindId, Lease),
        errand: E,
        limits: Limits,
        services: SubscriberServices,
        progress: Arc<Progress>,
    ) -> Self {
        let journal = Arc::clone(&services.journal);
        Self {
            following: Cursor::new(me, lease, journal, progress, ReadLevel::Durable),
            errand,
            services,
            limits,
            hurried: BTreeSet::new(),
            patient: BTreeSet::new(),
            aside: Backlog::default(),
            poisoned: PoisonedEffects::default(),
            asked_until: 0,
            was_closed: false,
            lanes: HashMap::new(),
            ready: VecDeque::new(),
            under_way: 0,
            round: CancellationToken::new(),
            answered: HashSet::new(),
            answers_after: None,
        }
    }

    /// Takes up the effect of a record, or defers it.
    fn take(
        &mut self,
        record: &Arc<Record>,
        heard: E::Hears,
        was_asked: bool,
        ctx: &mut ActixContext<Self>,
    ) -> Result<(), String> {
        if self.is_closed() {
            return self.put_aside(record, heard, ctx);
        }
        let Some(job) = self.job(record, heard, was_asked)? else { return Ok(()) };
        let is_patient = job.trip.patience == Patience::UntilAnswered;
        let is_behind = self.aside.has(record.correlation);
        if is_behind
            || is_patient && (!self.aside.is_empty() || !self.has_room(Patience::UntilAnswered))
        {
            self.aside.insert(record);
        } else {
            self.take_up(job);
        }
        Ok(())
    }

    /// Whether no effect may run now, because a needed component is suspended.
    fn is_closed(&self) -> bool {
        let needs = self.errand.needs().is_some_and(|context| context.is_suspended());
        needs || self.following.progress.context().is_suspended()
    }

    /// Whether one more effect of this patience can be taken up.
    fn has_room(&self, patience: Patience) -> bool {
        match patience {
            Patience::Limited => self.hurried.len() < self.limits.hurried_max,
            Patience::UntilAnswered => self.patient.len() < self.limits.patient_max,
        }
    }

    /// Whether the effect of this record may have run before the last start of this runner.
    fn was_asked(&self, record: &Record) -> bool {
        record.position <= self.asked_until
    }

    /// The checkpoint position: every effect at or before it is finished.
    fn cursor(&self) -> u64 {
        let unfinished =
            [self.hurried.first(), self.patient.first()].into_iter().flatten().copied();
        let first = unfinished.chain(self.aside.first()).chain(self.poisoned.first()).min();
        first.map_or(self.following.after, |first| first - 1)
    }

    fn tell_progress(&self) {
        // The progress stops before the oldest unfinished effect, deferred and quarantined ones
        // included.
        self.following.progress.reach(self.cursor());
        let waiting = self.aside.len() + self.poisoned.len();
        self.following.progress.wait_for(self.hurried.len() + self.patient.len() + waiting);
    }

    fn checkpoint(&mut self) {
        self.following.skip();
        let position = self.cursor();
        if !self.following.is_started || !self.following.is_behind(position) {
            return;
        }
        // This checkpoint supersedes an older one that the journal had no room for.
        drop(self.following.take_unsent());
        self.following.write_down(self.following.checkpoint_at(position, Vec::new()));
        self.tell_progress();
    }
}
