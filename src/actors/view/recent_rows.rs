//! The rows that a projector has in memory between transactions.

use crate::store::Subject;
use std::collections::HashMap;

/// A row and the subject of the customer to whom it belongs.
pub struct OwnedRow<R> {
    pub row: R,
    pub owner: Option<Subject>,
}

/// What is in memory about a row.
pub enum Taken<R> {
    /// Nothing: the row has to be read from the file.
    Unknown,
    /// The row, or that there is none.
    Known(Option<OwnedRow<R>>),
}

/// The rows that were changed last. It knows of most other numbers that they have no row, because
/// most rows are new, and needs no query for them.
pub struct RecentRows<R> {
    rows: HashMap<u64, Option<OwnedRow<R>>>,
    /// The largest number of a row that may be in the file and not here, once it is known. The rows
    /// of new aggregates do not come in order of number.
    largest_elsewhere: Option<u64>,
}

impl<R> Default for RecentRows<R> {
    fn default() -> Self {
        Self { rows: HashMap::new(), largest_elsewhere: None }
    }
}

impl<R> RecentRows<R> {
    /// Takes a row out, to be changed. `largest` reads the largest number in the file.
    pub fn take(
        &mut self,
        number: u64,
        largest: impl FnOnce() -> Result<u64, String>,
    ) -> Result<Taken<R>, String> {
        let largest = match self.largest_elsewhere {
            Some(largest) => largest,
            None => *self.largest_elsewhere.insert(largest()?),
        };
        Ok(match self.rows.remove(&number) {
            Some(row) => Taken::Known(row),
            None if number > largest => Taken::Known(None),
            None => Taken::Unknown,
        })
    }

    /// Puts a changed row in; `None` for one that was deleted.
    pub fn put(&mut self, number: u64, row: Option<OwnedRow<R>>) {
        self.rows.insert(number, row);
    }

    /// Returns a row that was put in.
    pub fn get(&self, number: u64) -> Option<&OwnedRow<R>> {
        self.rows.get(&number)?.as_ref()
    }

    /// Returns the number of rows in memory, with those that were deleted.
    pub fn len(&self) -> usize {
        self.rows.len()
    }

    /// Drops the rows when there are more than this, once all are in the file. Returns whether it
    /// did.
    pub fn trim(&mut self, rows_max: usize) -> bool {
        let is_over = self.rows.len() > rows_max;
        if is_over {
            self.largest_elsewhere = self.largest_elsewhere.max(self.rows.keys().max().copied());
            self.rows.clear();
        }
        is_over
    }

    /// Drops everything, because the rows may differ from the file.
    pub fn forget(&mut self) {
        *self = Self::default();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn put(rows: &mut RecentRows<&'static str>, number: u64, row: &'static str) {
        rows.put(number, Some(OwnedRow { row, owner: None }));
    }

    /// What is known of a row: its content, or `none`; nothing is `?`.
    fn known(rows: &mut RecentRows<&'static str>, number: u64) -> &'static str {
        match rows.take(number, || Ok(7)).expect("readable") {
            Taken::Unknown => "?",
            Taken::Known(row) => row.map_or("none", |found| found.row),
        }
    }

    #[test]
    fn new_rows_in_any_order_need_no_query() {
        let mut rows = RecentRows::default();
        assert_eq!(known(&mut rows, 7), "?", "it may be in the file");
        assert_eq!(known(&mut rows, 9), "none");
        put(&mut rows, 9, "nine");
        assert_eq!(known(&mut rows, 8), "none", "a greater number came before");
        assert_eq!(known(&mut rows, 9), "nine");
        rows.put(9, None);
        assert_eq!((known(&mut rows, 9), rows.get(8).is_none()), ("none", true));
    }

    #[test]
    fn a_row_that_has_left_the_memory_is_read_from_the_file() {
        let mut rows = RecentRows::default();
        for number in [9, 8] {
            assert_eq!(known(&mut rows, number), "none");
            put(&mut rows, number, "some");
        }
        assert!(!rows.trim(2) && rows.trim(1));
        assert_eq!((known(&mut rows, 9), known(&mut rows, 8)), ("?", "?"));
        assert_eq!(known(&mut rows, 10), "none");
        rows.forget();
        assert_eq!(known(&mut rows, 8), "none", "the file says what its largest number is");
        let again = rows.take(3, || Ok(2));
        assert!(matches!(again, Ok(Taken::Unknown)), "it is asked once");
    }
}
