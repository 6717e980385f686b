//! What everybody has in common who follows the journal and acts on it: sagas, ports, lookups.
//!
//! A follower sleeps until something concerns it, reads on in turns, writes down how far it is,
//! and starts over from there when it is born and whenever the journal lost what it has read.
//! Its [`Following`] keeps the place; what is done about a record is the follower's own.

use super::{letter::Mandate, progress::Progress};
use crate::store::{
    Cause, KindId, KindSet, Lease, Origin, Record,
    journal::{Checkpoint, Journal, Level, Listener, StoreError, SubmitError},
};
use actix::{Actor, AsyncContext, Context, Handler, Message};
use std::{sync::Arc, time::Duration};

/// Records read in one turn of the loop.
pub const TURN_RECORDS_MAX: usize = 512;

/// Records read at once while starting over.
const STARTING_RECORDS_MAX: usize = 4_096;

/// The pause after something failed that should not.
pub const RETRY_PAUSE: Duration = Duration::from_millis(100);

/// A turn in which so many records were read makes the times busy: the next one then waits for
/// [`BUSY_PAUSE`], because being woken for each record costs everybody more than the pause does.
const BUSY_RECORDS: usize = 24;

/// See [`BUSY_RECORDS`].
const BUSY_PAUSE: Duration = Duration::from_millis(1);

/// There may be something to read.
#[derive(Message)]
#[rtype(result = "()")]
pub struct Wake;

/// A follower's place in the journal.
pub struct Following {
    /// Who follows.
    pub me: KindId,
    /// What is followed.
    pub journal: Arc<Journal>,
    /// How far it is, for others.
    pub progress: Arc<Progress>,
    /// The right to write; whoever takes its place has another.
    pub lease: Lease,
    /// The generation of the journal that everything here was read in.
    pub generation: u64,
    /// The last position read.
    pub after: u64,
    /// Whether the start is over; before, nothing that is told it means anything.
    pub is_started: bool,
    /// Whether the start has begun, in this generation.
    is_starting: bool,
    /// The last position written down.
    checkpointed: u64,
    /// The last checkpoint, when the journal had no room for it.
    unsent: Option<Checkpoint>,
    level: Level,
}

impl Following {
    /// Somebody who has not read anything yet.
    pub const fn new(
        me: KindId,
        lease: Lease,
        journal: Arc<Journal>,
        progress: Arc<Progress>,
        level: Level,
    ) -> Self {
        Self {
            me,
            lease,
            journal,
            progress,
            generation: 0,
            after: 0,
            is_started: false,
            is_starting: false,
            checkpointed: 0,
            unsent: None,
            level,
        }
    }

    /// The last position there is to read.
    pub fn head(&self) -> u64 {
        match self.level {
            Level::Submitted => self.journal.submitted(),
            Level::Durable => self.journal.durable(),
        }
    }

    /// Under what it speaks.
    pub fn mandate(&self) -> Mandate {
        Mandate { generation: self.generation, lease: self.lease.clone() }
    }

    /// Whether something said in this generation still means anything.
    pub const fn is_current(&self, generation: u64) -> bool {
        self.is_started && self.generation == generation
    }

    /// Which of this follower's commands led to a record.
    pub fn origin_of_mine(&self, record: &Record) -> Option<Origin> {
        origin_of(self.me, record)
    }

    /// Shows every command of this follower whose outcome stands behind a position.
    pub fn answered_after(
        &self,
        position: u64,
        mut each: impl FnMut(Origin),
    ) -> Result<(), StoreError> {
        let mut after = Some(position);
        while let Some(position) = after {
            after = self.some_answered_after(position, &mut each)?;
        }
        Ok(())
    }

    /// Shows some of them, and behind which position there may be more.
    pub fn some_answered_after(
        &self,
        position: u64,
        each: impl FnMut(Origin),
    ) -> Result<Option<u64>, StoreError> {
        let records = self.journal.read(position, STARTING_RECORDS_MAX, self.level)?;
        records.iter().filter_map(|record| self.origin_of_mine(record)).for_each(each);
        Ok(records.last().map(|last| last.position))
    }

    /// Whether a checkpoint has to be handed in before there can be another, or this position
    /// differs from the one written down.
    pub const fn is_behind(&self, position: u64) -> bool {
        self.unsent.is_some() || position != self.checkpointed
    }

    /// The checkpoint that the journal had no room for.
    pub const fn take_unsent(&mut self) -> Option<Checkpoint> {
        self.unsent.take()
    }

    /// How far this follower is, with what it remembers of its conversations.
    pub const fn checkpoint_at(
        &self,
        position: u64,
        conversations: Vec<(u64, Option<Vec<u8>>)>,
    ) -> Checkpoint {
        let (follower, generation) = (self.me, self.generation);
        Checkpoint { follower, generation, position, conversations }
    }

    /// Hands a checkpoint to the journal; when that is full, the same one is to be tried again
    /// before there is another. True when it was taken.
    pub fn write_down(&mut self, checkpoint: Checkpoint) -> bool {
        let position = checkpoint.position;
        match self.journal.checkpoint(checkpoint) {
            Ok(()) => self.checkpointed = position,
            Err((error, checkpoint)) => {
                tracing::debug!(part = self.progress.name(), %error, "a checkpoint is put off");
                // What was read in an earlier generation is read again, and written down then.
                self.unsent = (!matches!(error, SubmitError::Stale)).then_some(checkpoint);
                return false;
            }
        }
        true
    }

    /// Passes over what does not concern this follower.
    pub fn skip(&mut self) {
        // Before the start it is not known after what.
        if self.is_started {
            self.after = self.progress.skip(self.after);
        }
    }

    fn start_over(&mut self) -> Result<(), StoreError> {
        (self.is_started, self.is_starting) = (false, false);
        self.unsent = None;
        self.generation = self.journal.generation();
        self.after = self.journal.followed(self.me)?;
        self.checkpointed = self.after;
        Ok(())
    }
}

/// Which command of this speaker led to a record.
pub fn origin_of(speaker: KindId, record: &Record) -> Option<Origin> {
    match record.cause {
        Cause::Dispatch(origin) if origin.by == speaker => Some(origin),
        _ => None,
    }
}

/// Somebody who follows the journal.
pub trait Follower: Actor<Context = Context<Self>> + Handler<Wake> {
    /// Its place.
    fn following(&mut self) -> &mut Following;

    /// Forgets everything, and takes up again what was under way at the last checkpoint.
    fn start(&mut self, ctx: &mut Context<Self>) -> Result<(), StoreError>;

    /// Goes on with a start that takes many turns; says whether it is over.
    fn go_on_starting(&mut self) -> Result<bool, StoreError> {
        Ok(true)
    }

    /// Whether it takes in more now.
    fn may_read(&self) -> bool;

    /// Acts on a record. After an error, it is given the same record again.
    fn take_in(&mut self, record: &Arc<Record>, ctx: &mut Context<Self>) -> Result<(), String>;

    /// Does what there is to do beside reading on; says whether more of that is left.
    fn follow_up(&mut self, ctx: &mut Context<Self>) -> Result<bool, String>;

    /// Has itself woken for what concerns these kinds, at once for the first time.
    fn listen_to(&mut self, kinds: KindSet, ctx: &mut Context<Self>) {
        let addr = ctx.address();
        let following = self.following();
        let progress = Arc::clone(&following.progress);
        let knock = Arc::new(move || addr.do_send(Wake));
        progress.knocks_with(knock);
        if progress.listens_from_now_on() {
            let (is_waited_for, passed) = (Arc::default(), Arc::clone(&progress));
            let wake = Arc::new(move |position| progress.call(position));
            let pass = Arc::new(move |position| passed.pass(position));
            let listener = Listener { kinds, is_waited_for, wake, pass };
            following.journal.subscribe(following.level, listener);
        }
        following.progress.call(following.head());
    }

    /// Reads on because it was woken.
    fn wake(&mut self, ctx: &mut Context<Self>) {
        match self.turn(ctx) {
            Ok((records, false)) if (BUSY_RECORDS..TURN_RECORDS_MAX).contains(&records) => {
                // The bell goes on ringing meanwhile, so that nobody rings it again.
                ctx.run_later(BUSY_PAUSE, |_, ctx| ctx.notify(Wake));
            }
            Ok((records, is_more)) => {
                let may_read = self.may_read();
                let following = self.following();
                following.progress.hush();
                // Whoever called for what the journal has lost since calls for nothing.
                let called = following.progress.called().min(following.head());
                let is_called = called > following.after || records == TURN_RECORDS_MAX;
                if is_more || may_read && is_called {
                    following.progress.ring();
                }
            }
            Err(because) => {
                // Nothing was changed by what failed; it is read again.
                let progress = Arc::clone(&self.following().progress);
                progress.trouble(Some(because));
                progress.hush();
                ctx.run_later(RETRY_PAUSE, move |_, _| progress.ring());
            }
        }
    }

    /// Reads a few records and says how many, and whether there is more to do beside that.
    fn turn(&mut self, ctx: &mut Context<Self>) -> Result<(usize, bool), String> {
        if !self.has_started(ctx).map_err(|error| error.to_string())? {
            return Ok((0, true));
        }
        let mut read = 0;
        self.following().skip();
        if self.may_read() {
            let Following { journal, after, level, .. } = self.following();
            let records = journal.read(*after, TURN_RECORDS_MAX, *level);
            let records = records.map_err(|error| error.to_string())?;
            read = records.len();
            for record in &records {
                self.take_in(record, ctx)?;
                self.following().after = record.position;
            }
        }
        let is_more = self.follow_up(ctx)?;
        self.following().progress.trouble_over();
        Ok((read, is_more))
    }

    /// Starts, if it has not in this generation, and says whether the start is over.
    fn has_started(&mut self, ctx: &mut Context<Self>) -> Result<bool, StoreError> {
        let following = self.following();
        let is_current = following.generation == following.journal.generation();
        if following.is_started && is_current {
            return Ok(true);
        }
        if !following.is_starting || !is_current {
            following.start_over()?;
            self.start(ctx)?;
            self.following().is_starting = true;
        }
        let is_over = self.go_on_starting()?;
        self.following().is_started = is_over;
        Ok(is_over)
    }
}
