//! The lists of the rows of each owner, in two tables.
//!
//! `owned` is in order of owner, so one list is read at once. Rows that come one after the other
//! belong to different owners, and each of them would change another page of it. So they come into
//! `owned_new` first, which is in order of number, and go over to `owned` together. A list is what
//! both tables have.

use super::fault::Fault;
use rusqlite::{Connection, OptionalExtension as _, Transaction};

/// The number of rows in `owned_new` at which they go over to `owned`. A query for one owner reads
/// at most as many.
const NEW_ROWS_MAX: i64 = 8_192;

/// The statements that create the tables.
pub(super) const TABLES: [&str; 2] = [
    "CREATE TABLE owned (owner TEXT NOT NULL, number INTEGER NOT NULL, \
     PRIMARY KEY (owner, number)) WITHOUT ROWID",
    "CREATE TABLE owned_new (number INTEGER PRIMARY KEY, owner TEXT NOT NULL)",
];

/// The numbers of an owner's rows. It takes the owner twice.
pub(super) const LIST: &str = "(SELECT number FROM owned WHERE owner = ? \
                               UNION ALL SELECT number FROM owned_new WHERE owner = ?)";

/// Fills the lists of rows that were written without.
pub(super) const FILL: &str = "INSERT INTO owned \
     SELECT owner, number FROM rows WHERE owner IS NOT NULL ORDER BY owner, number";

/// Whether a row has an owner. Without configured identity none has.
pub(super) fn are_there(transaction: &Transaction<'_>) -> rusqlite::Result<bool> {
    let select = "SELECT EXISTS (SELECT 1 FROM owned) OR EXISTS (SELECT 1 FROM owned_new)";
    transaction.prepare_cached(select)?.query_row([], |row| row.get(0))
}

/// Returns the owner that a row has in the file.
pub(super) fn owner_of(
    transaction: &Transaction<'_>,
    number: i64,
) -> rusqlite::Result<Option<String>> {
    let select = "SELECT owner FROM rows WHERE number = ?1";
    let found = transaction.prepare_cached(select)?.query_row([number], |row| row.get(0));
    Ok(found.optional()?.flatten())
}

/// Changes the lists for a row that is about to be written. `before` is the owner that the row has
/// in the file, and `after` is the one that it gets.
pub(super) fn change(
    transaction: &Transaction<'_>,
    number: i64,
    (before, after): (Option<&str>, Option<&str>),
) -> rusqlite::Result<()> {
    if before == after {
        return Ok(());
    }
    if let Some(owner) = before {
        unlist(transaction, number, owner)?;
    }
    if let Some(owner) = after {
        let insert = "INSERT INTO owned_new (number, owner) VALUES (?1, ?2)";
        transaction.prepare_cached(insert)?.execute((number, owner))?;
    }
    Ok(())
}

fn unlist(transaction: &Transaction<'_>, number: i64, owner: &str) -> rusqlite::Result<()> {
    let delete = "DELETE FROM owned_new WHERE number = ?1";
    if transaction.prepare_cached(delete)?.execute([number])? == 0 {
        let delete = "DELETE FROM owned WHERE owner = ?1 AND number = ?2";
        transaction.prepare_cached(delete)?.execute((owner, number))?;
    }
    Ok(())
}

/// Moves the rows in `owned_new` over to `owned`, when there are many.
pub(super) fn settle(transaction: &Transaction<'_>) -> rusqlite::Result<()> {
    let count = "SELECT count(*) FROM owned_new";
    let new: i64 = transaction.prepare_cached(count)?.query_row([], |row| row.get(0))?;
    if new >= NEW_ROWS_MAX {
        transaction.execute_batch(
            "INSERT INTO owned SELECT owner, number FROM owned_new ORDER BY owner, number;
             DELETE FROM owned_new",
        )?;
    }
    Ok(())
}

/// Compares the lists with the rows.
pub(super) fn check(reader: &Connection) -> Result<(), Fault> {
    let unlisted = "SELECT number FROM rows WHERE owner IS NOT NULL \
         AND NOT EXISTS (SELECT 1 FROM owned \
                         WHERE owned.owner = rows.owner AND owned.number = rows.number) \
         AND NOT EXISTS (SELECT 1 FROM owned_new \
                         WHERE owned_new.owner = rows.owner AND owned_new.number = rows.number) \
         LIMIT 1";
    let unlisted: Option<i64> = reader.query_row(unlisted, [], |row| row.get(0)).optional()?;
    if let Some(number) = unlisted {
        return Err(Fault::Damaged(format!("row {number} is not in the list of its owner")));
    }
    let counts = "SELECT (SELECT count(*) FROM rows WHERE owner IS NOT NULL), \
         (SELECT count(*) FROM owned) + (SELECT count(*) FROM owned_new)";
    let (owned, listed): (i64, i64) =
        reader.query_row(counts, [], |row| Ok((row.get(0)?, row.get(1)?)))?;
    if owned == listed {
        return Ok(());
    }
    Err(Fault::Damaged(format!(
        "rows with an owner: {owned}, rows in the lists of owners: {listed}"
    )))
}
