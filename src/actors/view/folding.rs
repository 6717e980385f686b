//! The folding of records into rows: the rows in memory, and which of them differ from the file.

use super::{
    projection::Projection,
    recent_rows::{OwnedRow, RecentRows, Taken},
    traced_rows::TracedRows,
    waiting_readers::WaitingReaders,
};
use crate::{
    actors::{dispatch::Registry, support::catch_panic},
    domain::kernel::Filter,
    store::{
        KindSet, Record, Subject,
        read_model::{FoundRow, ReadModel, RowChange},
    },
    traces::{Correlation, Tracer},
};
use serde::de::DeserializeOwned;
use std::{collections::HashMap, sync::Arc, thread};

/// Upper bound of rows kept in memory between transactions.
const RECENT_ROWS_MAX: usize = 16_384;

/// Records that are folded, or rows that are serialized, before other threads may run.
const PORTION: usize = 64;

/// Changes of rows after which a rebuild writes the rows.
const CHANGES_MAX: usize = 65_536;

/// Rows to be written: each number with its row, `None` for one to be deleted.
pub type Changes = Vec<(u64, Option<RowChange>)>;

/// The file of the rows.
#[derive(Clone, Copy)]
pub struct RowsFile<'a> {
    /// The read model in the file.
    pub model: &'a ReadModel,
    /// Whether the rows are being rebuilt.
    pub is_rebuilding: bool,
}

/// The rows of a projection in memory. They are those of the file with the changes since it was
/// written.
pub struct Folding<F: Projection> {
    projection: F,
    registry: Arc<Registry>,
    waiting: WaitingReaders,
    /// The kinds whose records concern the projection.
    pub(super) kinds: KindSet,
    recent: RecentRows<F::Row>,
    /// The newest row of each condition that recent rows continue.
    continued: HashMap<Filter, F::Row>,
    /// The number of the row of each change since the rows were written.
    changed: Vec<u64>,
    traced: TracedRows,
}

impl<F: Projection> Folding<F> {
    /// Creates a folding without rows in memory.
    pub fn new(
        projection: F,
        (registry, waiting): (Arc<Registry>, WaitingReaders),
        tracer: Option<Arc<Tracer>>,
    ) -> Self {
        Self {
            kinds: projection.kinds(&registry),
            projection,
            registry,
            waiting,
            recent: RecentRows::default(),
            continued: HashMap::new(),
            changed: Vec::new(),
            traced: TracedRows::of(F::layout().name, tracer),
        }
    }

    /// Folds records into rows. The file has the rows that are not in memory.
    ///
    /// # Errors
    /// When a record or a row cannot be read, or the projection panics. Then the rows in memory must
    /// be [forgotten](Self::forget).
    pub fn fold(&mut self, records: &[Arc<Record>], file: RowsFile<'_>) -> Result<(), String> {
        self.traced.begin();
        let waiting = self.waiting.clone();
        // Only a rebuild reads records of other kinds. They count in a portion as well.
        for record in waiting.in_portions(records, PORTION, thread::yield_now) {
            if self.kinds.contains(record.stream.kind) {
                self.fold_record(record, file)?;
            }
        }
        Ok(())
    }

    fn fold_record(&mut self, record: &Record, file: RowsFile<'_>) -> Result<(), String> {
        let _entered = Correlation::of(record.correlation, record.trace.as_deref()).enter();
        let in_record = |reason| format!("record {}: {reason}", record.position);
        let event =
            catch_panic(|| self.projection.decode(&self.registry, record)).map_err(in_record)??;
        let Some((mut numbers, event)) = event else { return Ok(()) };
        self.traced.add(record);
        let Some(last) = numbers.pop() else { return Ok(()) };
        for number in numbers {
            self.fold_row((number, event.clone()), record, file).map_err(in_record)?;
        }
        self.fold_row((last, event), record, file).map_err(in_record)
    }

    fn fold_row(
        &mut self,
        (number, event): (u64, F::Event),
        record: &Record,
        file: RowsFile<'_>,
    ) -> Result<(), String> {
        let before = match self.recent.take(number, || file.largest())? {
            Taken::Known(row) => row,
            Taken::Unknown => file.row(number)?,
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
            before = self.continued(filter, file)?;
        }
        let after = catch_panic(|| self.projection.fold(number, before, event, record))?;
        if let (Some(filter), Some(row)) = (continues, &after) {
            self.continued.insert(filter, row.clone());
        }
        self.recent.put(number, after.map(|row| OwnedRow { row, owner }));
        self.changed.push(number);
        Ok(())
    }

    /// Returns the newest row that meets this condition.
    fn continued(&self, filter: &Filter, file: RowsFile<'_>) -> Result<Option<F::Row>, String> {
        if let Some(row) = self.continued.get(filter) {
            return Ok(Some(row.clone()));
        }
        match file.model.last_of(filter).map_err(|error| error.to_string())? {
            Some(number) => Ok(file.row(number)?.map(|OwnedRow { row, .. }| row)),
            None => Ok(None),
        }
    }

    /// Whether a row differs from the file.
    pub const fn is_changed(&self) -> bool {
        !self.changed.is_empty()
    }

    /// Whether a rebuild has to write the rows, so that the memory stays bounded.
    pub fn is_full(&self) -> bool {
        self.changed.len() >= CHANGES_MAX || self.recent.len() > RECENT_ROWS_MAX
    }

    /// Returns the rows that differ from the file, each once, in order of number.
    ///
    /// # Errors
    /// When a row cannot be written as JSON.
    pub fn changes(&mut self) -> Result<Changes, String> {
        self.changed.sort_unstable();
        self.changed.dedup();
        let change = |number: &u64| {
            let row = self.recent.get(*number);
            let change = row.map(|OwnedRow { row, owner }| {
                RowChange::new(F::layout().fields, row, owner.as_deref())
            });
            Ok((*number, change.transpose().map_err(|error| error.to_string())?))
        };
        self.waiting.in_portions(&self.changed, PORTION, thread::yield_now).map(change).collect()
    }

    /// Records that the changes are in the file.
    pub fn written(&mut self) {
        self.changed.clear();
        if self.recent.trim(RECENT_ROWS_MAX) {
            self.continued.clear();
        }
    }

    /// Exports the spans of the records that were folded last.
    pub fn trace(&mut self) {
        self.traced.end();
    }

    /// Clears the rows in memory after an error.
    pub fn forget(&mut self) {
        self.recent.forget();
        self.continued.clear();
        self.changed.clear();
    }
}

impl RowsFile<'_> {
    /// Returns the largest number of a row.
    fn largest(self) -> Result<u64, String> {
        Ok(self.model.last().map_err(|error| error.to_string())?.unwrap_or_default())
    }

    fn row<R: DeserializeOwned>(self, number: u64) -> Result<Option<OwnedRow<R>>, String> {
        let found = self.model.row(number).map_err(|error| error.to_string())?;
        let read = |FoundRow { body, owner, .. }: FoundRow| {
            let owner = owner.map(Subject::from);
            serde_json::from_slice(&body).map(|row| OwnedRow { row, owner })
        };
        found.map(read).transpose().map_err(|error| {
            let reason = format!("row {number}: {error}");
            // A rebuild is tried only once: when the row is unreadable again, another rebuild does
            // not help.
            if self.is_rebuilding { reason } else { self.model.mark_untrusted(reason).to_string() }
        })
    }
}
