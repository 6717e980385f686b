//! Read models: one `SQLite` file per view, with rows and cursor in one transaction.
//!
//! A file is disposable: it can be rebuilt from the journal. A new one is filled beside its place
//! and moved there when it is complete. An open read model detects when another process touches its
//! file. It is then *untrusted* and not read any more.

mod columns;
mod cursors;
mod examining;
mod fault;
mod limit;
mod owners;
mod queries;
mod row;
mod row_writer;
mod schema;
mod seal;
mod search;
mod stamp;
mod sums;
mod wal;

pub use cursors::{discard, discard_past, furthest};
pub use examining::examine_file;
pub use fault::{OpenProblem, ReadModelError};
pub use limit::{AbandonOnDrop, Ended, LongQueries, QueryLimit};
pub use row::{FoundRow, RowChange};
pub use schema::Layout;
pub use search::{SearchError, SortBy, Wanted};

use crate::{
    domain::kernel::{Filter, Query},
    files::beside,
    sync,
};
use fault::Fault;
use queries::{count, dense_range_of, meta, numbers_of, rows};
use row_writer::Writing;
use rusqlite::{Connection, OpenFlags};
use stamp::FileStamp;
use std::{
    collections::BTreeSet,
    path::{Path, PathBuf},
    sync::{Mutex, OnceLock, atomic::AtomicBool},
};

/// At most this many idle reading connections are kept.
const READERS_KEPT_MAX: usize = 4;

/// An open read model: one writing connection, many reading ones. Every call blocks on the disk.
pub struct ReadModel {
    path: PathBuf,
    layout: Layout,
    writer: Mutex<Connection>,
    /// The stamp of the files after the last write. Changed only under the lock of the writer.
    stamp: Mutex<FileStamp>,
    readers: Mutex<Vec<Connection>>,
    writing: Writing,
    /// The fields whose index was created while the file is filled.
    indexed: Mutex<BTreeSet<&'static str>>,
    /// The statement that reads the row of a number.
    select_one: String,
    /// Whether there is a seal, which the next commit has to remove.
    is_sealed: AtomicBool,
    /// The reason why the read model is untrusted, if it is.
    suspicion: OnceLock<String>,
}

impl ReadModel {
    /// Opens the read model in this file without reading its rows, so that the cost does not depend
    /// on them. It must be [examined](Self::examine) before it is read.
    ///
    /// # Errors
    /// The reason why the file has to be rebuilt.
    pub fn open(path: &Path, layout: Layout) -> Result<Self, OpenProblem> {
        if !path.exists() {
            return Err(OpenProblem::Missing);
        }
        // The log is checked before SQLite reads it. A log left by another binary does not matter.
        let log = examining::check_log(path);
        let writer = match schema::existing(path, &layout) {
            Err(OpenProblem::OtherShape) => return Err(OpenProblem::OtherShape),
            opened => log.and(opened)?,
        };
        Ok(Self::of(writer, path.to_owned(), (layout, Writing::of(&layout, true))))
    }

    /// Creates an empty read model beside this place, and clears the place.
    /// [`take_place`](Self::take_place) moves the read model there when it is filled.
    ///
    /// # Errors
    /// When the folder cannot be written to.
    pub fn build(
        place: &Path,
        layout: Layout,
        found: &OpenProblem,
    ) -> Result<Self, ReadModelError> {
        let failed = |reason| ReadModelError { name: layout.name, reason };
        schema::clear_away(place, found).map_err(|error| failed(error.to_string()))?;
        let path = beside(place, ".building");
        let writer = schema::create(&path, &layout).map_err(failed)?;
        Ok(Self::of(writer, path, (layout, Writing::of(&layout, false))))
    }

    fn of(connection: Connection, path: PathBuf, (layout, writing): (Layout, Writing)) -> Self {
        let stamp = Mutex::new(FileStamp::of(&path));
        let is_sealed = AtomicBool::new(seal::is_there(&path));
        Self {
            path,
            layout,
            is_sealed,
            select_one: schema::select_one(layout.fields),
            writer: Mutex::new(connection),
            stamp,
            readers: Mutex::new(Vec::new()),
            writing,
            indexed: Mutex::default(),
            suspicion: OnceLock::new(),
        }
    }

    /// Moves the filled file to its place, durably, and opens it there.
    ///
    /// # Errors
    /// When the disk fails, or another process touched the file meanwhile. Then it is rebuilt.
    pub fn take_place(&self, place: &Path) -> Result<Self, ReadModelError> {
        let failed = |reason| ReadModelError { name: self.layout.name, reason };
        let writer = sync::lock(&self.writer);
        self.verify()?;
        schema::take_place(&writer, self.layout.fields, &self.path, place).map_err(failed)?;
        Self::open(place, self.layout).map_err(|error| failed(error.to_string()))
    }

    /// Checks whether the read model can still be trusted. Costs a few microseconds.
    ///
    /// # Errors
    /// When another process touched the file, or it failed in a way that a retry does not repair.
    pub fn check(&self) -> Result<(), ReadModelError> {
        // Waits for a commit in progress, which changes the files as well.
        let _writer = sync::lock(&self.writer);
        self.verify()
    }

    /// Marks the read model as untrusted, for this reason.
    pub fn mark_untrusted(&self, reason: String) -> ReadModelError {
        let reason = self.suspicion.get_or_init(|| reason).clone();
        ReadModelError { name: self.layout.name, reason }
    }

    /// Returns the position up to which all records are in the rows; 0 for a new file.
    ///
    /// # Errors
    /// When the file cannot be read.
    pub fn cursor(&self) -> Result<u64, ReadModelError> {
        self.written(|writer| Ok(meta(writer)?.cursor))
    }

    /// Returns one row as the projection last wrote it.
    ///
    /// # Errors
    /// When the file cannot be read.
    pub fn row(&self, number: u64) -> Result<Option<FoundRow>, ReadModelError> {
        self.written(|writer| queries::row(writer, &self.select_one, number))
    }

    /// Returns the largest number of a row as the projection last wrote them.
    ///
    /// # Errors
    /// When the file cannot be read.
    pub fn last(&self) -> Result<Option<u64>, ReadModelError> {
        self.written(|writer| {
            let last: Option<i64> =
                writer.query_row("SELECT max(number) FROM rows", [], |row| row.get(0))?;
            Ok(last.map(i64::cast_unsigned))
        })
    }

    /// Returns the largest number of a row that meets this condition, as the projection last wrote
    /// them.
    ///
    /// # Errors
    /// When the field is not searchable ([`SearchError::BadQuery`]), or the file cannot be read.
    pub fn last_of(&self, filter: &Filter) -> Result<Option<u64>, SearchError> {
        let search = search::of_last(self.layout.fields, filter)?;
        let numbers = self.written(|writer| {
            self.index_while_filling(writer, search::field_of(filter))?;
            numbers_of(writer, &search)
        })?;
        Ok(numbers.first().copied().map(i64::cast_unsigned))
    }

    /// Creates the index of a field in a file that is being filled, which has no indexes yet.
    /// Without it, each query by that field would read all rows.
    fn index_while_filling(&self, writer: &Connection, field: &'static str) -> Result<(), Fault> {
        if !self.writing.is_filling() || !sync::lock(&self.indexed).insert(field) {
            return Ok(());
        }
        if let Some(index) = schema::index_of(self.layout.fields, field) {
            writer.execute_batch(&index)?;
            *sync::lock(&self.stamp) = FileStamp::of(&self.path);
        }
        Ok(())
    }

    /// Writes rows (`None` deletes one) and the cursor, all or nothing.
    ///
    /// # Errors
    /// When the file cannot be written; then no change is written.
    pub fn commit<'a>(
        &self,
        cursor: u64,
        changes: impl IntoIterator<Item = &'a (u64, Option<RowChange>)>,
    ) -> Result<(), ReadModelError> {
        let mut writer = sync::lock(&self.writer);
        self.verify()?;
        self.unseal().map_err(|error| self.failure(error.to_string()))?;
        let written = self.writing.write(&mut writer, cursor, changes.into_iter());
        let after = FileStamp::of(&self.path);
        let exchanged = std::mem::replace(&mut *sync::lock(&self.stamp), after).exchanged(&after);
        // Without this check the new stamp would include the files of another process.
        if let Some(reason) = exchanged {
            return Err(self.mark_untrusted(reason));
        }
        written.map_err(|fault| self.failed(&fault))
    }

    /// Returns one row, over a reading connection.
    ///
    /// # Errors
    /// When the file cannot be read.
    pub fn get(&self, number: u64) -> Result<Option<FoundRow>, ReadModelError> {
        self.reading(None, |reader| queries::row(reader, &self.select_one, number))
    }

    /// Returns the number of rows.
    ///
    /// # Errors
    /// When the file cannot be read.
    pub fn count(&self) -> Result<u64, ReadModelError> {
        self.reading(None, |reader| Ok(meta(reader)?.rows))
    }

    /// Returns the rows a client asks for, and the number of rows on all pages.
    ///
    /// # Errors
    /// When the query is invalid ([`SearchError::BadQuery`]), reaches its limit
    /// ([`SearchError::Ended`]), or the file cannot be read.
    pub fn search(
        &self,
        conditions: &[(String, String)],
        wanted: &Wanted,
        limit: &QueryLimit,
    ) -> Result<(Vec<FoundRow>, u64), SearchError> {
        let search = search::of_request(self.layout.fields, conditions, wanted)?;
        self.limited(limit, |reader| {
            let total = count(reader, &search)?;
            let numbers = match search.dense_range {
                Some(dense_range) => dense_range_of(reader, dense_range, total)?,
                None => None,
            };
            let numbers = numbers.map_or_else(|| numbers_of(reader, &search), Ok)?;
            let found = rows(reader, &self.select_one, &numbers)?;
            let is_foreign = |row: &&FoundRow| row.owner != wanted.owner.as_deref().map(Into::into);
            match found.iter().find(is_foreign).filter(|_| wanted.owner.is_some()) {
                Some(row) => Err(Fault::Damaged(format!("row {} is in a wrong list", row.number))),
                None => Ok((found, total)),
            }
        })
    }

    /// Returns the plan of a query, as `SQLite` explains it.
    #[cfg(test)]
    pub(in crate::store) fn plan(
        &self,
        conditions: &[(String, String)],
        wanted: &Wanted,
    ) -> Result<String, SearchError> {
        let search = search::of_request(self.layout.fields, conditions, wanted)?;
        let explain = format!("EXPLAIN QUERY PLAN {}", search.select);
        let lines: Vec<String> = self.reading(None, |reader| {
            let mut statement = reader.prepare(&explain)?;
            let parameters = rusqlite::params_from_iter(&search.parameters);
            let lines = statement.query_map(parameters, |row| row.get("detail"))?;
            Ok(lines.collect::<rusqlite::Result<_>>()?)
        })?;
        Ok(lines.join("; "))
    }

    /// Limits the file to this many pages, or to its current size if that is more; `None` removes
    /// the limit.
    #[cfg(test)]
    pub(in crate::store) fn limit_pages(&self, pages: Option<u32>) -> Result<(), ReadModelError> {
        let pages = pages.unwrap_or(u32::MAX - 1);
        self.written(|writer| {
            Ok(writer.query_row(&format!("PRAGMA max_page_count = {pages}"), [], |_| Ok(()))?)
        })
    }

    /// Returns the rows a lookup asks for, smallest of the sorted field first.
    ///
    /// # Errors
    /// When a field is not searchable ([`SearchError::BadQuery`]), the query reaches its limit
    /// ([`SearchError::Ended`]), or the file cannot be read.
    pub fn find(&self, query: &Query, limit: &QueryLimit) -> Result<Vec<FoundRow>, SearchError> {
        let search = search::of_lookup(self.layout.fields, query)?;
        self.limited(limit, |reader| rows(reader, &self.select_one, &numbers_of(reader, &search)?))
    }

    /// Passes every row to `each`, in order of number.
    ///
    /// # Errors
    /// When the file cannot be read.
    pub fn each(&self, each: &mut dyn FnMut(FoundRow)) -> Result<(), ReadModelError> {
        self.reading(None, |reader| {
            queries::each(reader, &schema::select(self.layout.fields), each)
        })
    }

    fn written<T>(
        &self,
        read: impl FnOnce(&Connection) -> Result<T, Fault>,
    ) -> Result<T, ReadModelError> {
        read(&sync::lock(&self.writer)).map_err(|fault| self.failed(&fault))
    }

    /// Reads within a limit, and reports when it was reached.
    fn limited<T>(
        &self,
        limit: &QueryLimit,
        read: impl FnOnce(&Connection) -> Result<T, Fault>,
    ) -> Result<T, SearchError> {
        let answered = self.reading(Some(limit), read);
        answered.map_err(|error| limit.ended().map_or(error.into(), SearchError::Ended))
    }

    /// Reads over a connection of its own, which is closed rather than kept after an error. The
    /// result counts only when no other process touched the file.
    fn reading<T>(
        &self,
        limit: Option<&QueryLimit>,
        read: impl FnOnce(&Connection) -> Result<T, Fault>,
    ) -> Result<T, ReadModelError> {
        let kept = sync::lock(&self.readers).pop();
        let reader = kept.map_or_else(|| self.connect(), Ok);
        let answered = reader.map_err(Fault::from).and_then(|reader| {
            if let Some(limit) = limit {
                reader.progress_handler(limit::STEPS, Some(limit.watch()))?;
            }
            reader.execute_batch("BEGIN")?;
            let answer = read(&reader)?;
            reader.execute_batch("COMMIT")?;
            if limit.is_some() {
                reader.progress_handler(0, None::<fn() -> bool>)?;
            }
            Ok((answer, reader))
        });
        if self.verdict().is_some() {
            self.check()?;
        }
        let (answer, reader) = answered.map_err(|fault| self.failed(&fault))?;
        let mut readers = sync::lock(&self.readers);
        if readers.len() < READERS_KEPT_MAX {
            readers.push(reader);
        }
        Ok(answer)
    }

    fn connect(&self) -> rusqlite::Result<Connection> {
        let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let reader = Connection::open_with_flags(&self.path, flags)?;
        schema::prepare(&reader)?;
        Ok(reader)
    }

    fn verify(&self) -> Result<(), ReadModelError> {
        self.verdict().map_or(Ok(()), |reason| Err(self.mark_untrusted(reason)))
    }

    /// Returns the reason why the read model is untrusted. Exact only while no write is in
    /// progress.
    fn verdict(&self) -> Option<String> {
        let suspicion = self.suspicion.get().cloned();
        suspicion.or_else(|| sync::lock(&self.stamp).difference(&FileStamp::of(&self.path)))
    }

    /// Returns the error of a failed call; after damage the read model is untrusted.
    fn failed(&self, fault: &Fault) -> ReadModelError {
        if fault.is_damage() {
            self.mark_untrusted(fault.reason())
        } else {
            self.failure(fault.reason())
        }
    }

    const fn failure(&self, reason: String) -> ReadModelError {
        ReadModelError { name: self.layout.name, reason }
    }
}
