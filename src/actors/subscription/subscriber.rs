//! The subscriber trait: the common behavior of sagas, ports and lookups, which follow the journal
//! and act on it.
//!
//! A subscriber sleeps until a record concerns it, reads records in turns and stores checkpoints.
//! It starts again from its checkpoint when it is created, and whenever the journal has lost
//! records it has read. Its [`Cursor`] holds the position. Each subscriber defines its own action
//! on a record.

use super::cursor::Cursor;
use crate::{
    actors::support::RETRY_PAUSE,
    store::{
        KindSet, Record,
        journal::{Listener, StoreError},
    },
    traces::Correlation,
};
use actix::{Actor, AsyncContext, Context, Handler, Message};
use std::sync::Arc;

/// Upper bound of records read in one turn of the event loop.
pub const TURN_RECORDS_MAX: usize = 512;

/// The message that there may be records to read.
#[derive(Message)]
#[rtype(result = "()")]
pub struct Wake;

/// What a turn has left to do.
#[derive(Debug)]
pub struct Rest {
    /// Whether there may be more records: as many were read as one turn reads.
    pub records: bool,
    /// Whether there is work besides reading.
    pub work: bool,
}

/// An actor that follows the journal.
pub trait Subscriber: Actor<Context = Context<Self>> + Handler<Wake> {
    /// Returns the subscriber's cursor.
    fn cursor(&mut self) -> &mut Cursor;

    /// Resets the subscriber and resumes what was under way at the last checkpoint.
    fn start(&mut self, ctx: &mut Context<Self>) -> Result<(), StoreError>;

    /// Continues a start that takes many turns. Returns whether it is over.
    fn go_on_starting(&mut self) -> Result<bool, StoreError> {
        Ok(true)
    }

    /// Returns whether the subscriber accepts more records now.
    fn may_read(&self) -> bool;

    /// Acts on a record. After an error, the same record is delivered again.
    fn take_in(&mut self, record: &Arc<Record>, ctx: &mut Context<Self>) -> Result<(), String>;

    /// Does pending work besides reading. Returns whether more of that is left.
    fn follow_up(&mut self, ctx: &mut Context<Self>) -> Result<bool, String>;

    /// Subscribes to records of these kinds, and wakes the subscriber at once for the first time.
    fn listen_to(&mut self, kinds: KindSet, ctx: &mut Context<Self>) {
        let addr = ctx.address();
        let cursor = self.cursor();
        cursor.kinds = kinds.clone();
        let progress = Arc::clone(&cursor.progress);
        let waker = Arc::new(move || addr.do_send(Wake));
        progress.set_waker(waker);
        if progress.begins_to_listen() {
            let (is_waited_for, passed) = (Arc::default(), Arc::clone(&progress));
            let wake = Arc::new(move |position| progress.call(position));
            let pass = Arc::new(move |position| passed.pass(position));
            let listener = Listener { kinds, is_waited_for, wake, pass };
            cursor.journal.subscribe(cursor.level, listener);
        }
        cursor.progress.call(cursor.head());
    }

    /// Handles a wake-up: runs one turn and schedules the next. Records that arrive during a turn are
    /// read together in the next one, so turns grow with the load and need no pause between them.
    fn wake(&mut self, ctx: &mut Context<Self>) {
        match self.turn(ctx) {
            Ok(rest) => {
                let may_read = self.may_read();
                let cursor = self.cursor();
                cursor.progress.clear_wake();
                // A call for records that the journal has lost meanwhile is void.
                let called = cursor.progress.called().min(cursor.head());
                let is_called = called > cursor.after || rest.records;
                if rest.work || may_read && is_called {
                    cursor.progress.wake();
                }
            }
            Err(reason) => {
                // The failed turn changed nothing; its record is read again.
                let progress = Arc::clone(&self.cursor().progress);
                progress.request_error(Some(reason));
                progress.clear_wake();
                ctx.run_later(RETRY_PAUSE, move |_, _| progress.wake());
            }
        }
    }

    /// Reads a batch of records and processes those that concern the subscriber. Returns what is left.
    fn turn(&mut self, ctx: &mut Context<Self>) -> Result<Rest, String> {
        if !self.has_started(ctx).map_err(|error| error.to_string())? {
            return Ok(Rest { records: false, work: true });
        }
        let mut records = false;
        self.cursor().skip();
        if self.may_read() {
            let Cursor { journal, kinds, after, level, .. } = self.cursor();
            let selection = journal.read_of(kinds, *after, TURN_RECORDS_MAX, *level);
            let selection = selection.map_err(|error| error.to_string())?;
            records = selection.read == TURN_RECORDS_MAX;
            for record in &selection.records {
                self.take_in(record, ctx).inspect_err(|reason| {
                    let _entered =
                        Correlation::of(record.correlation, record.trace.as_deref()).enter();
                    self.cursor().progress.request_error(Some(reason.clone()));
                })?;
                self.cursor().after = record.position;
            }
            self.cursor().after = selection.last;
        }
        let work = self.follow_up(ctx)?;
        self.cursor().progress.error_over();
        Ok(Rest { records, work })
    }

    /// Starts the subscriber unless it has started in this generation. Returns whether the start is
    /// over.
    fn has_started(&mut self, ctx: &mut Context<Self>) -> Result<bool, StoreError> {
        let cursor = self.cursor();
        let is_current = cursor.generation == cursor.journal.generation();
        if cursor.is_started && is_current {
            return Ok(true);
        }
        if !cursor.is_starting || !is_current {
            cursor.start_over()?;
            self.start(ctx)?;
            self.cursor().is_starting = true;
        }
        let is_over = self.go_on_starting()?;
        self.cursor().is_started = is_over;
        Ok(is_over)
    }
}
