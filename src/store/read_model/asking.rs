//! What is asked of the tables while they are read: one row, a count, the rows of a question.

use super::{
    row::FoundRow,
    search::{Search, Stretch},
};
use rusqlite::{Connection, OptionalExtension, params_from_iter, types::Value};

pub(super) fn body(connection: &Connection, number: u64) -> rusqlite::Result<Option<Vec<u8>>> {
    connection
        .prepare_cached("SELECT body FROM rows WHERE number = ?1")?
        .query_row([number.cast_signed()], |row| row.get(0))
        .optional()
}

pub(super) fn count(reader: &Connection, sql: &str, parameters: &[Value]) -> rusqlite::Result<u64> {
    let mut statement = reader.prepare_cached(sql)?;
    let count: i64 = statement.query_row(params_from_iter(parameters), |row| row.get(0))?;
    Ok(count.cast_unsigned())
}

pub(super) fn numbers_of(reader: &Connection, search: &Search) -> rusqlite::Result<Vec<i64>> {
    let mut statement = reader.prepare_cached(&search.select)?;
    statement.query_map(params_from_iter(&search.parameters), |row| row.get(0))?.collect()
}

/// The numbers of a stretch, when they follow from the least and the greatest.
pub(super) fn stretch_of(
    reader: &Connection,
    stretch: Stretch,
    total: u64,
) -> rusqlite::Result<Option<Vec<i64>>> {
    let sql = "SELECT (SELECT min(number) FROM rows), (SELECT max(number) FROM rows)";
    let ends: (Option<i64>, Option<i64>) =
        reader.prepare_cached(sql)?.query_row([], |row| Ok((row.get(0)?, row.get(1)?)))?;
    let (Some(least), Some(greatest)) = ends else { return Ok(Some(Vec::new())) };
    Ok(stretch.of(least, greatest, total))
}

pub(super) fn rows(reader: &Connection, numbers: &[i64]) -> rusqlite::Result<Vec<FoundRow>> {
    let mut statement = reader.prepare_cached("SELECT body FROM rows WHERE number = ?1")?;
    let row = |number: &i64| {
        let body = statement.query_row([number], |row| row.get(0))?;
        Ok(FoundRow { number: number.cast_unsigned(), body })
    };
    numbers.iter().map(row).collect()
}
