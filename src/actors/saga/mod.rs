//! The runner of one kind of saga: hears the journal in order, steps, dispatches, writes down how far it is.
//!
//! A saga is a fold over the journal, and a checkpoint is only a shortcut. It holds the state of
//! every open conversation as of the last record heard; a conversation with commands that are
//! still on their way is written down as it was *before* the record that led to them (it *lags*),
//! so that a crash makes the runner hear that record again, dispatch the same causes again, and
//! leave out those whose outcome already stands in the journal.

mod alarms;
mod asking;
mod conversation;
mod listening;
mod memory;
mod recovery;
mod replaying;

pub use asking::Ask;

use super::{
    crash::caught,
    letter::Delivery,
    progress::{BUSY_PAUSE, BUSY_RECORDS, Bell, Progress},
    rooms::Rooms,
    settings::ActorSettings,
};
use crate::{
    domain::kernel::{Alarm, Next, Saga, Step, Timestamp},
    store::{
        KindId, Origin, Payload, Record, codec,
        journal::{Checkpoint, Journal, Level, StoreError},
    },
};
use actix::{Actor, AsyncContext, Context, Handler, Message, SpawnHandle};
use conversation::{Kept, Said};
use listening::Heard;
use memory::Memory;
pub(super) use replaying::Replayed;
use std::{
    collections::{BTreeSet, HashMap, HashSet},
    sync::Arc,
    time::Duration,
};

/// Records heard in one turn of the loop.
const TURN_RECORDS_MAX: usize = 512;

/// Where the list of lagging conversations is kept: no group of conversations has this key.
const LAGGING: u64 = 0;

/// The pause after something failed that should not.
const RETRY_PAUSE: Duration = Duration::from_millis(100);

/// Runs all conversations of one kind of saga.
pub struct Runner<S: Saga> {
    me: KindId,
    journal: Arc<Journal>,
    rooms: Arc<Rooms>,
    settings: ActorSettings,
    progress: Arc<Progress>,
    bell: Bell,
    generation: u64,
    /// The last position heard.
    after: u64,
    checkpointed: u64,
    memory: Memory<S>,
    alarms: BTreeSet<(Timestamp, u64)>,
    alarms_changed: HashMap<u64, Option<Timestamp>>,
    /// Versions of conversation streams that got a record since the start.
    versions: HashMap<u64, u32>,
    /// Dispatches whose outcome was found in the journal while recovering.
    answered: HashSet<(u64, u16)>,
    /// A checkpoint that the journal had no room for.
    unsent: Option<Checkpoint>,
    /// The head of the journal when this started over; alarms wait until it is heard.
    recovered_head: u64,
    /// The time the next alarm goes off, and what lets it.
    armed: Option<(Timestamp, SpawnHandle)>,
    is_recovered: bool,
}

/// There may be something to hear.
#[derive(Message)]
#[rtype(result = "()")]
struct Wake;

/// All commands of one reaction have their outcome in the journal.
#[derive(Message)]
#[rtype(result = "()")]
struct Delivered {
    conversation: u64,
    trigger: u64,
    generation: u64,
}

impl<S: Saga> Actor for Runner<S> {
    type Context = Context<Self>;

    fn started(&mut self, ctx: &mut Self::Context) {
        let (addr, bell) = (ctx.address(), self.bell.clone());
        let wake = Arc::new(move || bell.ring(|| addr.do_send(Wake)));
        // At once for what it hears of, and with the commits for the rest, which only moves on.
        self.journal.subscribe_to(&self.rooms.kinds_heard::<S::Hears>(), Arc::clone(&wake) as _);
        self.journal.subscribe(Level::Durable, wake);
        let every = Duration::from_millis(self.settings.checkpoint_every_ms);
        ctx.run_interval(every, |runner, _| runner.checkpoint());
        self.ring(ctx);
    }
}

impl<S: Saga> Handler<Wake> for Runner<S> {
    type Result = ();

    fn handle(&mut self, _: Wake, ctx: &mut Self::Context) {
        match self.turn(ctx) {
            Ok(records) if (BUSY_RECORDS..TURN_RECORDS_MAX).contains(&records) => {
                // The bell goes on ringing meanwhile, so that nobody rings it again.
                ctx.run_later(BUSY_PAUSE, |_, ctx| ctx.notify(Wake));
            }
            Ok(_) => {
                self.bell.hush();
                // What was submitted before the bell fell silent has rung in vain.
                if self.journal.submitted() > self.after {
                    self.ring(ctx);
                }
            }
            Err(because) => {
                // Nothing was changed by what failed; it is heard again.
                self.progress.trouble(Some(because));
                self.bell.hush();
                ctx.run_later(RETRY_PAUSE, |runner, ctx| runner.ring(ctx));
            }
        }
    }
}

impl<S: Saga> Handler<Delivered> for Runner<S> {
    type Result = ();

    fn handle(&mut self, delivered: Delivered, ctx: &mut Self::Context) {
        if delivered.generation != self.generation || !self.is_recovered {
            return;
        }
        let Some(conversation) = self.memory.get_mut(delivered.conversation) else { return };
        if conversation.said.front().is_some_and(|said| said.trigger == delivered.trigger) {
            conversation.said.pop_front();
            self.send_next(delivered.conversation, ctx);
        }
    }
}

impl<S: Saga> Runner<S> {
    /// A runner that has not heard anything yet.
    pub fn new(
        me: KindId,
        journal: Arc<Journal>,
        rooms: Arc<Rooms>,
        settings: ActorSettings,
        progress: Arc<Progress>,
    ) -> Self {
        Self {
            me,
            journal,
            rooms,
            settings,
            progress,
            bell: Bell::default(),
            generation: 0,
            after: 0,
            checkpointed: 0,
            memory: Memory::new(0),
            alarms: BTreeSet::new(),
            alarms_changed: HashMap::new(),
            versions: HashMap::new(),
            answered: HashSet::new(),
            unsent: None,
            recovered_head: 0,
            armed: None,
            is_recovered: false,
        }
    }

    fn ring(&self, ctx: &mut Context<Self>) {
        let addr = ctx.address();
        self.bell.ring(|| addr.do_send(Wake));
    }

    /// Hears a few records, and says how many.
    fn turn(&mut self, ctx: &mut Context<Self>) -> Result<usize, String> {
        if !self.is_recovered || self.generation != self.journal.generation() {
            self.recover(ctx).map_err(|error| error.to_string())?;
        }
        let records = self.journal.read(self.after, TURN_RECORDS_MAX, Level::Submitted);
        let records = records.map_err(|error| error.to_string())?;
        for record in &records {
            self.hear(record, ctx)?;
            self.after = record.position;
        }
        if !records.is_empty() {
            self.progress.reach(self.after);
            self.progress.trouble_over();
        }
        Ok(records.len())
    }

    fn hear(&mut self, record: &Record, ctx: &mut Context<Self>) -> Result<(), String> {
        match caught(|| self.listen(record)).and_then(|heard| heard)? {
            Some((number, heard)) => self.step(number, record, heard, ctx),
            None => Ok(()),
        }
    }

    fn step(
        &mut self,
        number: u64,
        record: &Record,
        heard: Heard<S>,
        ctx: &mut Context<Self>,
    ) -> Result<(), String> {
        if matches!(heard, Heard::Woken) {
            self.versions.insert(number, record.version);
        }
        self.remember(number)?;
        let conversation = self.memory.change(number);
        if conversation.is_broken {
            return Ok(());
        }
        let before = conversation.kept.clone();
        let state = before.as_ref().map_or_else(S::default, |kept| kept.state.clone());
        let meta = record.meta();
        let Step { next, dispatches, alarm } = match caught(|| heard.told_to(state, number, &meta))
        {
            Ok(step) => step,
            Err(because) => {
                tracing::error!(saga = S::NAME, number, because, "a conversation crashed");
                self.progress.trouble(Some(format!("conversation {number}: {because}")));
                conversation.is_broken = true;
                conversation.said.push_back(Said::nothing(record.position, before));
                return Ok(());
            }
        };
        let alarm_before = before.as_ref().and_then(|kept| kept.alarm);
        let has_gone_off = record.payload == Payload::Woken;
        let alarm = match (&next, alarm) {
            (Next::Done, _) | (_, Alarm::Clear) => None,
            (_, Alarm::Set(time)) => Some(time),
            (_, Alarm::Keep) => alarm_before.filter(|_| !has_gone_off),
        };
        conversation.kept = Kept::after(next, alarm);
        let dispatches: Vec<_> = (0..)
            .zip(dispatches)
            .filter(|(nth, _)| !self.answered.contains(&(record.position, *nth)))
            .collect();
        let is_silent = conversation.said.is_empty();
        if !dispatches.is_empty() {
            conversation.said.push_back(Said { trigger: record.position, before, dispatches });
        }
        self.set_alarm(number, alarm_before, alarm, ctx);
        if is_silent {
            self.send_next(number, ctx);
        }
        Ok(())
    }

    /// Makes sure that a conversation is in memory.
    fn remember(&mut self, number: u64) -> Result<(), String> {
        let Some(key) = self.memory.missing(number) else { return Ok(()) };
        let bytes = self.journal.conversation(self.me, key).map_err(|error| error.to_string())?;
        self.memory.take_in(key, bytes.as_deref()).map_err(|error| error.to_string())
    }

    /// Sends the commands of the oldest reaction that has some on their way.
    fn send_next(&mut self, number: u64, ctx: &mut Context<Self>) {
        let Some(conversation) = self.memory.get_mut(number) else { return };
        let Some(said) = conversation.said.front_mut() else {
            return;
        };
        let (trigger, dispatches) = (said.trigger, std::mem::take(&mut said.dispatches));
        if dispatches.is_empty() {
            return;
        }
        let (rooms, journal) = (Arc::clone(&self.rooms), Arc::clone(&self.journal));
        let (me, generation, runner) = (self.me, self.generation, ctx.address());
        actix::spawn(async move {
            for (nth, dispatch) in dispatches {
                let origin = Origin { by: me, conversation: number, position: trigger, nth };
                if rooms
                    .deliver(&journal, generation, &dispatch, origin, Delivery::Submitted)
                    .await
                    .is_err()
                {
                    return;
                }
            }
            runner.do_send(Delivered { conversation: number, trigger, generation });
        });
    }
}

fn read<T: serde::de::DeserializeOwned>(bytes: &[u8]) -> Result<T, StoreError> {
    codec::decode(bytes).map_err(|error| StoreError::Failed(error.to_string()))
}
