//! The runner of one kind of saga: reads the journal in order, runs steps, dispatches commands and
//! stores checkpoints.
//!
//! A saga is a fold over the journal, and a checkpoint only shortens its replay. A checkpoint holds
//! the state of every open instance as of the last record read. An instance with commands in
//! delivery *lags*: its state is stored as of *before* the record that led to them. After a crash
//! the runner reads that record again and dispatches with the same causes. It leaves out commands
//! whose outcome is in the journal already. An instance whose commands are for a suspended
//! component, or that crashed, is *parked* there. It leaves the memory, and the records it misses
//! are read again when it is called.

mod catch_up;
mod checkpoint;
pub mod describe;
mod input;
mod instance;
mod instance_cache;
mod parked;
mod recovery;
mod status;
mod timers;

pub use describe::AskSaga;
pub use input::{Heard, listen};
pub use status::Waiting;

use crate::{
    actors::{
        dispatch::{AckLevel, DeliveryError},
        operations::Context,
        subscription::{Cursor, Progress, RETRY_PAUSE, Subscriber, SubscriberServices, Wake},
        supervision::Lifecycle,
        support::catch_panic,
    },
    domain::kernel::{Alarm, Next, Saga, Step, Timestamp},
    store::{
        KindId, Lease, Origin, Payload, Record, codec,
        journal::{ReadLevel, StoreError},
    },
};
use actix::{Actor, AsyncContext, Context as ActixContext, Handler, Message, SpawnHandle};
use catch_up::UNDER_WAY_MAX;
use checkpoint::SavedInstance;
use instance::{Conversation, Reaction, Said};
use instance_cache::InstanceCache;
use parked::ParkedInstances;
use std::{
    collections::{BTreeSet, HashMap, HashSet},
    sync::Arc,
    time::Duration,
};
use timers::ALARM_BIT;

/// The key of the list of lagging instances; no group of instances has this key.
const LAGGING: u64 = 0;

/// The bit that marks the key of a parked instance; the other bits are its number. The bit alone is
/// the key of the catch-up scan's position.
const STOPPED_BIT: u64 = 1 << 62;

/// Runs all instances of one kind of saga.
pub struct SagaRunner<S: Saga> {
    following: Cursor,
    services: SubscriberServices,
    memory: InstanceCache<S>,
    stops: ParkedInstances<S>,
    /// Number of reactions whose commands are sent and not all delivered.
    under_way: usize,
    alarms: BTreeSet<(Timestamp, u64)>,
    /// Postponed alarms: they are due, and their instance is parked.
    put_off: BTreeSet<(Timestamp, u64)>,
    alarms_changed: HashMap<u64, Option<Timestamp>>,
    /// Versions of instance streams that got a record since the start.
    versions: HashMap<u64, u32>,
    /// Dispatches whose outcome was found in the journal during recovery.
    answered: HashSet<(u64, u16)>,
    /// The head of the journal when recovery began. Alarms wait until it is read.
    recovered_head: u64,
    /// The time of the next alarm, and its timer.
    armed: Option<(Timestamp, SpawnHandle)>,
}

/// Reports that the commands of one reaction are delivered, or cannot be delivered now.
#[derive(Message)]
#[rtype(result = "()")]
struct Delivered {
    conversation: u64,
    trigger: u64,
    generation: u64,
    /// The number of delivered commands and the suspended component of the next one, if delivery
    /// stopped.
    halted: Option<(u16, Arc<Context>)>,
}

impl<S: Saga> Actor for SagaRunner<S> {
    type Context = ActixContext<Self>;

    fn started(&mut self, ctx: &mut Self::Context) {
        let mut kinds = self.services.rooms.kinds_heard::<S::Hears>();
        // The outcomes of this saga's commands, and its alarms, are records of its own kind.
        kinds.insert(self.following.me);
        self.listen_to(kinds, ctx);
        let every = Duration::from_millis(self.services.settings.checkpoint_every_ms);
        ctx.run_interval(every, |runner, _| runner.checkpoint());
    }
}

impl<S: Saga> Subscriber for SagaRunner<S> {
    fn following(&mut self) -> &mut Cursor {
        &mut self.following
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
        match self.listen_well(record)? {
            Some((number, _)) if self.stops.holds(number) => Ok(()),
            Some((number, heard)) => self.step(number, record, heard, ctx),
            None => Ok(()),
        }
    }

    fn follow_up(&mut self, ctx: &mut ActixContext<Self>) -> Result<bool, String> {
        self.following.progress.reach(self.following.after);
        if self.is_suspended() { Ok(false) } else { self.catch_up_stopped(ctx) }
    }
}

impl<S: Saga> Handler<Lifecycle> for SagaRunner<S> {
    type Result = ();

    fn handle(&mut self, order: Lifecycle, ctx: &mut Self::Context) {
        order.obeyed(ctx);
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
        if !self.following.is_current(generation) {
            return;
        }
        self.under_way -= 1;
        // The catch-up scan goes on when half of the commands are delivered.
        if self.stops.sweep.at.is_some() && self.under_way == UNDER_WAY_MAX / 2 {
            self.following.progress.ring();
        }
        if let Some((delivered, context)) = halted {
            return self.wait_for(number, delivered, &context);
        }
        let Some(conversation) = self.memory.get_mut(number) else { return };
        if conversation.said.front().is_some_and(|said| said.trigger == trigger) {
            conversation.said.pop_front();
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
            following: Cursor::new(me, lease, journal, progress, ReadLevel::Submitted),
            services,
            memory: InstanceCache::new(0),
            stops: ParkedInstances::default(),
            under_way: 0,
            alarms: BTreeSet::new(),
            put_off: BTreeSet::new(),
            alarms_changed: HashMap::new(),
            versions: HashMap::new(),
            answered: HashSet::new(),
            recovered_head: 0,
            armed: None,
        }
    }

    fn is_suspended(&self) -> bool {
        self.following.progress.context().is_suspended()
    }

    fn step(
        &mut self,
        number: u64,
        record: &Record,
        heard: Heard<S>,
        ctx: &mut ActixContext<Self>,
    ) -> Result<(), String> {
        if matches!(heard, Heard::Woken) {
            self.versions.insert(number, record.version);
        }
        self.remember(number)?;
        let conversation = self.memory.change(number);
        if conversation.is_crashed() {
            return Ok(());
        }
        let (trigger, before) = (record.position, conversation.kept.clone());
        let is_silent = conversation.said.is_empty();
        let state = before.as_ref().map_or_else(S::default, |kept| kept.state.clone());
        let meta = record.meta();
        let step = match catch_panic(|| heard.told_to(state, number, &meta)) {
            Ok(step) => step,
            Err(because) => {
                let reaction = Reaction::Crash(because);
                conversation.said.push_back(Said { trigger, before, reaction });
                if is_silent {
                    self.send_next(number, ctx);
                }
                return Ok(());
            }
        };
        let Step { next, dispatches, alarm } = step;
        let alarm_before = before.as_ref().and_then(|kept| kept.alarm);
        let has_gone_off = record.payload == Payload::Woken;
        let alarm = match (&next, alarm) {
            (Next::Done, _) | (_, Alarm::Clear) => None,
            (_, Alarm::Set(time)) => Some(time),
            (_, Alarm::Keep) => alarm_before.filter(|_| !has_gone_off),
        };
        conversation.kept = SavedInstance::after(next, alarm);
        let commands: Vec<_> = (0..)
            .zip(dispatches)
            .filter(|(nth, _)| !self.answered.contains(&(trigger, *nth)))
            .collect();
        if !commands.is_empty() {
            let reaction = Reaction::Commands(commands);
            conversation.said.push_back(Said { trigger, before, reaction });
        }
        self.set_alarm(number, alarm_before, alarm, ctx);
        if is_silent {
            self.send_next(number, ctx);
        }
        Ok(())
    }

    /// Loads an instance unless it is in memory.
    fn remember(&mut self, number: u64) -> Result<(), String> {
        let Some(key) = self.memory.missing(number) else { return Ok(()) };
        let Cursor { journal, me, .. } = &self.following;
        let bytes = journal.conversation(*me, key).map_err(|error| error.to_string())?;
        self.memory.take_in(key, bytes.as_deref()).map_err(|error| error.to_string())
    }

    /// Sends the commands of the oldest unfinished reaction. Quarantines the instance when that
    /// reaction was a crash.
    fn send_next(&mut self, number: u64, ctx: &mut ActixContext<Self>) {
        let Some(Conversation { said, .. }) = self.memory.get_mut(number) else { return };
        let Some(Said { trigger, reaction, .. }) = said.front_mut() else { return };
        let commands = match reaction {
            Reaction::Commands(commands) => std::mem::take(commands),
            Reaction::Crash(because) => {
                let because = std::mem::take(because);
                return self.quarantine(number, because);
            }
        };
        self.under_way += 1;
        let rooms = Arc::clone(&self.services.rooms);
        let Cursor { me, journal, .. } = &self.following;
        let (by, mandate, journal) = (*me, self.following.mandate(), Arc::clone(journal));
        let (trigger, runner) = (*trigger, ctx.address());
        actix::spawn(async move {
            let mut halted = None;
            for (nth, dispatch) in commands {
                let origin = Origin { by, conversation: number, position: trigger, nth };
                let when = AckLevel::Submitted;
                match rooms.deliver(&journal, &mandate, &dispatch, origin, when).await {
                    Ok(()) => {}
                    Err(DeliveryError::Suspended(context)) => {
                        halted = Some((nth, context));
                        break;
                    }
                    // The runner starts over from its checkpoint.
                    Err(_) => return,
                }
            }
            let generation = mandate.generation;
            runner.do_send(Delivered { conversation: number, trigger, generation, halted });
        });
    }
}

fn read<T: serde::de::DeserializeOwned>(bytes: &[u8]) -> Result<T, StoreError> {
    codec::decode(bytes).map_err(|error| StoreError::Failed(error.to_string()))
}
