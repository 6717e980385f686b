//! Queries to the tables: one row, a count, the rows of a search.

use super::{
    fault::Fault,
    row::FoundRow,
    search::{DenseRange, Search},
    sums,
};
use rusqlite::{Connection, Row, Statement, params_from_iter};

/// The content of the table `meta`.
pub(super) struct Meta {
    /// The position up to which all records are in the rows.
    pub(super) cursor: u64,
    /// The number of rows.
    pub(super) rows: u64,
}

/// Reads the table `meta`; fails when it does not have the content that was written.
pub(super) fn meta(connection: &Connection) -> Result<Meta, Fault> {
    let mut statement = connection.prepare_cached("SELECT cursor, rows, shape, sum FROM meta")?;
    let mut found = statement.query([])?;
    let gone = || Fault::Damaged("the table `meta` is empty".to_owned());
    let row = found.next()?.ok_or_else(gone)?;
    let (cursor, rows, sum): (i64, i64, i64) = (row.get(0)?, row.get(1)?, row.get(3)?);
    let shape = row.get_ref(2)?.as_str().unwrap_or_default();
    if sums::of_meta(cursor, rows, shape) != sum {
        return Err(Fault::Damaged("the table `meta` is not as it was written".to_owned()));
    }
    Ok(Meta { cursor: cursor.cast_unsigned(), rows: rows.cast_unsigned() })
}

/// Returns a row read with [`select`](super::schema::select); fails when it does not have the
/// content that was written.
pub(super) fn checked(row: &Row<'_>, columns: usize) -> Result<FoundRow, Fault> {
    let (number, sum): (i64, i64) = (row.get(0)?, row.get(1)?);
    let body: Vec<u8> = row.get(2)?;
    if sums::of_row(number, &body, row, 3..columns)? != sum {
        return Err(Fault::Damaged(format!("row {number} is not as it was written")));
    }
    let owner: Option<String> = row.get(columns - 1)?;
    let owner = owner.map(String::into_boxed_str);
    Ok(FoundRow { number: number.cast_unsigned(), body, owner })
}

/// Reads the row of this number with the [statement for one](super::schema::select_one).
pub(super) fn row(
    connection: &Connection,
    select_one: &str,
    number: u64,
) -> Result<Option<FoundRow>, Fault> {
    row_of(&mut *connection.prepare_cached(select_one)?, number.cast_signed())
}

fn row_of(select_one: &mut Statement<'_>, number: i64) -> Result<Option<FoundRow>, Fault> {
    let columns = select_one.column_count();
    let mut rows = select_one.query([number])?;
    rows.next()?.map(|row| checked(row, columns)).transpose()
}

/// Counts the rows a search finds: all, or those that meet its conditions.
pub(super) fn count(reader: &Connection, search: &Search) -> Result<u64, Fault> {
    let Some(sql) = &search.count else { return Ok(meta(reader)?.rows) };
    let mut statement = reader.prepare_cached(sql)?;
    let count: i64 = statement.query_row(params_from_iter(&search.conditions), |row| row.get(0))?;
    Ok(count.cast_unsigned())
}

pub(super) fn numbers_of(reader: &Connection, search: &Search) -> Result<Vec<i64>, Fault> {
    let mut statement = reader.prepare_cached(&search.select)?;
    let numbers = statement.query_map(params_from_iter(&search.parameters), |row| row.get(0))?;
    Ok(numbers.collect::<rusqlite::Result<_>>()?)
}

/// Returns the numbers of a dense range, when they follow from the least and the greatest number.
pub(super) fn dense_range_of(
    reader: &Connection,
    dense_range: DenseRange,
    total: u64,
) -> Result<Option<Vec<i64>>, Fault> {
    let sql = "SELECT (SELECT min(number) FROM rows), (SELECT max(number) FROM rows)";
    let ends: (Option<i64>, Option<i64>) =
        reader.prepare_cached(sql)?.query_row([], |row| Ok((row.get(0)?, row.get(1)?)))?;
    let (Some(least), Some(greatest)) = ends else { return Ok(Some(Vec::new())) };
    Ok(dense_range.of(least, greatest, total))
}

/// Reads the rows of these numbers with the [statement for one](super::schema::select_one).
pub(super) fn rows(
    reader: &Connection,
    select_one: &str,
    numbers: &[i64],
) -> Result<Vec<FoundRow>, Fault> {
    let mut select_one = reader.prepare_cached(select_one)?;
    let found = |number: &i64| {
        let found = row_of(&mut select_one, *number)?;
        found.ok_or_else(|| Fault::Damaged(format!("row {number} is found, but is not there")))
    };
    numbers.iter().map(found).collect()
}

/// Reads every row in order of number with this statement.
pub(super) fn each(
    reader: &Connection,
    select: &str,
    each: &mut dyn FnMut(FoundRow),
) -> Result<(), Fault> {
    let mut statement = reader.prepare(&format!("{select} ORDER BY number"))?;
    let columns = statement.column_count();
    let mut rows = statement.query([])?;
    while let Some(row) = rows.next()? {
        each(checked(row, columns)?);
    }
    Ok(())
}
