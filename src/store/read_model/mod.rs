//! Read models: one `SQLite` file per view, rows and cursor in one transaction.
//!
//! A file is disposable. Missing, damaged or of another shape, it is made anew with its cursor
//! at 0, and whoever projects into it starts from the first record.

mod search;
mod shape;

pub use search::{SearchError, Wanted};

use super::sync::lock;
use crate::domain::kernel::{Field, FieldKind, Query};
use rusqlite::{Connection, OpenFlags, OptionalExtension, params_from_iter, types::Value};
use std::{
    path::{Path, PathBuf},
    sync::Mutex,
};

/// How many idle reading connections are kept.
const READERS_KEPT_MAX: usize = 4;

/// One open read model: one who writes, many who read. Every call blocks on the disk.
pub struct ReadModel {
    path: PathBuf,
    name: String,
    fields: &'static [Field],
    writer: Mutex<Connection>,
    readers: Mutex<Vec<Connection>>,
    upsert: String,
}

/// What was found when a read model was opened.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Found {
    /// It is whole, and goes on from its cursor.
    Whole,
    /// There was none.
    Missing,
    /// It had other fields or another format; it was made anew.
    OtherShape,
    /// It could not be read; it was moved aside and made anew.
    Damaged {
        /// What was wrong.
        because: String,
    },
}

/// The read model cannot be read or written.
#[derive(Debug, thiserror::Error)]
#[error("the read model {name} failed: {because}")]
pub struct ReadModelError {
    /// Which.
    pub name: String,
    /// The reason, as a sentence.
    pub because: String,
}

/// What becomes of a row.
#[derive(Clone, Debug)]
pub struct RowChange {
    /// The row as JSON.
    pub body: Vec<u8>,
    /// The values of the searchable fields other than the key, in the order of the fields.
    pub values: Vec<Value>,
}

/// One row as it is kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FoundRow {
    /// Its number.
    pub number: u64,
    /// The row as JSON.
    pub body: Vec<u8>,
}

impl RowChange {
    /// A row, with the values of its searchable fields taken out of it. What is missing, or not
    /// of the field's kind, is kept as nothing, and found by no condition.
    #[must_use]
    pub fn new(fields: &[Field], row: &serde_json::Value) -> Self {
        let value = |field: &Field| match (field.kind, &row[field.name]) {
            (FieldKind::Text, serde_json::Value::String(text)) => Value::Text(text.clone()),
            (FieldKind::Text, serde_json::Value::Null) => Value::Null,
            (FieldKind::Text, other) => Value::Text(other.to_string()),
            (FieldKind::Key | FieldKind::Number | FieldKind::Time, value) => {
                value.as_i64().map_or(Value::Null, Value::Integer)
            }
        };
        let own = fields.iter().filter(|field| field.kind != FieldKind::Key);
        Self { body: row.to_string().into_bytes(), values: own.map(value).collect() }
    }
}

impl ReadModel {
    /// Opens the read model in this file, or makes it anew when it is missing, damaged, or has
    /// not exactly these fields. Says which.
    ///
    /// # Errors
    /// When not even a new one can be made.
    pub fn open(
        path: &Path,
        name: &str,
        fields: &'static [Field],
    ) -> Result<(Self, Found), ReadModelError> {
        let failed = |because: String| ReadModelError { name: name.to_owned(), because };
        let (writer, found) = shape::open(path, name, fields).map_err(failed)?;
        let model = Self {
            path: path.to_owned(),
            name: name.to_owned(),
            fields,
            writer: Mutex::new(writer),
            readers: Mutex::new(Vec::new()),
            upsert: shape::upsert(fields),
        };
        Ok((model, found))
    }

    /// The searchable fields.
    #[must_use]
    pub const fn fields(&self) -> &'static [Field] {
        self.fields
    }

    /// The position up to which everything is in the rows; 0 for a new one.
    ///
    /// # Errors
    /// When the file cannot be read.
    pub fn cursor(&self) -> Result<u64, ReadModelError> {
        self.written(|writer| {
            let cursor: i64 = writer.query_row("SELECT cursor FROM meta", [], |row| row.get(0))?;
            Ok(cursor.cast_unsigned())
        })
    }

    /// One row as the projector last left it.
    ///
    /// # Errors
    /// When the file cannot be read.
    pub fn row(&self, number: u64) -> Result<Option<Vec<u8>>, ReadModelError> {
        self.written(|writer| body(writer, number))
    }

    /// The largest number of a row as the projector last left them.
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

    /// Writes rows (`None`: it is gone) and the cursor, all or nothing.
    ///
    /// # Errors
    /// When the file cannot be written; then nothing of it is.
    pub fn commit(
        &self,
        cursor: u64,
        changes: &[(u64, Option<RowChange>)],
    ) -> Result<(), ReadModelError> {
        let write = |writer: &mut Connection| {
            let transaction = writer.transaction()?;
            {
                let mut upsert = transaction.prepare_cached(&self.upsert)?;
                let mut delete =
                    transaction.prepare_cached("DELETE FROM rows WHERE number = ?1")?;
                for (number, change) in changes {
                    let number = Value::Integer(number.cast_signed());
                    match change {
                        Some(change) => {
                            upsert.raw_bind_parameter(1, number)?;
                            upsert.raw_bind_parameter(2, &change.body)?;
                            for (index, value) in change.values.iter().enumerate() {
                                upsert.raw_bind_parameter(index + 3, value)?;
                            }
                            upsert.raw_execute()?;
                        }
                        None => {
                            delete.execute([number])?;
                        }
                    }
                }
                transaction
                    .prepare_cached("UPDATE meta SET cursor = ?1")?
                    .execute([cursor.cast_signed()])?;
            }
            transaction.commit()
        };
        write(&mut lock(&self.writer)).map_err(|error| self.failed(&error))
    }

    /// One row, for readers.
    ///
    /// # Errors
    /// When the file cannot be read.
    pub fn get(&self, number: u64) -> Result<Option<Vec<u8>>, ReadModelError> {
        self.reading(|reader| body(reader, number))
    }

    /// How many rows there are.
    ///
    /// # Errors
    /// When the file cannot be read.
    pub fn count(&self) -> Result<u64, ReadModelError> {
        self.reading(|reader| count(reader, "SELECT rows FROM meta", &[]))
    }

    /// The rows a client asks for, and how many there are on all pages.
    ///
    /// # Errors
    /// When the question makes no sense ([`SearchError::BadQuery`]) or the file cannot be read.
    pub fn search(
        &self,
        conditions: &[(String, String)],
        wanted: &Wanted,
    ) -> Result<(Vec<FoundRow>, u64), SearchError> {
        let search = search::of_request(self.fields, conditions, wanted)?;
        let found = self.reading(|reader| {
            let total = count(reader, &search.count, &search.conditions)?;
            Ok((rows(reader, &search.select, &search.parameters)?, total))
        })?;
        Ok(found)
    }

    /// The rows a lookup asks for, smallest of the sorted field first.
    ///
    /// # Errors
    /// When a field is not searchable ([`SearchError::BadQuery`]) or the file cannot be read.
    pub fn find(&self, query: &Query) -> Result<Vec<FoundRow>, SearchError> {
        let search = search::of_lookup(self.fields, query)?;
        Ok(self.reading(|reader| rows(reader, &search.select, &search.parameters))?)
    }

    /// Every row in order of number, one by one.
    ///
    /// # Errors
    /// When the file cannot be read.
    pub fn each(&self, each: &mut dyn FnMut(FoundRow)) -> Result<(), ReadModelError> {
        self.reading(|reader| {
            let mut statement = reader.prepare("SELECT number, body FROM rows ORDER BY number")?;
            let mut rows = statement.query([])?;
            while let Some(row) = rows.next()? {
                each(found_row(row)?);
            }
            Ok(())
        })
    }

    fn written<T>(
        &self,
        read: impl FnOnce(&Connection) -> rusqlite::Result<T>,
    ) -> Result<T, ReadModelError> {
        read(&lock(&self.writer)).map_err(|error| self.failed(&error))
    }

    /// Reads over a connection of its own; it is dropped rather than kept after an error.
    fn reading<T>(
        &self,
        read: impl FnOnce(&Connection) -> rusqlite::Result<T>,
    ) -> Result<T, ReadModelError> {
        let kept = lock(&self.readers).pop();
        let reader = kept.map_or_else(|| self.connect(), Ok);
        let answered = reader.and_then(|reader| Ok((read(&reader)?, reader)));
        let (answer, reader) = answered.map_err(|error| self.failed(&error))?;
        let mut readers = lock(&self.readers);
        if readers.len() < READERS_KEPT_MAX {
            readers.push(reader);
        }
        Ok(answer)
    }

    fn connect(&self) -> rusqlite::Result<Connection> {
        let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let reader = Connection::open_with_flags(&self.path, flags)?;
        reader.busy_timeout(shape::BUSY_MAX)?;
        reader.pragma_update(None, "cache_size", shape::CACHE_KIB_NEGATIVE)?;
        Ok(reader)
    }

    fn failed(&self, error: &rusqlite::Error) -> ReadModelError {
        ReadModelError { name: self.name.clone(), because: error.to_string() }
    }
}

fn body(connection: &Connection, number: u64) -> rusqlite::Result<Option<Vec<u8>>> {
    connection
        .prepare_cached("SELECT body FROM rows WHERE number = ?1")?
        .query_row([number.cast_signed()], |row| row.get(0))
        .optional()
}

fn count(reader: &Connection, sql: &str, parameters: &[Value]) -> rusqlite::Result<u64> {
    let mut statement = reader.prepare_cached(sql)?;
    let count: i64 = statement.query_row(params_from_iter(parameters), |row| row.get(0))?;
    Ok(count.cast_unsigned())
}

fn rows(reader: &Connection, sql: &str, parameters: &[Value]) -> rusqlite::Result<Vec<FoundRow>> {
    let mut statement = reader.prepare_cached(sql)?;
    statement.query_map(params_from_iter(parameters), found_row)?.collect()
}

fn found_row(row: &rusqlite::Row<'_>) -> rusqlite::Result<FoundRow> {
    let number: i64 = row.get(0)?;
    Ok(FoundRow { number: number.cast_unsigned(), body: row.get(1)? })
}
