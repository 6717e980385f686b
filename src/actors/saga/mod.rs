//! The runner of one kind of saga: reads the journal in order, runs steps, dispatches commands and
//! stores checkpoints.
//!
//! A saga is a fold over the journal, and a checkpoint only shortens its replay. A checkpoint holds
//! the state of every open instance as of the last record read. An instance with commands in
//! delivery is *undelivered*: its state is stored as of *before* the record that led to them. After
//! a crash the runner reads that record again and dispatches with the same causes. It omits
//! commands whose outcome is in the journal already. An instance whose commands are for a suspended
//! component, or that crashed, is *parked* at that record. It is removed from memory. When it is
//! called, it may resume, and the records it has missed are read again.

mod catch_up;
mod census;
mod checkpoint;
pub mod describe;
mod input;
mod instance;
mod instance_cache;
mod parked;
mod recovery;
mod status;
mod stored_types;
#[cfg(test)]
mod tests;
mod timers;

pub use census::{Census, CountSagas, STATES, counting};
pub use describe::AskSaga;
pub use input::{SagaInput, saga_input};
pub use status::Waiting;
pub use stored_types::{DeliveredUpTo, place_of, stored_types};

use crate::{
    actors::{
        dispatch::{AckLevel, DeliveryError, Inherited},
        operations::Component,
        subscription::{Cursor, Progress, Subscriber, SubscriberServices, Wake},
        supervision::Lifecycle,
        support::{catch_panic, spawn},
    },
    domain::kernel::{NextState, Saga, Step, TimerChange, Timestamp},
    store::{
        KindId, Lease, Origin, Payload, Record, Subject, codec,
        journal::{ReadLevel, StoreError},
    },
    traces::{Correlation, TraceContext},
};
use actix::{Actor, AsyncContext, Context as ActixContext, Handler, Message, SpawnHandle};
use catch_up::UNDER_WAY_MAX;
use checkpoint::SavedInstance;
use instance::{Conversation, PendingReaction, Reaction};
use instance_cache::InstanceCache;
use parked::ParkedInstances;
use std::{
    collections::{BTreeSet, HashMap, HashSet},
    sync::Arc,
    time::Duration,
};
use timers::TIMER_BIT;

/// The number of checkpoint intervals between two looks of a saga without changes.
const IDLE_INTERVALS: u32 = 3;

/// The key of the list of undelivered instances; no group of instances has this key.
const LAGGING: u64 = 0;

/// The bit that marks the key of a parked instance; the other bits are its number. The bit alone is
/// the key of the catch-up scan's position.
const STOPPED_BIT: u64 = 1 << 62;

/// Runs all instances of one kind of saga.
pub struct SagaRunner<S: Saga> {
    cursor: Cursor,
    services: SubscriberServices,
    memory: InstanceCache<S>,
    stops: ParkedInstances<S>,
    /// Number of reactions whose commands are sent and not all delivered.
    under_way: usize,
    timers: BTreeSet<(Timestamp, u64)>,
    /// Postponed timers: they are due, and their instance is parked.
    put_off: BTreeSet<(Timestamp, u64)>,
    timers_changed: HashMap<u64, Option<Timestamp>>,
    /// The customers to whom the records belong that set the timers, with configured identity.
    timer_owners: HashMap<u64, Subject>,
    /// The traces of the records that set the timers, since the start.
    timer_traces: HashMap<u64, Arc<TraceContext>>,
    /// Versions of instance streams that got a record since the start.
    versions: HashMap<u64, u32>,
    /// Dispatches whose outcome was found in the journal during recovery.
    answered: HashSet<(u64, u16)>,
    /// Up to this position, parked instances replay commands that were delivered after the last
    /// checkpoint; 0 when there are none. Before the catch-up scan has read it, no checkpoint is
    /// stored. If a checkpoint passed their outcomes, the next recovery would repeat these commands.
    replays_until: u64,
    /// The head of the journal when recovery began. Timers wait until it is read.
    recovered_head: u64,
    /// The time of the next timer, and the handle of its scheduled check.
    armed: Option<(Timestamp, SpawnHandle)>,
}

/// The message that the commands of one reaction are delivered, or cannot be delivered now.
#[derive(Message)]
#[rtype(result = "()")]
struct Delivered {
    conversation: u64,
    trigger: u64,
    generation: u64,
    /// The number of delivered commands and the suspended component of the next one, if delivery
    /// stopped.
    halted: Option<(u16, Arc<Component>)>,
}

impl<S: Saga> Actor for SagaRunner<S> {
    type Context = ActixContext<Self>;

    fn started(&mut self, ctx: &mut Self::Context) {
        let mut kinds = self.services.registry.kinds_of::<S::Events>();
        // The outcomes of this saga's commands, and its timers, are records of its own kind.
        kinds.insert(self.cursor.me);
        self.listen_to(kinds, ctx);
        self.checkpoint_after(1, ctx);
    }
}

impl<S: Saga> Subscriber for SagaRunner<S> {
    fn cursor(&mut self) -> &mut Cursor {
        &mut self.cursor
    }

    fn start(&mut self, ctx: &mut ActixContext<Self>) -> Result<(), StoreError> {
        self.recover(ctx)
    }

    fn may_read(&self) -> bool {
        !self.is_suspended()
    }

    fn take_in(
        &mut self,
        record: &Arc<Record>,
        ctx: &mut ActixContext<Self>,
    ) -> Result<(), String> {
        match self.read_input(record)? {
            Some((number, _)) if self.stops.holds(number) => Ok(()),
            Some((number, input)) => self.step(number, record, input, ctx),
            None => Ok(()),
        }
    }

    fn follow_up(&mut self, ctx: &mut ActixContext<Self>) -> Result<bool, String> {
        self.cursor.progress.reach(self.cursor.after);
        if self.is_suspended() { Ok(false) } else { self.catch_up_stopped(ctx) }
    }
}

impl<S: Saga> Handler<Lifecycle> for SagaRunner<S> {
    type Result = ();

    fn handle(&mut self, order: Lifecycle, ctx: &mut Self::Context) {
        order.obeyed_after(|| _ = self.checkpoint(), ctx);
    }
}

impl<S: Saga> Handler<Wake> for SagaRunner<S> {
    type Result = ();

    fn handle(&mut self, _: Wake, ctx: &mut Self::Context) {
        self.wake(ctx);
    }
}

impl<S: Saga> Handler<Delivered> for SagaRunner<S> {
    type Result = ();

    fn handle(&mut self, delivered: Delivered, ctx: &mut Self::Context) {
        let Delivered { conversation: number, trigger, generation, halted } = delivered;
        if !self.cursor.is_current(generation) {
            return;
        }
        let _entered = Correlation::of(number, None).enter();
        self.under_way -= 1;
        // The catch-up scan continues when half of the commands are delivered.
        if self.stops.scan.at.is_some() && self.under_way == UNDER_WAY_MAX / 2 {
            self.cursor.progress.wake();
        }
        if let Some((delivered, component)) = halted {
            return self.wait_for(number, delivered, &component);
        }
        let Some(conversation) = self.memory.get_mut(number) else { return };
        if conversation.reactions.front().is_some_and(|first| first.trigger == trigger) {
            conversation.reactions.pop_front();
            self.send_next(number, ctx);
        }
    }
}

impl<S: Saga> SagaRunner<S> {
    /// Creates a runner that has not read anything yet.
    pub fn new(
        (me, lease): (KindId, Lease),
        services: SubscriberServices,
        progress: Arc<Progress>,
    ) -> Self {
        let journal = Arc::clone(&services.journal);
        Self {
            cursor: Cursor::new(me, lease, journal, progress, ReadLevel::Submitted),
            services,
            memory: InstanceCache::new(0),
            stops: ParkedInstances::default(),
            under_way: 0,
            timers: BTreeSet::new(),
            put_off: BTreeSet::new(),
            timers_changed: HashMap::new(),
            timer_owners: HashMap::new(),
            timer_traces: HashMap::new(),
            versions: HashMap::new(),
            answered: HashSet::new(),
            replays_until: 0,
            recovered_head: 0,
            armed: None,
        }
    }

    /// Submits checkpoints, less often while nothing changes: each wakes a thread.
    fn checkpoint_after(&self, intervals: u32, ctx: &mut ActixContext<Self>) {
        let every = Duration::from_millis(self.services.settings.checkpoint_every_ms);
        ctx.run_later(every.saturating_mul(intervals), |runner, ctx| {
            let intervals = if runner.checkpoint() { 1 } else { IDLE_INTERVALS };
            runner.checkpoint_after(intervals, ctx);
        });
    }

    fn is_suspended(&self) -> bool {
        self.cursor.progress.component().is_suspended()
    }

    fn step(
        &mut self,
        number: u64,
        record: &Record,
        input: SagaInput<S>,
        ctx: &mut ActixContext<Self>,
    ) -> Result<(), String> {
        let _entered = Correlation::of(number, record.trace.as_deref()).enter();
        if matches!(input, SagaInput::TimerFired) {
            self.versions.insert(number, record.version);
        }
        self.remember(number)?;
        let conversation = self.memory.change(number);
        if conversation.is_crashed() {
            return Ok(());
        }
        let (trigger, before) = (record.position, conversation.kept.clone());
        let timer_before = before.as_ref().and_then(|kept| kept.timer);
        let is_idle = conversation.reactions.is_empty();
        let state = before.as_ref().map_or_else(S::default, |kept| kept.state.clone());
        let meta = record.meta();
        let inherited = Inherited::from(record);
        let pending = |reaction| PendingReaction { trigger, inherited, before, reaction };
        let step = match catch_panic(|| input.apply_to(state, number, &meta)) {
            Ok(step) => step,
            Err(reason) => {
                conversation.reactions.push_back(pending(Reaction::Crash(reason)));
                if is_idle {
                    self.send_next(number, ctx);
                }
                return Ok(());
            }
        };
        let Step { next, dispatches, timer } = step;
        let has_fired = record.payload == Payload::TimerFired;
        let timer = timer_after(&next, timer, timer_before.filter(|_| !has_fired));
        conversation.kept = SavedInstance::after(next, timer);
        let commands: Vec<_> = (0..)
            .zip(dispatches)
            .filter(|(nth, _)| !self.answered.contains(&(trigger, *nth)))
            .collect();
        if !commands.is_empty() {
            conversation.reactions.push_back(pending(Reaction::Commands(commands)));
        }
        self.set_timer(number, (timer_before, timer), record, ctx);
        if is_idle {
            self.send_next(number, ctx);
        }
        Ok(())
    }

    /// Loads an instance unless it is in memory.
    fn remember(&mut self, number: u64) -> Result<(), String> {
        let Some(key) = self.memory.missing(number) else { return Ok(()) };
        let Cursor { journal, me, .. } = &self.cursor;
        let bytes = journal.conversation(*me, key).map_err(|error| error.to_string())?;
        self.memory.take_in(key, bytes.as_deref()).map_err(|error| error.to_string())
    }

    /// Sends the commands of the oldest unfinished reaction. Quarantines the instance when that
    /// reaction was a crash.
    fn send_next(&mut self, number: u64, ctx: &mut ActixContext<Self>) {
        let Some(Conversation { reactions, .. }) = self.memory.get_mut(number) else { return };
        let Some(PendingReaction { trigger, inherited, reaction, .. }) = reactions.front_mut()
        else {
            return;
        };
        let commands = match reaction {
            Reaction::Commands(commands) => std::mem::take(commands),
            Reaction::Crash(reason) => {
                let reason = std::mem::take(reason);
                return self.quarantine(number, reason);
            }
        };
        self.under_way += 1;
        let registry = Arc::clone(&self.services.registry);
        let Cursor { me, journal, .. } = &self.cursor;
        let (by, fence, journal) = (*me, self.cursor.fence(), Arc::clone(journal));
        let (trigger, inherited, runner) = (*trigger, inherited.clone(), ctx.address());
        let correlation = Correlation::of(number, inherited.trace.as_deref());
        spawn(correlation.scope(async move {
            let mut halted = None;
            for (nth, dispatch) in commands {
                let origin = Origin { by, conversation: number, position: trigger, nth };
                let when = AckLevel::Submitted;
                let cause = (origin, &inherited);
                match registry.deliver(&*journal, &fence, &dispatch, cause, when).await {
                    Ok(()) => {}
                    Err(DeliveryError::Suspended(component)) => {
                        halted = Some((nth, component));
                        break;
                    }
                    // The runner starts again from its checkpoint.
                    Err(_) => return,
                }
            }
            let generation = fence.generation;
            runner.do_send(Delivered { conversation: number, trigger, generation, halted });
        }));
    }
}

fn read<T: serde::de::DeserializeOwned>(bytes: &[u8]) -> Result<T, StoreError> {
    codec::decode(bytes).map_err(|error| StoreError::Failed(error.to_string()))
}

/// The timer of an instance after a step, which had this timer before.
const fn timer_after<S>(
    next: &NextState<S>,
    change: TimerChange,
    before: Option<Timestamp>,
) -> Option<Timestamp> {
    match (next, change) {
        (NextState::Done, _) | (_, TimerChange::Clear) => None,
        (_, TimerChange::Set(time)) => Some(time),
        (_, TimerChange::Keep) => before,
    }
}
