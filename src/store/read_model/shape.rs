//! The shape of a read model's file: its tables, and how a file that does not fit is replaced.

use super::Found;
use crate::domain::kernel::{Field, FieldKind};
use rusqlite::Connection;
use std::{ffi::OsString, fmt::Write, fs, io, path::Path, path::PathBuf, time::Duration};

/// How long a connection waits for another one.
pub(super) const BUSY_MAX: Duration = Duration::from_secs(5);

/// Page cache of one connection: `SQLite` reads a negative number as KiB.
pub(super) const CACHE_KIB_NEGATIVE: i64 = -1024;

/// Raised when the tables change; older files are then made anew.
const FORMAT: u32 = 2;

/// Opens the file, or replaces it.
pub(super) fn open(
    path: &Path,
    name: &str,
    fields: &[Field],
) -> Result<(Connection, Found), String> {
    let shape = shape(name, fields);
    let found = if path.exists() {
        match existing(path, &shape) {
            Ok(Some(writer)) => return Ok((writer, Found::Whole)),
            Ok(None) => Found::OtherShape,
            Err(because) => Found::Damaged { because },
        }
    } else {
        Found::Missing
    };
    clear_away(path, matches!(found, Found::Damaged { .. })).map_err(|error| error.to_string())?;
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder).map_err(|error| error.to_string())?;
    }
    let writer = create(path, fields, &shape).map_err(|error| error.to_string())?;
    Ok((writer, found))
}

/// The file as it is; `None` when it has another shape.
fn existing(path: &Path, shape: &str) -> Result<Option<Connection>, String> {
    let read = || {
        let writer = connect(path)?;
        let check: String = writer.query_row("PRAGMA quick_check(1)", [], |row| row.get(0))?;
        let tables: i64 = writer.query_row(
            "SELECT count(*) FROM sqlite_master WHERE name IN ('meta', 'rows')",
            [],
            |row| row.get(0),
        )?;
        let found: String = match tables {
            2 => writer.query_row("SELECT shape FROM meta", [], |row| row.get(0))?,
            _ => String::new(),
        };
        Ok((writer, check, found))
    };
    let read: rusqlite::Result<(Connection, String, String)> = read();
    let (writer, check, found) = read.map_err(|error| error.to_string())?;
    if check != "ok" {
        return Err(check);
    }
    Ok((found == shape).then_some(writer))
}

fn connect(path: &Path) -> rusqlite::Result<Connection> {
    let writer = Connection::open(path)?;
    writer.busy_timeout(BUSY_MAX)?;
    writer.pragma_update(None, "journal_mode", "WAL")?;
    // With a write-ahead log this may lose the last commits in a power loss, but never tears
    // one: the cursor is lost with its rows, and the journal has the records.
    writer.pragma_update(None, "synchronous", "NORMAL")?;
    writer.pragma_update(None, "cache_size", CACHE_KIB_NEGATIVE)?;
    Ok(writer)
}

fn create(path: &Path, fields: &[Field], shape: &str) -> rusqlite::Result<Connection> {
    let mut writer = connect(path)?;
    let transaction = writer.transaction()?;
    transaction.execute_batch(&tables(fields))?;
    transaction.execute("INSERT INTO meta (cursor, shape, rows) VALUES (0, ?1, 0)", [shape])?;
    transaction.commit()?;
    Ok(writer)
}

/// Triggers keep the number of rows, because counting a million of them takes long.
fn tables(fields: &[Field]) -> String {
    let mut columns = String::new();
    let mut indexes = String::new();
    for (column, field) in columns_of(fields) {
        let kind = match field.kind {
            FieldKind::Text => "TEXT",
            FieldKind::Key | FieldKind::Number | FieldKind::Time => "INTEGER",
        };
        let _ = write!(columns, ", {column} {kind}");
        let _ = write!(indexes, "CREATE INDEX by_{column} ON rows ({column}, number);");
    }
    format!(
        "CREATE TABLE meta (cursor INTEGER NOT NULL, shape TEXT NOT NULL, rows INTEGER NOT NULL);
         CREATE TABLE rows (number INTEGER PRIMARY KEY, body BLOB NOT NULL{columns});
         {indexes}
         CREATE TRIGGER one_more AFTER INSERT ON rows BEGIN
             UPDATE meta SET rows = rows + 1;
         END;
         CREATE TRIGGER one_less AFTER DELETE ON rows BEGIN
             UPDATE meta SET rows = rows - 1;
         END;"
    )
}

/// The statement that inserts a row, or replaces what it says.
pub(super) fn upsert(fields: &[Field]) -> String {
    let (mut columns, mut places, mut updates) = (String::new(), String::new(), String::new());
    for (place, (column, _)) in (3..).zip(columns_of(fields)) {
        let _ = write!(columns, ", {column}");
        let _ = write!(places, ", ?{place}");
        let _ = write!(updates, ", {column} = excluded.{column}");
    }
    format!(
        "INSERT INTO rows (number, body{columns}) VALUES (?1, ?2{places})
         ON CONFLICT (number) DO UPDATE SET body = excluded.body{updates}"
    )
}

/// The column of a field, by its place: names of fields are no part of any statement.
pub(super) fn column(fields: &[Field], index: usize) -> String {
    match fields[index].kind {
        FieldKind::Key => "number".to_owned(),
        FieldKind::Text | FieldKind::Number | FieldKind::Time => format!("field_{index}"),
    }
}

/// The fields that have a column of their own.
fn columns_of(fields: &[Field]) -> impl Iterator<Item = (String, &Field)> {
    let all = (0..).zip(fields).filter(|(_, field)| field.kind != FieldKind::Key);
    all.map(|(index, field)| (column(fields, index), field))
}

fn shape(name: &str, fields: &[Field]) -> String {
    let mut shape = format!("{FORMAT} {name}");
    for field in fields {
        let _ = write!(shape, " {}:{:?}", field.name, field.kind);
    }
    shape
}

/// Deletes the file and what belongs to it; a damaged one is kept aside, for whoever wonders.
fn clear_away(path: &Path, keep: bool) -> io::Result<()> {
    if keep {
        fs::rename(path, beside(path, ".damaged"))?;
    } else {
        remove(path)?;
    }
    remove(&beside(path, "-wal"))?;
    remove(&beside(path, "-shm"))
}

fn remove(path: &Path) -> io::Result<()> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}

fn beside(path: &Path, ending: &str) -> PathBuf {
    let mut name = OsString::from(path);
    name.push(ending);
    PathBuf::from(name)
}
