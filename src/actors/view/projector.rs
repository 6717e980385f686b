//! The projector: folds every record exactly once into the rows of one view, on a thread of its
//! own.

use super::{
    folding::{Folding, RowsFile},
    projection::Projection,
    reader::ViewReader,
    shared_reads::{BATCH_RECORDS_MAX, Batch, SharedReader, SharedReads},
    storage::ViewStorage,
    waiting_readers::WaitingReaders,
};
use crate::{
    actors::{subscription::Progress, supervision::Lifecycle, support::RETRY_PAUSE},
    store::{
        Record,
        journal::{Listener, ReadLevel, Selection, StoreError, SubmitError},
        read_model::{OpenProblem, ReadModel, ReadModelError},
    },
    traces::Tracer,
};
use actix::{Actor, ActorFutureExt, AsyncContext, Context, Handler, Message, WrapFuture};
use std::{sync::Arc, thread, time::Duration};
use tokio::sync::watch;

/// The shortest time between two transactions in light load, which bounds how far the view lags. A
/// reader that begins to wait for the view ends it.
const PACE: Duration = Duration::from_millis(10);

/// The same time in heavy load, when most rows change several times in a row.
const BUSY_PACE: Duration = Duration::from_millis(60);

/// A turn with at least this many records counts as heavy load.
const BUSY_RECORDS: usize = 256;

/// Rows that are written before other threads may run.
const PORTION: usize = 32;

/// The interval at which the projector checks that the file of the rows is still in place.
const LOOK_EVERY: Duration = Duration::from_secs(1);

/// Turns before a stop, so that the rows include what is in memory of the journal.
const LAST_TURNS_MAX: usize = 4;

/// Upper bound of records that are skipped without a transaction, because they do not concern the
/// view.
const PASSED_RECORDS_MAX: u64 = 10_000;

/// Folds the journal into the rows of one view, or of an index.
pub struct Projector<F: Projection> {
    folding: Folding<F>,
    storage: Arc<ViewStorage>,
    model: Arc<ReadModel>,
    /// The last position folded, and the last one committed.
    cursor: u64,
    committed: u64,
    reads: Arc<SharedReads>,
    /// The share in the reads of the journal, during a rebuild.
    shared: Option<SharedReader>,
    /// Whether a rebuild writes the rows of each batch. It does so after an error, so that the next
    /// attempt begins near the record that led to it.
    is_careful: bool,
    progress: Arc<Progress>,
    reached: watch::Sender<u64>,
    waiting: WaitingReaders,
}

/// What is to be done after a turn.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Turn {
    /// There are more records to fold.
    GoOn,
    /// This number of records was read, and there were no more.
    Rest(usize),
}

/// The message that there may be records to fold.
#[derive(Message)]
#[rtype(result = "()")]
struct Wake;

impl<F: Projection> Actor for Projector<F> {
    type Context = Context<Self>;

    fn started(&mut self, ctx: &mut Self::Context) {
        let (addr, progress) = (ctx.address(), Arc::clone(&self.progress));
        progress.set_waker(Arc::new(move || addr.do_send(Wake)));
        if progress.begins_to_listen() {
            let passed = Arc::clone(&progress);
            let wake = Arc::new(move |position| progress.call(position));
            let pass = Arc::new(move |position| passed.pass(position));
            let kinds = self.folding.kinds.clone();
            let is_waited_for = Arc::clone(self.waiting.counter());
            let listener = Listener { kinds, is_waited_for, wake, pass };
            self.reads.journal.subscribe(ReadLevel::Durable, listener);
        }
        ctx.run_interval(LOOK_EVERY, |projector, _| projector.progress.wake());
        self.progress.call(self.reads.journal.durable());
    }
}

impl<F: Projection> Handler<Lifecycle> for Projector<F> {
    type Result = ();

    fn handle(&mut self, order: Lifecycle, ctx: &mut Self::Context) {
        if order == Lifecycle::Stop {
            self.finish();
        }
        order.obeyed(ctx);
    }
}

impl<F: Projection> Handler<Wake> for Projector<F> {
    type Result = ();

    fn handle(&mut self, _: Wake, ctx: &mut Self::Context) {
        match self.turn() {
            Ok(Turn::GoOn) => {
                self.progress.clear_wake();
                self.progress.wake();
            }
            // The wake flag stays set during the pause, so that one turn reads all records that
            // arrive meanwhile.
            Ok(Turn::Rest(records)) => self.pause(records, ctx),
            Err(reason) => {
                self.progress.request_error(Some(reason));
                self.start_over();
                self.progress.clear_wake();
                ctx.run_later(RETRY_PAUSE, |projector, _| projector.progress.wake());
            }
        }
    }
}

impl<F: Projection> Projector<F> {
    /// Creates a projector that continues after the last position in these rows.
    ///
    /// # Errors
    /// When the rows cannot be read.
    pub fn new(
        projection: F,
        (rows, model): (&ViewReader, Arc<ReadModel>),
        reads: Arc<SharedReads>,
        tracer: Option<Arc<Tracer>>,
    ) -> Result<Self, ReadModelError> {
        let cursor = model.cursor()?;
        rows.progress.reach(cursor);
        rows.reached.send_replace(cursor);
        Ok(Self {
            folding: Folding::new(
                projection,
                (Arc::clone(&reads.registry), rows.waiting.clone()),
                tracer,
            ),
            storage: Arc::clone(&rows.storage),
            model,
            cursor,
            committed: cursor,
            reads,
            shared: None,
            is_careful: false,
            progress: Arc::clone(&rows.progress),
            reached: rows.reached.clone(),
            waiting: rows.waiting.clone(),
        })
    }

    /// Pauses after a turn that read this number of records. The pause is short while a reader waits
    /// for a position that no record has yet.
    fn pause(&self, records: usize, ctx: &mut Context<Self>) {
        let is_light = records < BUSY_RECORDS || self.waiting.count() > 0;
        let pause = if is_light { PACE } else { BUSY_PACE };
        let look = |(), projector: &mut Self, _: &mut _| projector.look_again();
        ctx.spawn(self.waiting.pause(pause).into_actor(self).map(look));
    }

    /// Wakes the projector after its pause when a record concerns the view or a reader waits for
    /// it.
    fn look_again(&self) {
        self.progress.clear_wake();
        let is_waited_for = self.waiting.count() > 0;
        let called = if is_waited_for { u64::MAX } else { self.progress.called() };
        let is_suspended = self.progress.component().is_suspended();
        if !is_suspended && called.min(self.reads.journal.durable()) > self.cursor {
            self.progress.wake();
        }
    }

    /// Reads a batch of records, and folds those that concern the view.
    fn turn(&mut self) -> Result<Turn, String> {
        let journal = Arc::clone(&self.reads.journal);
        // Rows under rebuild do not survive a full disk, so the rebuild waits for space.
        if let (true, Err(SubmitError::Refused(refusal))) =
            (self.storage.is_rebuilding(), journal.check_accepting())
        {
            return Err(refusal.to_string());
        }
        self.look().map_err(|error| error.to_string())?;
        if self.storage.is_being_checked() {
            return Ok(Turn::Rest(0));
        }
        if self.storage.is_rebuilding() {
            return self.rebuild(journal.durable());
        }
        if self.progress.component().is_suspended() {
            return Ok(Turn::Rest(0));
        }
        self.skip().map_err(|error| error.to_string())?;
        let kinds = &self.folding.kinds;
        let read = journal.read_of(kinds, self.cursor, BATCH_RECORDS_MAX, ReadLevel::Durable);
        let Selection { records, read, last } = read.map_err(|error| error.to_string())?;
        if read > 0 {
            self.take_in(&records, last)?;
            self.folding.trace();
            self.reached.send_replace(self.cursor);
        }
        Ok(if read < BATCH_RECORDS_MAX { Turn::Rest(read) } else { Turn::GoOn })
    }

    /// Folds what there is to fold, and writes the position to the file, so that a successor reads
    /// few records again.
    fn finish(&mut self) {
        for _ in 0..LAST_TURNS_MAX {
            if self.storage.is_rebuilding() || self.turn() != Ok(Turn::GoOn) {
                break;
            }
        }
        let is_written = self.committed == self.cursor || self.folding.is_changed();
        if is_written || self.storage.is_rebuilding() || self.storage.is_being_checked() {
            return;
        }
        match self.model.commit(self.cursor, &[]) {
            Ok(()) => self.committed = self.cursor,
            Err(error) => tracing::debug!(%error, "a view stops without its position"),
        }
    }

    /// Folds a batch of records into rows under rebuild, and puts them in place when they include
    /// everything up to this position.
    fn rebuild(&mut self, durable: u64) -> Result<Turn, String> {
        let mut folded = 0;
        if self.cursor < durable {
            let Some(records) = self.shared_batch().map_err(|error| error.to_string())? else {
                return Ok(Turn::GoOn);
            };
            if let Some(last) = records.last() {
                self.take_in(&records, last.position)?;
            }
            folded = records.len();
        }
        self.storage.went_on(self.cursor, durable);
        if self.cursor < durable {
            return Ok(Turn::GoOn);
        }
        self.complete()?;
        Ok(Turn::Rest(folded))
    }

    /// Reads the next batch together with the other views under rebuild; `None` when they have to
    /// move on first.
    fn shared_batch(&mut self) -> Result<Option<Batch>, StoreError> {
        let join = || self.reads.join(self.folding.kinds.clone(), self.cursor);
        self.shared.get_or_insert_with(join).read(self.cursor)
    }

    /// Skips records that do not concern the view.
    fn skip(&mut self) -> Result<(), ReadModelError> {
        let position = self.progress.skip(self.cursor);
        if position == self.cursor {
            return Ok(());
        }
        if position - self.committed >= PASSED_RECORDS_MAX {
            self.model.commit(position, &[])?;
            self.committed = position;
        }
        self.cursor = position;
        self.progress.reach(position);
        self.reached.send_replace(position);
        Ok(())
    }

    /// Begins a rebuild when the rows cannot be trusted any more.
    fn look(&mut self) -> Result<(), ReadModelError> {
        let Err(error) = self.model.check() else { return Ok(()) };
        self.reached.send_replace(0);
        self.folding.forget();
        let found = OpenProblem::Damaged(error.reason);
        self.model = self.storage.begin_rebuild(&found, self.reads.journal.durable())?;
        (self.cursor, self.committed, self.is_careful) = (0, 0, false);
        self.progress.reach(0);
        Ok(())
    }

    /// Puts rebuilt rows that have caught up with the journal in place.
    fn complete(&mut self) -> Result<(), String> {
        self.write(self.cursor)?;
        let placed = self.storage.complete(&self.model);
        self.model = placed.map_err(|error| self.model.mark_untrusted(error.reason).to_string())?;
        self.shared = None;
        self.reached.send_replace(self.cursor);
        Ok(())
    }

    /// Folds records into the rows in memory, and writes them. A rebuild collects the changes of
    /// many batches, because a row mostly changes several times in a row.
    fn take_in(&mut self, records: &[Arc<Record>], last: u64) -> Result<(), String> {
        let is_rebuilding = self.storage.is_rebuilding();
        self.folding.fold(records, RowsFile { model: &self.model, is_rebuilding })?;
        let is_due = if is_rebuilding {
            self.is_careful || self.folding.is_full()
        } else {
            self.folding.is_changed() || last - self.committed >= PASSED_RECORDS_MAX
        };
        if is_due {
            self.write(last)?;
        }
        self.cursor = last;
        self.progress.reach(last);
        self.progress.error_over();
        Ok(())
    }

    /// Writes the changed rows and this position in one transaction. Rows under rebuild do not
    /// survive a failed one and are marked as untrusted.
    fn write(&mut self, position: u64) -> Result<(), String> {
        let changes = self.folding.changes()?;
        let in_portions = self.waiting.in_portions(&changes, PORTION, thread::yield_now);
        let written = self.model.commit(position, in_portions);
        written.map_err(|error| {
            if self.storage.is_rebuilding() {
                self.model.mark_untrusted(error.reason).to_string()
            } else {
                error.to_string()
            }
        })?;
        self.committed = position;
        self.folding.written();
        Ok(())
    }

    /// Goes back to the rows in the file after an error.
    fn start_over(&mut self) {
        if self.folding.is_changed() {
            self.cursor = self.committed;
        }
        self.folding.forget();
        self.is_careful = true;
    }
}

#[cfg(test)]
mod tests;
