//! The effect runner: it runs the effects that durable records require.
//!
//! It waits for the answer of an effect and delivers the resulting command, exactly once in effect.
//! Ports and lookups are effects. Effects of one conversation run one after the other. Effects of
//! different conversations run concurrently, up to a limit. The checkpoint is before the oldest
//! unfinished effect. After a crash the effects behind the checkpoint run again, under the same
//! keys. Effects whose outcome is already in the journal do not run again.
//!
//! Background effects (no client waits) can accumulate while a service is down. At most
//! `background_max` of them are under way. Of the others only the record positions are kept, so
//! that they never delay urgent effects. All effects are deferred in this way while the component
//! is suspended.

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
pub use port_effect::{PortEffect, port_calls};

use crate::{
    actors::{
        subscription::{Cursor, Progress, Subscriber, SubscriberServices, Wake},
        supervision::Lifecycle,
        support::RETRY_PAUSE,
    },
    domain::kernel::RetryPolicy,
    store::{
        KindId, Lease, Record,
        journal::{ReadLevel, StoreError},
    },
    traces::Correlation,
};
use actix::{Actor, AsyncContext, Context as ActixContext, Handler};
use backlog::{Backlog, PoisonedEffects};
use job::{ExecutionOutcome, Finished, Freed, Job};
use std::{
    collections::{BTreeSet, HashMap, HashSet, VecDeque},
    sync::Arc,
    time::Duration,
};
use tokio_util::sync::CancellationToken;

/// At most this many records are deferred. Each takes about 100 bytes.
const BACKLOG_RECORDS_MAX: usize = 200_000;

/// How often the cursor is checkpointed.
const CHECKPOINT_EVERY: Duration = Duration::from_secs(1);

/// Runs all effects of one port or lookup.
pub struct EffectRunner<E: Effect> {
    cursor: Cursor,
    effect: E,
    services: SubscriberServices,
    limits: Limits,
    /// The record positions of unfinished effects that a client waits for.
    urgent: BTreeSet<u64>,
    /// The record positions of unfinished effects that no client waits for.
    background: BTreeSet<u64>,
    /// Deferred effects, and the effects behind them in their conversations.
    aside: Backlog,
    /// Effects that crash at every attempt, and the effects behind them in their conversations.
    poisoned: PoisonedEffects,
    /// Up to this position, an effect may have run before the last start of this runner.
    asked_until: u64,
    /// Whether the runner was suspended at the last check.
    was_closed: bool,
    /// A lane for each conversation with an effect ready or under way. It queues the later effects.
    lanes: HashMap<u64, VecDeque<Job>>,
    /// Effects that wait for a free place.
    ready: VecDeque<Job>,
    under_way: usize,
    /// Cancels the effects under way when the runner starts over or is dropped.
    round: CancellationToken,
    answered: HashSet<u64>,
    /// The position after which the runner continues to read answered positions while it starts.
    answers_after: Option<u64>,
}

impl<E: Effect> Actor for EffectRunner<E> {
    type Context = ActixContext<Self>;

    fn started(&mut self, ctx: &mut Self::Context) {
        self.listen_to(self.services.registry.kinds_of::<E::Events>(), ctx);
        ctx.run_interval(CHECKPOINT_EVERY, |effect_runner, _| effect_runner.checkpoint());
    }
}

/// The supervisor ends the lease of a runner and starts its successor only after the runner was
/// dropped (`Restart::After`). A runner in a blocked event loop is not replaced before its loop
/// continues and drops it. So no effect of a replaced runner is under way.
impl<E: Effect> Drop for EffectRunner<E> {
    fn drop(&mut self) {
        self.round.cancel();
    }
}

impl<E: Effect> Subscriber for EffectRunner<E> {
    fn cursor(&mut self) -> &mut Cursor {
        &mut self.cursor
    }

    /// Starts over from the last checkpoint.
    fn start(&mut self, _: &mut ActixContext<Self>) -> Result<(), StoreError> {
        std::mem::take(&mut self.round).cancel();
        self.urgent.clear();
        self.background.clear();
        self.aside.clear();
        self.poisoned = PoisonedEffects::default();
        self.services.quarantine.forget(E::NAME);
        self.asked_until = self.cursor.head();
        self.lanes.clear();
        self.ready.clear();
        self.under_way = 0;
        self.answered.clear();
        self.answers_after = Some(self.cursor.after);
        Ok(())
    }

    /// Reads which effects behind the cursor are answered, a portion per call. The range is long if
    /// one effect took long, and other actors share the event loop.
    fn go_on_starting(&mut self) -> Result<bool, StoreError> {
        if let Some(after) = self.answers_after {
            let Self { cursor, answered, .. } = self;
            let read = cursor.some_answered_after(after, |_, origin| {
                answered.insert(origin.position);
            });
            self.answers_after = read?;
        }
        Ok(self.answers_after.is_none())
    }

    /// Whether further records can be read.
    fn may_read(&self) -> bool {
        self.urgent.len() < self.limits.urgent_max
            && self.aside.len() + self.poisoned.len() < BACKLOG_RECORDS_MAX
    }

    fn take_in(
        &mut self,
        record: &Arc<Record>,
        ctx: &mut ActixContext<Self>,
    ) -> Result<(), String> {
        let _entered = Correlation::of(record.correlation, record.trace.as_deref()).enter();
        let Some(event) = self.services.registry.decode::<E::Events>(record)? else {
            return Ok(());
        };
        if self.answered.remove(&record.position) || self.hold(record) {
            return Ok(());
        }
        let was_asked = self.was_asked(record);
        let taken = self.take(record, event, was_asked, ctx);
        taken.or_else(|reason| self.crashed_on(record, reason))
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
        order.obeyed_after(|| self.checkpoint(), ctx);
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
        if self.cursor.is_current(freed.generation) {
            self.under_way -= 1;
            self.start_ready(ctx);
        }
    }
}

impl<E: Effect> Handler<Finished> for EffectRunner<E> {
    type Result = ();

    fn handle(&mut self, finished: Finished, ctx: &mut Self::Context) {
        let Finished { record, generation, outcome } = finished;
        let _entered = Correlation::of(record.correlation, record.trace.as_deref()).enter();
        if !self.cursor.is_current(generation) {
            return;
        }
        match outcome {
            ExecutionOutcome::Delivered => {}
            ExecutionOutcome::InVain => return self.run_later(record, RETRY_PAUSE, ctx),
            ExecutionOutcome::Crashed(reason) => {
                return self.crashed_on_its_way(record, reason, ctx);
            }
        }
        let (could_read, could_take) = (self.may_read(), self.may_take());
        self.finish(&record);
        match self.lanes.get_mut(&record.correlation).and_then(VecDeque::pop_front) {
            Some(job) => self.ready.push_back(job),
            None => drop(self.lanes.remove(&record.correlation)),
        }
        self.start_ready(ctx);
        if !could_read && self.may_read() || !could_take && self.may_take() {
            self.cursor.progress.wake();
        }
    }
}

impl<E: Effect> EffectRunner<E> {
    /// Creates an effect runner that has not read any record yet.
    pub fn new(
        (me, lease): (KindId, Lease),
        effect: E,
        limits: Limits,
        services: SubscriberServices,
        progress: Arc<Progress>,
    ) -> Self {
        let journal = Arc::clone(&services.journal);
        Self {
            cursor: Cursor::new(me, lease, journal, progress, ReadLevel::Durable),
            effect,
            services,
            limits,
            urgent: BTreeSet::new(),
            background: BTreeSet::new(),
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

    /// Queues the effect of a record, or defers it.
    fn take(
        &mut self,
        record: &Arc<Record>,
        event: E::Events,
        was_asked: bool,
        ctx: &mut ActixContext<Self>,
    ) -> Result<(), String> {
        if self.is_closed() {
            return self.put_aside(record, event, was_asked, ctx);
        }
        let Some(job) = self.job(record, event, was_asked)? else { return Ok(()) };
        let is_background = job.task.retry_policy == RetryPolicy::UntilAnswered;
        let is_behind = self.aside.has(record.correlation);
        let is_full = !self.aside.is_empty() || !self.has_room(RetryPolicy::UntilAnswered);
        if is_behind || is_background && is_full {
            self.aside.insert(record, was_asked);
        } else {
            self.take_up(job);
        }
        Ok(())
    }

    /// Whether no effect may run now, because a needed component is suspended.
    fn is_closed(&self) -> bool {
        let needs = self.effect.needs().is_some_and(|component| component.is_suspended());
        needs || self.cursor.progress.component().is_suspended()
    }

    /// Whether one more effect with this retry policy can be queued.
    fn has_room(&self, retry_policy: RetryPolicy) -> bool {
        match retry_policy {
            RetryPolicy::UntilDeadline => self.urgent.len() < self.limits.urgent_max,
            RetryPolicy::UntilAnswered => self.background.len() < self.limits.background_max,
        }
    }

    /// Whether the effect of this record may have run before the last start of this runner.
    fn was_asked(&self, record: &Record) -> bool {
        record.position <= self.asked_until
    }

    /// The checkpoint position: every effect at or before it is finished.
    fn settled_position(&self) -> u64 {
        let unfinished =
            [self.urgent.first(), self.background.first()].into_iter().flatten().copied();
        let first = unfinished.chain(self.aside.first()).chain(self.poisoned.first()).min();
        first.map_or(self.cursor.after, |first| first - 1)
    }

    fn tell_progress(&self) {
        // The progress ends before the oldest unfinished effect. Deferred and quarantined effects
        // are unfinished.
        self.cursor.progress.reach(self.settled_position());
        let waiting = self.aside.len() + self.poisoned.len();
        self.cursor.progress.wait_for(self.urgent.len() + self.background.len() + waiting);
    }

    fn checkpoint(&mut self) {
        self.cursor.skip();
        let position = self.settled_position();
        if !self.cursor.is_started || !self.cursor.is_behind(position) {
            return;
        }
        // This checkpoint replaces an older one that the journal did not accept.
        drop(self.cursor.take_unsent());
        self.cursor.write_down(self.cursor.checkpoint_at(position, Vec::new()));
        self.tell_progress();
    }
}

#[cfg(test)]
mod tests;
