//! Writing of rows, with the cursor and the number of rows.

use super::{
    fault::Fault,
    owners, queries,
    row::RowChange,
    schema::{self, Layout},
    sums,
};
use rusqlite::{CachedStatement, Connection, Transaction, TransactionBehavior, types::Value};

/// The statements that write rows. They also store the number of rows, because a count of a million
/// rows is slow. A trigger would be slower: it copies every page before a change, in case the
/// statement fails half-way.
pub(super) struct Writing {
    insert: String,
    update: String,
    shape: String,
    /// Whether the rows are in the lists of their owners. A file that is being filled has none.
    lists_owners: bool,
}

impl Writing {
    /// Returns the statements for rows of this layout.
    pub(super) fn of(layout: &Layout, lists_owners: bool) -> Self {
        let (insert, update) = schema::insert_and_update(layout.fields);
        Self { insert, update, shape: layout.text(), lists_owners }
    }

    /// Whether the file is being filled.
    pub(super) const fn is_filling(&self) -> bool {
        !self.lists_owners
    }

    /// Writes rows (`None` deletes one) and the cursor, all or nothing.
    pub(super) fn write<'a>(
        &self,
        writer: &mut Connection,
        cursor: u64,
        changes: impl Iterator<Item = &'a (u64, Option<RowChange>)>,
    ) -> Result<(), Fault> {
        // The transaction begins as a write, although it reads first.
        let transaction = writer.transaction_with_behavior(TransactionBehavior::Immediate)?;
        let rows = queries::meta(&transaction)?.rows.cast_signed();
        let (added, deleted) = self.write_rows(&transaction, changes)?;
        if self.lists_owners {
            owners::settle(&transaction)?;
        }
        let (cursor, rows) = (cursor.cast_signed(), rows + added - deleted);
        let sum = sums::of_meta(cursor, rows, &self.shape);
        transaction
            .prepare_cached("UPDATE meta SET cursor = ?1, rows = ?2, sum = ?3")?
            .execute([cursor, rows, sum])?;
        Ok(transaction.commit()?)
    }

    /// Writes rows; returns how many were added and how many were deleted.
    fn write_rows<'a>(
        &self,
        transaction: &Transaction<'_>,
        changes: impl Iterator<Item = &'a (u64, Option<RowChange>)>,
    ) -> rusqlite::Result<(i64, i64)> {
        let mut insert = transaction.prepare_cached(&self.insert)?;
        let mut update = transaction.prepare_cached(&self.update)?;
        let mut delete = transaction.prepare_cached("DELETE FROM rows WHERE number = ?1")?;
        let last: Option<i64> = transaction
            .prepare_cached("SELECT max(number) FROM rows")?
            .query_row([], |row| row.get(0))?;
        let has_owners = self.lists_owners && owners::are_there(transaction)?;
        let (mut added, mut deleted) = (0, 0);
        for (number, change) in changes {
            let number = number.cast_signed();
            // A number beyond the last is new; most other numbers exist.
            let is_there = last.is_some_and(|last| number <= last);
            if self.lists_owners {
                let is_owned = is_there && has_owners;
                let before = if is_owned { owners::owner_of(transaction, number)? } else { None };
                let after = change.as_ref().and_then(RowChange::owner);
                owners::change(transaction, number, (before.as_deref(), after))?;
            }
            let Some(change) = change else {
                deleted += i64::from(delete.execute([number])? > 0);
                continue;
            };
            if !is_there || execute(&mut update, number, change)? == 0 {
                added += 1;
                execute(&mut insert, number, change)?;
            }
        }
        Ok((added, deleted))
    }
}

fn execute(
    statement: &mut CachedStatement<'_>,
    number: i64,
    change: &RowChange,
) -> rusqlite::Result<usize> {
    statement.raw_bind_parameter(1, Value::Integer(number))?;
    statement.raw_bind_parameter(2, sums::of_change(number, change))?;
    statement.raw_bind_parameter(3, &change.body)?;
    for (index, value) in change.values.iter().enumerate() {
        statement.raw_bind_parameter(index + 4, value)?;
    }
    statement.raw_execute()
}
