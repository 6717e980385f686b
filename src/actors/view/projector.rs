//! The projector: folds every record exactly once into the rows of one view, on a thread of its
//! own.

use super::{
    projection::Projection,
    reader::ViewReader,
    recent_rows::{OwnedRow, RecentRows, Taken},
    storage::ViewStorage,
    traced_rows::TracedRows,
};
use crate::{
    actors::{
        dispatch::Registry,
        subscription::Progress,
        supervision::Lifecycle,
        support::{RETRY_PAUSE, catch_panic},
    },
    domain::kernel::Filter,
    store::{
        Record, Subject,
        journal::{Journal, Listener, ReadLevel, SubmitError},
        read_model::{FoundRow, OpenProblem, ReadModel, ReadModelError, RowChange},
    },
    traces::{Correlation, Tracer},
};
use actix::{Actor, AsyncContext, Context, Handler, Message};
use std::{
    collections::HashMap,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};
use tokio::sync::watch;

/// Upper bound of records folded into one transaction.
const BATCH_RECORDS_MAX: usize = 2_048;

/// Upper bound of rows kept in memory between transactions.
const RECENT_ROWS_MAX: usize = 16_384;

/// The shortest time between two transactions in light load, which bounds how far the view lags.
const PACE: Duration = Duration::from_millis(10);

/// The shortest time between two transactions in heavy load, when most rows change several times in
/// a row.
const BUSY_PACE: Duration = Duration::from_millis(60);

/// A turn with at least this many records counts as heavy load.
const BUSY_RECORDS: usize = 256;

/// The interval at which the projector checks that the file of the rows is still in place.
const LOOK_EVERY: Duration = Duration::from_millis(250);

/// Upper bound of records that are skipped without a transaction, because they do not concern the
/// view.
const PASSED_RECORDS_MAX: u64 = 10_000;

/// Folds the journal into the rows of one view, or of an index.
pub struct Projector<F: Projection> {
    projection: F,
    storage: Arc<ViewStorage>,
    model: Arc<ReadModel>,
    /// The last position folded, and the last one committed.
    cursor: u64,
    committed: u64,
    journal: Arc<dyn Journal>,
    registry: Arc<Registry>,
    progress: Arc<Progress>,
    reached: watch::Sender<u64>,
    waiting: Arc<AtomicUsize>,
    recent: RecentRows<F::Row>,
    /// The newest row of each condition that recent rows continue.
    continued: HashMap<Filter, F::Row>,
    traced: TracedRows,
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
            let (kinds, is_waited_for) =
                (self.projection.kinds(&self.registry), Arc::clone(&self.waiting));
            self.journal
                .subscribe(ReadLevel::Durable, Listener { kinds, is_waited_for, wake, pass });
        }
        ctx.run_interval(LOOK_EVERY, |projector, _| projector.progress.wake());
        self.progress.call(self.journal.durable());
    }
}

impl<F: Projection> Handler<Lifecycle> for Projector<F> {
    type Result = ();

    fn handle(&mut self, order: Lifecycle, ctx: &mut Self::Context) {
        order.obeyed(ctx);
    }
}

impl<F: Projection> Handler<Wake> for Projector<F> {
    type Result = ();

    fn handle(&mut self, _: Wake, ctx: &mut Self::Context) {
        match self.turn() {
            Ok(BATCH_RECORDS_MAX) => {
                self.progress.clear_wake();
                self.progress.wake();
            }
            // The wake flag stays set during the pause, so that one turn reads all records that
            // arrive meanwhile.
            Ok(records) => {
                let pace = if records < BUSY_RECORDS { PACE } else { BUSY_PACE };
                ctx.run_later(pace, |projector, _| projector.look_again());
            }
            Err(reason) => {
                self.progress.request_error(Some(reason));
                self.forget();
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
        (journal, registry): (Arc<dyn Journal>, Arc<Registry>),
        tracer: Option<Arc<Tracer>>,
    ) -> Result<Self, ReadModelError> {
        let cursor = model.cursor()?;
        rows.progress.reach(cursor);
        rows.reached.send_replace(cursor);
        Ok(Self {
            projection,
            storage: Arc::clone(&rows.storage),
            model,
            cursor,
            committed: cursor,
            journal,
            registry,
            progress: Arc::clone(&rows.progress),
            reached: rows.reached.clone(),
            waiting: Arc::clone(&rows.waiting),
            recent: RecentRows::default(),
            continued: HashMap::new(),
            traced: TracedRows::of(F::layout().name, tracer),
        })
    }

    /// Wakes the projector after its pause when a record concerns the view or a reader waits for
    /// it.
    fn look_again(&self) {
        self.progress.clear_wake();
        let is_waited_for = self.waiting.load(Ordering::Acquire) > 0;
        let called = if is_waited_for { u64::MAX } else { self.progress.called() };
        let is_suspended = self.progress.component().is_suspended();
        if !is_suspended && called.min(self.journal.durable()) > self.cursor {
            self.progress.wake();
        }
    }

    /// Folds a batch of records and returns their number.
    fn turn(&mut self) -> Result<usize, String> {
        // Rows under rebuild do not survive a full disk, so the rebuild waits for space.
        if let (true, Err(SubmitError::Refused(refusal))) =
            (self.storage.is_rebuilding(), self.journal.check_accepting())
        {
            return Err(refusal.to_string());
        }
        self.look().map_err(|error| error.to_string())?;
        if self.storage.is_being_checked() {
            return Ok(0);
        }
        let durable = self.journal.durable();
        if self.progress.component().is_suspended() && !self.storage.is_rebuilding() {
            return Ok(0);
        }
        self.skip().map_err(|error| error.to_string())?;
        let records = self.journal.read(self.cursor, BATCH_RECORDS_MAX, ReadLevel::Durable);
        let records = records.map_err(|error| error.to_string())?;
        if let Some(last) = records.last() {
            self.take_in(&records, last.position)?;
        }
        if self.storage.is_rebuilding() {
            self.storage.went_on(self.cursor, durable);
            if records.len() < BATCH_RECORDS_MAX {
                self.complete().map_err(|error| error.to_string())?;
            }
        } else if !records.is_empty() {
            self.reached.send_replace(self.cursor);
        }
        Ok(records.len())
    }

    /// Skips records that do not concern the view.
    fn skip(&mut self) -> Result<(), ReadModelError> {
        let position = self.progress.skip(self.cursor);
        if position == self.cursor || self.storage.is_rebuilding() {
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
        self.forget();
        let found = OpenProblem::Damaged(error.reason);
        self.model = self.storage.begin_rebuild(&found, self.journal.durable())?;
        (self.cursor, self.committed) = (0, 0);
        self.progress.reach(0);
        Ok(())
    }

    /// Puts rebuilt rows that have caught up with the journal in place.
    fn complete(&mut self) -> Result<(), ReadModelError> {
        let placed =
            self.model.commit(self.cursor, &[]).and_then(|()| self.storage.complete(&self.model));
        self.model = placed.map_err(|error| self.model.mark_untrusted(error.reason))?;
        self.committed = self.cursor;
        self.reached.send_replace(self.cursor);
        Ok(())
    }

    fn take_in(&mut self, records: &[Arc<Record>], last: u64) -> Result<(), String> {
        let mut touched = Vec::new();
        self.traced.begin();
        for record in records {
            self.fold(record, &mut touched)?;
        }
        touched.sort_unstable();
        touched.dedup();
        let changes: Result<Vec<_>, String> = touched
            .into_iter()
            .map(|number| Ok((number, self.recent.get(number).map(change::<F>).transpose()?)))
            .collect();
        let changes = changes?;
        if !changes.is_empty() || last - self.committed >= PASSED_RECORDS_MAX {
            self.model.commit(last, &changes).map_err(|error| self.not_written(error))?;
            self.committed = last;
        }
        if !self.storage.is_rebuilding() {
            self.traced.end();
        }
        self.cursor = last;
        if self.recent.trim(RECENT_ROWS_MAX) {
            self.continued.clear();
        }
        self.progress.reach(last);
        self.progress.error_over();
        Ok(())
    }

    /// Handles a failed transaction. Rows under rebuild do not survive it and are marked as
    /// untrusted.
    fn not_written(&self, error: ReadModelError) -> String {
        if self.storage.is_rebuilding() {
            return self.model.mark_untrusted(error.reason).to_string();
        }
        error.to_string()
    }

    fn fold(&mut self, record: &Record, touched: &mut Vec<u64>) -> Result<(), String> {
        let _entered = Correlation::of(record.correlation, record.trace.as_deref()).enter();
        let in_record = |reason| format!("record {}: {reason}", record.position);
        let event =
            catch_panic(|| self.projection.decode(&self.registry, record)).map_err(in_record)??;
        let Some((mut numbers, event)) = event else { return Ok(()) };
        self.traced.add(record);
        let Some(last) = numbers.pop() else { return Ok(()) };
        for number in numbers {
            self.fold_row(number, event.clone(), record, touched).map_err(in_record)?;
        }
        self.fold_row(last, event, record, touched).map_err(in_record)
    }

    fn fold_row(
        &mut self,
        number: u64,
        event: F::Event,
        record: &Record,
        touched: &mut Vec<u64>,
    ) -> Result<(), String> {
        let before = match self.recent.take(number, || largest(&self.model))? {
            Taken::Known(row) => row,
            Taken::Unknown => self.stored(number)?,
        };
        let (mut before, owner) =
            before.map_or((None, None), |OwnedRow { row, owner }| (Some(row), owner));
        let of_record = || record.principals.as_ref().and_then(|all| all.owner.clone());
        let owner = owner.or_else(of_record);
        let continues = match before {
            None => catch_panic(|| self.projection.continues(&event))?,
            Some(_) => None,
        };
        if let Some(filter) = &continues {
            before = self.continued(filter)?;
        }
        let after = catch_panic(|| self.projection.fold(number, before, event, record))?;
        if let (Some(filter), Some(row)) = (continues, &after) {
            self.continued.insert(filter, row.clone());
        }
        self.recent.put(number, after.map(|row| OwnedRow { row, owner }));
        touched.push(number);
        Ok(())
    }

    /// Clears the cached rows after an error.
    fn forget(&mut self) {
        self.recent.forget();
        self.continued.clear();
    }

    /// Returns the newest row that meets this condition.
    fn continued(&self, filter: &Filter) -> Result<Option<F::Row>, String> {
        if let Some(row) = self.continued.get(filter) {
            return Ok(Some(row.clone()));
        }
        match self.model.last_of(filter).map_err(|error| error.to_string())? {
            Some(number) => Ok(self.stored(number)?.map(|stored| stored.row)),
            None => Ok(None),
        }
    }

    fn stored(&self, number: u64) -> Result<Option<OwnedRow<F::Row>>, String> {
        let found = self.model.row(number).map_err(|error| error.to_string())?;
        let read = |FoundRow { body, owner, .. }: FoundRow| {
            let owner = owner.map(Subject::from);
            serde_json::from_slice(&body).map(|row| OwnedRow { row, owner })
        };
        let row = found.map(read).transpose();
        row.map_err(|error| {
            let reason = format!("row {number}: {error}");
            // A rebuild is tried only once: when the row is unreadable again, another rebuild does
            // not help.
            if self.storage.is_rebuilding() {
                reason
            } else {
                self.model.mark_untrusted(reason).to_string()
            }
        })
    }
}

/// Returns the largest number of a row in the file.
fn largest(model: &ReadModel) -> Result<u64, String> {
    Ok(model.last().map_err(|error| error.to_string())?.unwrap_or_default())
}

fn change<F: Projection>(row: &OwnedRow<F::Row>) -> Result<RowChange, String> {
    RowChange::new(F::layout().fields, &row.row, row.owner.as_deref())
        .map_err(|error| error.to_string())
}
