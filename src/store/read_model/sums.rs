//! Checksums of rows and of the table `meta`, written with them and compared at each read.
//!
//! A CRC-32 detects every single flipped bit. It covers the number of a row, its searchable fields
//! and its body, so that no row can be mistaken for another.

use super::row::RowChange;
use crc32fast::Hasher;
use rusqlite::{Row, types::ValueRef};
use std::ops::Range;

/// The checksum of a row that is about to be written.
pub(super) fn of_change(number: i64, change: &RowChange) -> i64 {
    let mut hasher = begin(number);
    for value in &change.values {
        add(&mut hasher, ValueRef::from(value));
    }
    end(hasher, &change.body)
}

/// The checksum of a row that was read: its fields begin in this column.
pub(super) fn of_row(
    number: i64,
    body: &[u8],
    row: &Row<'_>,
    fields: Range<usize>,
) -> rusqlite::Result<i64> {
    let mut hasher = begin(number);
    for column in fields {
        add(&mut hasher, row.get_ref(column)?);
    }
    Ok(end(hasher, body))
}

/// The checksum of the table `meta`.
pub(super) fn of_meta(cursor: i64, rows: i64, shape: &str) -> i64 {
    let mut hasher = Hasher::new();
    hasher.update(&cursor.to_le_bytes());
    hasher.update(&rows.to_le_bytes());
    hasher.update(shape.as_bytes());
    hasher.finalize().into()
}

fn begin(number: i64) -> Hasher {
    let mut hasher = Hasher::new();
    hasher.update(&number.to_le_bytes());
    hasher
}

fn end(mut hasher: Hasher, body: &[u8]) -> i64 {
    hasher.update(body);
    hasher.finalize().into()
}

fn add(hasher: &mut Hasher, field: ValueRef<'_>) {
    match field {
        ValueRef::Null => hasher.update(&[0]),
        ValueRef::Integer(value) => {
            hasher.update(&[1]);
            hasher.update(&value.to_le_bytes());
        }
        ValueRef::Real(value) => {
            hasher.update(&[2]);
            hasher.update(&value.to_bits().to_le_bytes());
        }
        ValueRef::Text(bytes) => text(hasher, 3, bytes),
        ValueRef::Blob(bytes) => text(hasher, 4, bytes),
    }
}

fn text(hasher: &mut Hasher, tag: u8, bytes: &[u8]) {
    hasher.update(&[tag]);
    hasher.update(&(bytes.len() as u64).to_le_bytes());
    hasher.update(bytes);
}
