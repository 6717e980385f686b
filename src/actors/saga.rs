//! The runner of one kind of saga: hears the journal in order, steps, dispatches, writes down how far it is.
//!
//! A saga is a fold over the journal, and a checkpoint is only a shortcut. It holds the state of
//! every open conversation as of the last record heard; a conversation with commands that are
//! still on their way is written down as it was *before* the record that led to them (it *lags*),
//! so that a crash makes the runner hear that record again, dispatch the same causes again, and
//! leave out those whose outcome already stands in the journal.

use super::{
    conversation::{Conversation, Kept, Lagging, Said},
    crash::caught,
    letter::Delivery,
    progress::{Bell, Progress},
    room::now,
    rooms::Rooms,
    settings::ActorSettings,
};
use crate::{
    domain::kernel::{Alarm, Id, Meta, Next, Refused, Saga, Step, Timestamp, Unchanged},
    store::{
        Cause, KindId, Origin, Payload, Record, Stream, codec,
        journal::{Checkpoint, Entry, Journal, Level, StoreError, Submission},
    },
};
use actix::{Actor, AsyncContext, Context, Handler, Message};
use std::{
    collections::{BTreeSet, HashMap, HashSet},
    sync::Arc,
    time::Duration,
};

/// Records heard in one turn of the loop.
const TURN_RECORDS_MAX: usize = 512;

/// Records read at once while recovering.
const RECOVERY_RECORDS_MAX: usize = 4_096;

/// Conversations kept in memory after a checkpoint; others are read when something is heard of them.
const REMEMBERED_CONVERSATIONS_MAX: usize = 65_536;

/// Where the list of lagging conversations is kept: no conversation has this number.
const LAGGING: u64 = 0;

/// Alarms are indexed under the conversation's number with this bit.
const ALARM_BIT: u64 = 1 << 63;

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
    open: HashMap<u64, Conversation<S>>,
    alarms: BTreeSet<(Timestamp, u64)>,
    alarms_changed: HashMap<u64, Option<Timestamp>>,
    /// Versions of conversation streams that got a record since the start.
    versions: HashMap<u64, u32>,
    /// Dispatches whose outcome was found in the journal while recovering.
    answered: HashSet<(u64, u16)>,
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
        self.journal.subscribe(
            Level::Submitted,
            Arc::new(move || bell.ring(|| addr.do_send(Wake))),
        );
        let every = Duration::from_millis(self.settings.checkpoint_every_ms);
        ctx.run_interval(every, |runner, _| runner.checkpoint());
        self.ring(ctx);
    }
}

impl<S: Saga> Handler<Wake> for Runner<S> {
    type Result = ();

    fn handle(&mut self, _: Wake, ctx: &mut Self::Context) {
        self.bell.hush();
        match self.turn(ctx) {
            Ok(true) => self.ring(ctx),
            Ok(false) => {}
            Err(because) => {
                self.progress.trouble(Some(because));
                self.is_recovered = false;
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
        let Some(conversation) = self.open.get_mut(&delivered.conversation) else { return };
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
            open: HashMap::new(),
            alarms: BTreeSet::new(),
            alarms_changed: HashMap::new(),
            versions: HashMap::new(),
            answered: HashSet::new(),
            is_recovered: false,
        }
    }

    fn ring(&self, ctx: &mut Context<Self>) {
        let addr = ctx.address();
        self.bell.ring(|| addr.do_send(Wake));
    }

    /// Hears a few records; true when there may be more.
    fn turn(&mut self, ctx: &mut Context<Self>) -> Result<bool, String> {
        if !self.is_recovered || self.generation != self.journal.generation() {
            self.recover(ctx).map_err(|error| error.to_string())?;
        }
        let records = self.journal.read(self.after, TURN_RECORDS_MAX, Level::Submitted);
        let records = records.map_err(|error| error.to_string())?;
        for record in &records {
            self.hear(record, ctx)?;
            self.after = record.position;
        }
        self.progress.reach(self.after);
        Ok(records.len() == TURN_RECORDS_MAX)
    }

    /// Starts over from the last checkpoint.
    fn recover(&mut self, ctx: &mut Context<Self>) -> Result<(), StoreError> {
        self.generation = self.journal.generation();
        self.after = self.journal.followed(self.me)?;
        self.checkpointed = self.after;
        self.open.clear();
        self.alarms.clear();
        self.alarms_changed.clear();
        self.versions.clear();
        for (number, time) in self.journal.conversations(self.me, ALARM_BIT)? {
            self.alarms.insert((read(&time)?, number & !ALARM_BIT));
        }
        let lagging = self.journal.conversation(self.me, LAGGING)?;
        let lagging: Vec<Lagging<S>> = lagging.map(|bytes| read(&bytes)).transpose()?.unwrap_or_default();
        self.find_answered(&lagging)?;
        self.catch_up(lagging, ctx)?;
        self.is_recovered = true;
        self.progress.trouble(None);
        self.arm(ctx);
        Ok(())
    }

    /// Looks for the outcomes of everything this saga said after the checkpoint.
    fn find_answered(&mut self, lagging: &[Lagging<S>]) -> Result<(), StoreError> {
        self.answered.clear();
        let first = lagging.iter().map(|lagging| lagging.after).min().unwrap_or(self.after);
        let mut after = first.min(self.after);
        loop {
            let records = self.journal.read(after, RECOVERY_RECORDS_MAX, Level::Submitted)?;
            let Some(last) = records.last() else { return Ok(()) };
            after = last.position;
            let origins = records.iter().filter_map(|record| self.origin_of_mine(record));
            let origins: Vec<_> = origins.map(|origin| (origin.position, origin.nth)).collect();
            self.answered.extend(origins);
        }
    }

    /// Hears again what the lagging conversations have heard and not finished.
    fn catch_up(&mut self, lagging: Vec<Lagging<S>>, ctx: &mut Context<Self>) -> Result<(), StoreError> {
        let checkpoint = self.after;
        let Some(first) = lagging.iter().map(|lagging| lagging.after).min() else { return Ok(()) };
        let mut behind = HashMap::new();
        for Lagging { number, after, before } in lagging {
            behind.insert(number, after);
            self.open.insert(number, Conversation { kept: before, is_changed: true, is_on_disk: true, ..Conversation::default() });
        }
        let mut after = first;
        while after < checkpoint {
            let records = self.journal.read(after, RECOVERY_RECORDS_MAX, Level::Durable)?;
            if records.is_empty() {
                break;
            }
            for record in records.iter().take_while(|record| record.position <= checkpoint) {
                let heard = self.listen(record).map_err(StoreError::Failed)?;
                let Some((number, heard)) = heard else { continue };
                if behind.get(&number).is_some_and(|after| *after < record.position) {
                    self.step(number, record, heard, ctx).map_err(StoreError::Failed)?;
                }
            }
            after = records.last().map_or(checkpoint, |record| record.position);
        }
        Ok(())
    }

    fn hear(&mut self, record: &Record, ctx: &mut Context<Self>) -> Result<(), String> {
        match self.listen(record)? {
            Some((number, heard)) => self.step(number, record, heard, ctx),
            None => Ok(()),
        }
    }

    fn origin_of_mine(&self, record: &Record) -> Option<Origin> {
        match record.cause {
            Cause::Dispatch(origin) if origin.by == self.me => Some(origin),
            _ => None,
        }
    }

    /// Whether and how a record concerns one of the conversations.
    fn listen(&self, record: &Record) -> Result<Option<(u64, Heard<S>)>, String> {
        match &record.payload {
            Payload::Event(_) => {
                let Some(heard) = self.rooms.hear::<S::Hears>(record)? else { return Ok(None) };
                Ok(S::route(&heard).map(|number| (number, Heard::Event(heard))))
            }
            Payload::Woken if record.stream.kind == self.me => {
                Ok(Some((record.stream.number, Heard::Woken)))
            }
            Payload::Woken => Ok(None),
            Payload::Unchanged { command } => Ok(self.origin_of_mine(record).map(|origin| {
                let (aggregate, number) = (self.name_of(record), record.stream.number);
                let unchanged = Unchanged { aggregate, number, command: command.clone() };
                (origin.conversation, Heard::Unchanged(unchanged))
            })),
            Payload::Refused { command, because, rejection } => {
                let Some(origin) = self.origin_of_mine(record) else { return Ok(None) };
                let Some((name, door)) = self.rooms.of(record.stream.kind) else {
                    return Err(format!("record {}: of an unknown kind", record.position));
                };
                let refused = Refused {
                    aggregate: (*name).to_owned(),
                    number: record.stream.number,
                    command: command.clone(),
                    because: because.clone(),
                    rejection: door.read_rejection(rejection)?,
                };
                Ok(Some((origin.conversation, Heard::Refused(refused))))
            }
        }
    }

    fn name_of(&self, record: &Record) -> String {
        self.rooms.of(record.stream.kind).map_or_else(String::new, |(name, _)| (*name).to_owned())
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
        let Some(conversation) = self.open.get_mut(&number) else { return Ok(()) };
        if conversation.is_broken {
            return Ok(());
        }
        let before = conversation.kept.clone();
        let state = before.as_ref().map_or_else(S::default, |kept| kept.state.clone());
        let meta = record.meta();
        conversation.is_changed = true;
        let Step { next, dispatches, alarm } = match caught(|| heard.told_to(state, number, &meta)) {
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
        let dispatches: Vec<_> = (0..).zip(dispatches).filter(|(nth, _)| !self.answered.contains(&(record.position, *nth))).collect();
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
        if self.open.contains_key(&number) {
            return Ok(());
        }
        let bytes = self.journal.conversation(self.me, number).map_err(|error| error.to_string())?;
        let is_on_disk = bytes.is_some();
        let kept = bytes.map(|bytes| read(&bytes)).transpose().map_err(|error| error.to_string())?;
        self.open.insert(number, Conversation { kept, is_on_disk, ..Conversation::default() });
        Ok(())
    }

    /// Sends the commands of the oldest reaction that has some on their way.
    fn send_next(&mut self, number: u64, ctx: &mut Context<Self>) {
        let Some(conversation) = self.open.get_mut(&number) else { return };
        let Some(said) = conversation.said.front_mut() else {
            if conversation.kept.is_none() && !conversation.is_on_disk {
                self.open.remove(&number);
            }
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
                if rooms.deliver(&journal, &dispatch, origin, Delivery::Submitted).await.is_err() {
                    return;
                }
            }
            runner.do_send(Delivered { conversation: number, trigger, generation });
        });
    }

    fn set_alarm(
        &mut self,
        number: u64,
        before: Option<Timestamp>,
        after: Option<Timestamp>,
        ctx: &mut Context<Self>,
    ) {
        if before == after {
            return;
        }
        if let Some(time) = before {
            self.alarms.remove(&(time, number));
        }
        if let Some(time) = after {
            self.alarms.insert((time, number));
            self.arm(ctx);
        }
        self.alarms_changed.insert(number, after);
    }

    /// Sees to it that the next alarm goes off.
    fn arm(&self, ctx: &mut Context<Self>) {
        let Some((Timestamp(time), _)) = self.alarms.first() else { return };
        let pause = Duration::from_millis(time.saturating_sub(now().0));
        ctx.run_later(pause, |runner, ctx| runner.go_off(ctx));
    }

    /// Turns every alarm that is due into a record; the conversation hears it like any other.
    fn go_off(&mut self, ctx: &mut Context<Self>) {
        while let Some((time, number)) = self.alarms.first().copied() {
            if time > now() || !self.is_recovered {
                break;
            }
            match self.write_woken(number) {
                Ok(()) => drop(self.alarms.pop_first()),
                Err(because) => {
                    tracing::warn!(saga = S::NAME, number, because, "an alarm is late");
                    ctx.run_later(RETRY_PAUSE, |runner, ctx| runner.go_off(ctx));
                    return;
                }
            }
        }
        self.arm(ctx);
    }

    fn write_woken(&mut self, number: u64) -> Result<(), String> {
        let stream = Stream { kind: self.me, number };
        let after_version = match self.versions.get(&number) {
            Some(version) => *version,
            None => {
                let history = self.journal.history(stream).map_err(|error| error.to_string())?;
                history.records.last().map_or(0, |record| record.version)
            }
        };
        let submission = Submission {
            stream,
            after_version,
            generation: self.generation,
            entries: vec![Entry { payload: Payload::Woken, typed: None }],
            time: now(),
            correlation: number,
            cause: Cause::Alarm,
            answer: None,
            snapshot: None,
            done: None,
        };
        self.journal.submit(submission).map_err(|error| error.to_string())?;
        self.versions.insert(number, after_version + 1);
        Ok(())
    }

    /// Writes down what changed since the last time.
    fn checkpoint(&mut self) {
        if !self.is_recovered || (self.after == self.checkpointed && self.alarms_changed.is_empty()) {
            return;
        }
        let mut conversations = vec![(LAGGING, self.lagging().map(|lagging| codec::encode(&lagging)))];
        for (number, conversation) in &mut self.open {
            if conversation.is_changed && conversation.said.is_empty() {
                let kept = conversation.kept.as_ref().map(codec::encode);
                conversation.is_changed = false;
                if kept.is_some() || conversation.is_on_disk {
                    conversation.is_on_disk = kept.is_some();
                    conversations.push((*number, kept));
                }
            }
        }
        for (number, time) in self.alarms_changed.drain() {
            conversations.push((number | ALARM_BIT, time.map(|time| codec::encode(&time))));
        }
        let checkpoint = Checkpoint { follower: self.me, position: self.after, conversations };
        if let Err(error) = self.journal.checkpoint(checkpoint) {
            tracing::warn!(saga = S::NAME, %error, "a checkpoint failed; starting over from the last");
            self.is_recovered = false;
            return;
        }
        self.checkpointed = self.after;
        self.progress.wait_for(self.open.values().map(|open| open.said.len()).sum());
        self.open.retain(|_, conversation| conversation.kept.is_some() || conversation.is_under_way());
        if self.open.len() > REMEMBERED_CONVERSATIONS_MAX {
            self.open.retain(|_, conversation| conversation.is_under_way());
        }
    }

    fn lagging(&self) -> Option<Vec<Lagging<S>>> {
        let lagging: Vec<_> = self
            .open
            .iter()
            .filter_map(|(number, conversation)| {
                let said = conversation.said.front()?;
                Some(Lagging { number: *number, after: said.trigger - 1, before: said.before.clone() })
            })
            .collect();
        (!lagging.is_empty()).then_some(lagging)
    }
}

/// Something a saga hears.
enum Heard<S: Saga> {
    Event(S::Hears),
    Refused(Refused),
    Unchanged(Unchanged),
    Woken,
}

impl<S: Saga> Heard<S> {
    fn told_to(self, state: S, number: u64, meta: &Meta) -> Step<S> {
        let me = Id::new(number);
        match self {
            Self::Event(heard) => state.react(me, heard, meta),
            Self::Refused(refused) => state.refused(me, &refused),
            Self::Unchanged(unchanged) => state.unchanged(me, &unchanged),
            Self::Woken => state.woken(me, meta.time),
        }
    }
}

fn read<T: serde::de::DeserializeOwned>(bytes: &[u8]) -> Result<T, StoreError> {
    codec::decode(bytes).map_err(|error| StoreError::Failed(error.to_string()))
}
