//! The file of a read model: its tables, and the functions that open, create and move it.

use super::{
    columns::{OWNER, columns_of},
    fault::{Fault, OpenProblem},
    owners, queries, seal, sums,
};
use crate::{
    domain::kernel::{Field, FieldKind, View, field_names},
    files::{beside, remove},
    store::permissions::{create_private_folder, tighten},
};
use rusqlite::{Connection, config::DbConfig};
use std::{
    fmt::Write,
    fs::{self, File},
    io,
    path::Path,
    time::Duration,
};

/// Longest time that a connection waits for another one.
pub(super) const BUSY_MAX: Duration = Duration::from_secs(5);

/// Page cache of one connection: `SQLite` reads a negative number as KiB.
pub(super) const CACHE_KIB_NEGATIVE: i64 = -1024;

/// The same while a file is rebuilt.
const BUILDING_CACHE_KIB_NEGATIVE: i64 = -16 * 1024;

/// Format of the tables. It is raised when they change; older files are then rebuilt.
const FORMAT: u32 = 8;

/// The layout of a view's rows.
#[derive(Clone, Copy, Debug)]
pub struct Layout {
    /// The name of the view, such as `taxi/mypages`.
    pub name: &'static str,
    /// The searchable fields.
    pub fields: &'static [Field],
    /// The names of everything in a row.
    pub columns: &'static [&'static str],
    /// Version of the projection, raised when the same events lead to other rows.
    pub shape: u32,
}

impl Layout {
    /// Returns the layout of this view.
    #[must_use]
    pub fn of<V: View>() -> Self {
        let columns = field_names::<V>();
        Self { name: V::NAME, fields: V::FIELDS, columns, shape: V::SHAPE }
    }

    /// Returns the layout as a text, to be compared with that in a file.
    pub(super) fn text(&self) -> String {
        let mut text = format!("{FORMAT} {} {} {}", self.name, self.shape, self.columns.join(","));
        for field in self.fields {
            let index = if field.is_indexed || field.kind == FieldKind::Key { "" } else { "-" };
            let _ = write!(text, " {}:{:?}{index}", field.name, field.kind);
        }
        text
    }
}

/// Opens an existing file. The cost does not depend on the number of rows.
pub(super) fn existing(path: &Path, layout: &Layout) -> Result<Connection, OpenProblem> {
    let read = || {
        let writer = connect(path)?;
        writer.pragma_update(None, "journal_mode", "WAL")?;
        // With a write-ahead log this may lose the last commits in a power loss, but never a part
        // of one. The cursor is lost with its rows, and the journal has the records.
        writer.pragma_update(None, "synchronous", "NORMAL")?;
        // Keeps the log to pages of committed transactions, so that each can be checked.
        writer.pragma_update(None, "cache_spill", false)?;
        let tables: i64 = writer.query_row(
            "SELECT count(*) FROM sqlite_master WHERE name IN ('meta', 'rows')",
            [],
            |row| row.get(0),
        )?;
        let found: String = match tables {
            2 => writer.query_row("SELECT shape FROM meta", [], |row| row.get(0))?,
            _ => String::new(),
        };
        Ok((writer, found))
    };
    let read: rusqlite::Result<(Connection, String)> = read();
    let (writer, found) = read.map_err(|error| OpenProblem::Damaged(error.to_string()))?;
    if found != layout.text() {
        return Err(OpenProblem::OtherShape);
    }
    let damaged = |fault: Fault| OpenProblem::Damaged(fault.reason());
    check_statements(&writer, layout.fields).map_err(damaged)?;
    queries::meta(&writer).map_err(damaged)?;
    Ok(writer)
}

/// Whether a binary with other tables made this file.
pub(super) fn is_of_another_format(connection: &Connection) -> rusqlite::Result<bool> {
    let shape: String = connection.query_row("SELECT shape FROM meta", [], |row| row.get(0))?;
    let format = shape.split(' ').next();
    Ok(format != Some(FORMAT.to_string().as_str()))
}

/// Checks that tables and indexes are those that were created.
fn check_statements(connection: &Connection, fields: &[Field]) -> Result<(), Fault> {
    let all = "SELECT sql FROM sqlite_master ORDER BY sql";
    let mut statement = connection.prepare(all)?;
    let found: rusqlite::Result<Vec<String>> = statement.query_map([], |row| row.get(0))?.collect();
    let (tables, indexes) = (tables(fields), indexes(fields));
    let mut made: Vec<&str> = tables.iter().chain(&indexes).map(String::as_str).collect();
    made.sort_unstable();
    if found? == made {
        return Ok(());
    }
    Err(Fault::Damaged("its tables or indexes are not those that were made".to_owned()))
}

/// Creates an empty file, without indexes. The file survives neither a crash nor a failed
/// transaction. After either, a new file is filled.
pub(super) fn create(path: &Path, layout: &Layout) -> Result<Connection, String> {
    let make = || {
        remove(path)?;
        if let Some(folder) = path.parent() {
            create_private_folder(folder)?;
        }
        Ok(())
    };
    make().map_err(|error: io::Error| error.to_string())?;
    let fill = || {
        let writer = connect(path)?;
        // The write-ahead log gets the mode of the file.
        let _ = tighten(path);
        writer.pragma_update(None, "journal_mode", "OFF")?;
        writer.pragma_update(None, "synchronous", "OFF")?;
        writer.pragma_update(None, "cache_size", BUILDING_CACHE_KIB_NEGATIVE)?;
        writer.execute_batch(&tables(layout.fields).join(";"))?;
        let shape = layout.text();
        let sum = sums::of_meta(0, 0, &shape);
        let insert = "INSERT INTO meta (cursor, rows, shape, sum) VALUES (0, 0, ?1, ?2)";
        writer.execute(insert, (shape, sum))?;
        Ok(writer)
    };
    fill().map_err(|error: rusqlite::Error| error.to_string())
}

/// Completes a filled file with its indexes, and moves it to its place durably. The file has an
/// empty write-ahead log there: a file that mentions a log and has none is taken for damaged, also
/// after a kill right here.
pub(super) fn take_place(
    writer: &Connection,
    fields: &[Field],
    path: &Path,
    place: &Path,
) -> Result<(), String> {
    // One may be there: rows under rebuild may continue others.
    let indexes = indexes(fields).join(";").replace("CREATE INDEX", "CREATE INDEX IF NOT EXISTS");
    let statements = indexes + ";" + owners::FILL;
    let complete = || {
        writer.execute_batch(&statements)?;
        writer.pragma_update(None, "journal_mode", "WAL")
    };
    complete().map_err(|error: rusqlite::Error| error.to_string())?;
    let rename = || {
        File::open(path)?.sync_all()?;
        seal::remove(place)?;
        remove(&beside(place, "-wal"))?;
        remove(&beside(place, "-shm"))?;
        let log = beside(place, "-wal");
        File::create(&log)?;
        let _ = tighten(&log);
        fs::rename(path, place)?;
        place.parent().map_or(Ok(()), |folder| File::open(folder)?.sync_all())
    };
    rename().map_err(|error: io::Error| error.to_string())
}

/// Opens a connection. No connection checkpoints when it is closed, because another file may be in
/// this place by then.
pub(super) fn connect(path: &Path) -> rusqlite::Result<Connection> {
    let connection = Connection::open(path)?;
    prepare(&connection)?;
    Ok(connection)
}

pub(super) fn prepare(connection: &Connection) -> rusqlite::Result<()> {
    connection.busy_timeout(BUSY_MAX)?;
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, true)?;
    connection.pragma_update(None, "cache_size", CACHE_KIB_NEGATIVE)
}

/// Returns the statements that create the tables. `meta` has one row; its `cursor` is the position
/// up to which all records are in the rows.
fn tables(fields: &[Field]) -> Vec<String> {
    let mut columns = String::new();
    for (column, field) in columns_of(fields) {
        let kind = match field.kind {
            FieldKind::Text | FieldKind::Date => "TEXT",
            FieldKind::Key | FieldKind::Number | FieldKind::Time => "INTEGER",
        };
        let _ = write!(columns, ", {column} {kind}");
    }
    let meta = "CREATE TABLE meta (cursor INTEGER NOT NULL, rows INTEGER NOT NULL, \
                shape TEXT NOT NULL, sum INTEGER NOT NULL)";
    let rows = format!(
        "CREATE TABLE rows (number INTEGER PRIMARY KEY, sum INTEGER NOT NULL, \
         body BLOB NOT NULL{columns}, {OWNER} TEXT)"
    );
    [meta.to_owned(), rows].into_iter().chain(owners::TABLES.map(str::to_owned)).collect()
}

/// Returns the statements that create the indexes.
fn indexes(fields: &[Field]) -> Vec<String> {
    let indexed = columns_of(fields).filter(|(_, field)| field.is_indexed);
    indexed.map(|(column, _)| index(&column)).collect()
}

fn index(column: &str) -> String {
    format!("CREATE INDEX by_{column} ON rows ({column}, number)")
}

/// Returns the statement that creates the index of the field of this name; `None` when it has none.
pub(super) fn index_of(fields: &[Field], name: &str) -> Option<String> {
    let mut indexed = columns_of(fields).filter(|(_, field)| field.is_indexed);
    indexed.find(|(_, field)| field.name == name).map(|(column, _)| index(&column))
}

/// Returns the statements that insert and that update a row. Both take the number, the checksum,
/// the body, the fields that have a column, and the owner.
pub(super) fn insert_and_update(fields: &[Field]) -> (String, String) {
    let (mut columns, mut places, mut updates) = (String::new(), String::new(), String::new());
    let columns_of_fields = columns_of(fields).map(|(column, _)| column);
    for (place, column) in (4..).zip(columns_of_fields.chain([OWNER.to_owned()])) {
        let _ = write!(columns, ", {column}");
        let _ = write!(places, ", ?{place}");
        let _ = write!(updates, ", {column} = ?{place}");
    }
    (
        format!("INSERT INTO rows (number, sum, body{columns}) VALUES (?1, ?2, ?3{places})"),
        format!("UPDATE rows SET sum = ?2, body = ?3{updates} WHERE number = ?1"),
    )
}

/// Returns the statement that reads all rows, with the columns of a [checked](queries::checked) row.
pub(super) fn select(fields: &[Field]) -> String {
    let columns = columns_of(fields).map(|(column, _)| column);
    let columns: Vec<_> =
        ["number", "sum", "body"].map(str::to_owned).into_iter().chain(columns).collect();
    let columns = [columns, vec![OWNER.to_owned()]].concat();
    format!("SELECT {} FROM rows", columns.join(", "))
}

/// Returns the same statement for the row of one number.
pub(super) fn select_one(fields: &[Field]) -> String {
    format!("{} WHERE number = ?1", select(fields))
}

/// Clears the place. A damaged file is kept aside, so that an operator can examine it.
pub(super) fn clear_away(path: &Path, found: &OpenProblem) -> io::Result<()> {
    if matches!(found, OpenProblem::Damaged(_)) && path.exists() {
        fs::rename(path, beside(path, ".damaged"))?;
    } else {
        remove(path)?;
    }
    seal::remove(path)?;
    remove(&beside(path, "-wal"))?;
    remove(&beside(path, "-shm"))
}

#[cfg(test)]
mod tests {
    use super::{super::examining::check_log, Layout, create, take_place};
    use crate::{domain::kernel::Field, store::read_model::OpenProblem};
    use std::fs;
    use tempfile::tempdir;

    const FIELDS: &[Field] = &[Field::key("id"), Field::text("name")];

    const LAYOUT: Layout =
        Layout { name: "taxi/mypages", fields: FIELDS, columns: &["id", "name"], shape: 0 };

    #[test]
    fn a_file_that_took_its_place_has_the_log_that_its_header_mentions() {
        let folder = tempdir().expect("is made");
        let (path, place) = (folder.path().join("new"), folder.path().join("mypages"));
        let writer = create(&path, &LAYOUT).expect("is made");
        take_place(&writer, FIELDS, &path, &place).expect("takes its place");
        // A server that is killed here leaves these files.
        drop(writer);
        assert_eq!(check_log(&place), Ok(()));
        let log = folder.path().join("mypages-wal");
        assert_eq!(fs::metadata(&log).expect("is there").len(), 0);
        fs::remove_file(log).expect("is removed");
        let deleted = OpenProblem::Damaged("its log was deleted".to_owned());
        assert_eq!(check_log(&place), Err(deleted), "its header mentions a log");
    }
}
