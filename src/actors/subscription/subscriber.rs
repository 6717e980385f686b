//! What everybody has in common who follows the journal and acts on it: sagas, ports, lookups.
//!
//! A subscriber sleeps until something concerns it, reads on in turns, writes down how far it is,
//! and starts over from there when it is born and whenever the journal lost what it has read.
//! Its [`Cursor`] keeps the place; what is done about a record is the subscriber's own.

use super::cursor::Cursor;
use crate::store::{
    KindSet, Record,
    journal::{Listener, StoreError},
};
use actix::{Actor, AsyncContext, Context, Handler, Message};
use std::{sync::Arc, time::Duration};

/// Records read in one turn of the loop.
pub const TURN_RECORDS_MAX: usize = 512;

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

/// Somebody who follows the journal.
pub trait Subscriber: Actor<Context = Context<Self>> + Handler<Wake> {
    /// Its place.
    fn following(&mut self) -> &mut Cursor;

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
            let Cursor { journal, after, level, .. } = self.following();
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
