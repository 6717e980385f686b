//! Runs errands: for every durable record that asks for one, goes out, waits for the answer and
//! delivers the command it leads to, exactly once in effect.
//!
//! Ports and lookups are errands. Errands of one conversation run one after the other, others
//! side by side up to a limit. The cursor stands before the oldest errand that is not finished;
//! after a crash the errands behind it run again, under the same keys, except those whose
//! outcome already stands in the journal.

use super::{
    letter::Delivery,
    progress::{BUSY_PAUSE, BUSY_RECORDS, Bell, Progress},
    rooms::Rooms,
};
use crate::{
    domain::kernel::{Dispatch, Hears, Meta},
    store::{
        Cause, KindId, Origin, Record,
        journal::{Checkpoint, Journal, Level, StoreError},
    },
};
use actix::{Actor, AsyncContext, Context, Handler, Message};
use std::{
    collections::{BTreeSet, HashMap, HashSet, VecDeque},
    future::Future,
    pin::Pin,
    sync::Arc,
    time::Duration,
};

/// Records read in one turn of the loop.
const TURN_RECORDS_MAX: usize = 512;

/// How often the cursor is written down.
const CHECKPOINT_EVERY: Duration = Duration::from_secs(1);

/// The pause after something failed that should not.
const RETRY_PAUSE: Duration = Duration::from_millis(100);

/// Something that has to be done outside because of a record.
pub trait Errand: Unpin + 'static {
    /// What it listens to.
    type Hears: Hears;

    /// What has to be done, if anything; it goes on until it has an answer.
    fn run(&self, heard: Self::Hears, meta: Meta) -> Option<Running>;
}

/// An errand on its way; ends with the command to give.
pub type Running = Pin<Box<dyn Future<Output = Dispatch>>>;

/// Runs all errands of one port or lookup.
pub struct Messenger<E: Errand> {
    me: KindId,
    errand: E,
    journal: Arc<Journal>,
    rooms: Arc<Rooms>,
    progress: Arc<Progress>,
    bell: Bell,
    concurrency: usize,
    generation: u64,
    is_recovered: bool,
    /// The last position read.
    after: u64,
    checkpointed: u64,
    /// The positions of errands not finished.
    unfinished: BTreeSet<u64>,
    /// A lane for each conversation with an errand ready or under way; in it, those that come after.
    lanes: HashMap<u64, VecDeque<(u64, Running)>>,
    /// Errands that wait for a free place: conversation, position, errand.
    ready: VecDeque<(u64, u64, Running)>,
    under_way: usize,
    answered: HashSet<u64>,
}

/// There may be something to do.
#[derive(Message)]
#[rtype(result = "()")]
struct Wake;

/// An errand is over.
#[derive(Message)]
#[rtype(result = "()")]
struct Finished {
    conversation: u64,
    position: u64,
    generation: u64,
    is_delivered: bool,
}

impl<E: Errand> Actor for Messenger<E> {
    type Context = Context<Self>;

    fn started(&mut self, ctx: &mut Self::Context) {
        let (addr, bell) = (ctx.address(), self.bell.clone());
        let wake = Arc::new(move || bell.ring(|| addr.do_send(Wake)));
        self.journal.subscribe(Level::Durable, wake);
        ctx.run_interval(CHECKPOINT_EVERY, |messenger, _| messenger.checkpoint());
        self.ring(ctx);
    }
}

impl<E: Errand> Handler<Wake> for Messenger<E> {
    type Result = ();

    fn handle(&mut self, _: Wake, ctx: &mut Self::Context) {
        match self.turn(ctx) {
            Ok(records) if (BUSY_RECORDS..TURN_RECORDS_MAX).contains(&records) => {
                // The bell goes on ringing meanwhile, so that nobody rings it again.
                ctx.run_later(BUSY_PAUSE, |_, ctx| ctx.notify(Wake));
            }
            Ok(_) => {
                self.bell.hush();
                // What became durable before the bell fell silent has rung in vain.
                if self.has_room() && self.journal.durable() > self.after {
                    self.ring(ctx);
                }
            }
            Err(because) => {
                self.progress.trouble(Some(because));
                self.is_recovered = false;
                self.bell.hush();
                ctx.run_later(RETRY_PAUSE, |messenger, ctx| messenger.ring(ctx));
            }
        }
    }
}

impl<E: Errand> Handler<Finished> for Messenger<E> {
    type Result = ();

    fn handle(&mut self, finished: Finished, ctx: &mut Self::Context) {
        if finished.generation != self.generation || !self.is_recovered {
            return;
        }
        self.under_way -= 1;
        if !finished.is_delivered {
            // The journal lost the outcome, or has it after all: the records will tell.
            self.is_recovered = false;
            return self.ring(ctx);
        }
        self.unfinished.remove(&finished.position);
        match self.lanes.get_mut(&finished.conversation).and_then(VecDeque::pop_front) {
            Some((position, running)) => {
                self.ready.push_back((finished.conversation, position, running));
            }
            None => drop(self.lanes.remove(&finished.conversation)),
        }
        self.start_ready(ctx);
        if self.unfinished.len() < self.concurrency {
            self.ring(ctx);
        }
    }
}

impl<E: Errand> Messenger<E> {
    /// A messenger that has not read anything yet; runs at most `concurrency` errands at once.
    pub fn new(
        me: KindId,
        errand: E,
        concurrency: usize,
        journal: Arc<Journal>,
        rooms: Arc<Rooms>,
        progress: Arc<Progress>,
    ) -> Self {
        Self {
            me,
            errand,
            journal,
            rooms,
            progress,
            bell: Bell::default(),
            concurrency: concurrency.max(1),
            generation: 0,
            is_recovered: false,
            after: 0,
            checkpointed: 0,
            unfinished: BTreeSet::new(),
            lanes: HashMap::new(),
            ready: VecDeque::new(),
            under_way: 0,
            answered: HashSet::new(),
        }
    }

    fn ring(&self, ctx: &mut Context<Self>) {
        let addr = ctx.address();
        self.bell.ring(|| addr.do_send(Wake));
    }

    /// Reads a few records, if there is room for what they ask, and says how many.
    fn turn(&mut self, ctx: &mut Context<Self>) -> Result<usize, String> {
        if !self.is_recovered || self.generation != self.journal.generation() {
            self.recover().map_err(|error| error.to_string())?;
        }
        if !self.has_room() {
            return Ok(0);
        }
        let records = self.journal.read(self.after, TURN_RECORDS_MAX, Level::Durable);
        let records = records.map_err(|error| error.to_string())?;
        for record in &records {
            self.take_up(record)?;
            self.after = record.position;
        }
        self.start_ready(ctx);
        self.progress.reach(self.cursor());
        self.progress.wait_for(self.unfinished.len());
        Ok(records.len())
    }

    /// Whether further errands can be taken up.
    fn has_room(&self) -> bool {
        self.unfinished.len() < 2 * self.concurrency
    }

    /// Starts over from the last checkpoint.
    fn recover(&mut self) -> Result<(), StoreError> {
        self.generation = self.journal.generation();
        self.after = self.journal.followed(self.me)?;
        self.checkpointed = self.after;
        self.unfinished.clear();
        self.lanes.clear();
        self.ready.clear();
        self.under_way = 0;
        self.answered.clear();
        let mut after = self.after;
        loop {
            let records = self.journal.read(after, TURN_RECORDS_MAX, Level::Durable)?;
            let Some(last) = records.last() else { break };
            after = last.position;
            let causes = records.iter().filter_map(|record| match record.cause {
                Cause::Dispatch(origin) if origin.by == self.me => Some(origin.position),
                _ => None,
            });
            self.answered.extend(causes);
        }
        self.is_recovered = true;
        self.progress.trouble(None);
        Ok(())
    }

    fn take_up(&mut self, record: &Arc<Record>) -> Result<(), String> {
        let Some(heard) = self.rooms.hear::<E::Hears>(record)? else { return Ok(()) };
        if self.answered.remove(&record.position) {
            return Ok(());
        }
        let meta = record.meta();
        let running = super::crash::caught(|| self.errand.run(heard, meta))
            .map_err(|because| format!("record {}: {because}", record.position))?;
        let Some(running) = running else { return Ok(()) };
        let (position, conversation) = (record.position, meta.correlation);
        self.unfinished.insert(position);
        if let Some(lane) = self.lanes.get_mut(&conversation) {
            lane.push_back((position, running));
        } else {
            self.lanes.insert(conversation, VecDeque::new());
            self.ready.push_back((conversation, position, running));
        }
        Ok(())
    }

    fn start_ready(&mut self, ctx: &mut Context<Self>) {
        while self.under_way < self.concurrency {
            let Some((conversation, position, running)) = self.ready.pop_front() else { return };
            self.under_way += 1;
            let (rooms, journal) = (Arc::clone(&self.rooms), Arc::clone(&self.journal));
            let (by, generation, messenger) = (self.me, self.generation, ctx.address());
            actix::spawn(async move {
                let dispatch = running.await;
                let origin = Origin { by, conversation, position, nth: 0 };
                let fate = rooms.deliver(&journal, &dispatch, origin, Delivery::Durable).await;
                let is_delivered = fate.is_ok();
                messenger.do_send(Finished { conversation, position, generation, is_delivered });
            });
        }
    }

    /// Everything up to here needs no second look.
    fn cursor(&self) -> u64 {
        self.unfinished.first().map_or(self.after, |first| first - 1)
    }

    fn checkpoint(&mut self) {
        let position = self.cursor();
        if !self.is_recovered || position == self.checkpointed {
            return;
        }
        let checkpoint = Checkpoint {
            follower: self.me,
            generation: self.generation,
            position,
            conversations: Vec::new(),
        };
        match self.journal.checkpoint(checkpoint) {
            Ok(()) => self.checkpointed = position,
            Err(error) => tracing::warn!(%error, "a checkpoint failed"),
        }
        self.progress.reach(position);
        self.progress.wait_for(self.unfinished.len());
    }
}
