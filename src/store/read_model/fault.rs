//! Errors of read models, and which of them mean that the file is damaged.

use rusqlite::{Error, ErrorCode, ffi};

/// Why a read model cannot be opened.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum OpenProblem {
    /// There is no file.
    #[error("there is none")]
    Missing,
    /// The layout of its rows differs from that of this binary.
    #[error("its rows have another shape")]
    OtherShape,
    /// The file cannot be read or trusted.
    #[error("it is damaged: {0}")]
    Damaged(String),
}

/// Why a read model cannot be read or written.
#[derive(Debug, thiserror::Error)]
#[error("the read model {name} failed: {reason}")]
pub struct ReadModelError {
    /// The name of the view.
    pub name: &'static str,
    /// The reason, as a sentence.
    pub reason: String,
}

/// Why one call failed.
#[derive(Debug)]
pub(super) enum Fault {
    /// The file does not have the content that was written; the sentence names the place.
    Damaged(String),
    /// `SQLite` or the disk failed.
    Sqlite(Error),
}

impl From<Error> for Fault {
    fn from(error: Error) -> Self {
        Self::Sqlite(error)
    }
}

impl Fault {
    /// Whether the file itself is damaged. A damaged file is rebuilt. Every other fault is the
    /// failure of one call, and implies nothing about the file.
    pub(super) fn is_damage(&self) -> bool {
        match self {
            Self::Damaged(_) => true,
            Self::Sqlite(error) => is_damage(error),
        }
    }

    /// The reason, as a sentence.
    pub(super) fn reason(&self) -> String {
        match self {
            Self::Damaged(reason) => reason.clone(),
            Self::Sqlite(error) => error.to_string(),
        }
    }
}

/// Whether `SQLite` reports that the bytes in the file are invalid, or that the disk does not
/// return them. A client cannot cause any of these codes with a query.
fn is_damage(error: &Error) -> bool {
    match error {
        Error::SqliteFailure(code, _) => {
            matches!(code.code, ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase)
                || matches!(
                    code.extended_code,
                    ffi::SQLITE_IOERR_READ
                        | ffi::SQLITE_IOERR_SHORT_READ
                        | ffi::SQLITE_IOERR_CORRUPTFS
                )
        }
        // All columns have fixed types, and a row that an index names exists.
        Error::InvalidColumnType(..)
        | Error::FromSqlConversionFailure(..)
        | Error::IntegralValueOutOfRange(..)
        | Error::Utf8Error(..)
        | Error::QueryReturnedNoRows => true,
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn failure(code: i32) -> Error {
        Error::SqliteFailure(ffi::Error::new(code), None)
    }

    #[test]
    fn only_codes_of_corruption_are_damage() {
        for code in [
            ffi::SQLITE_CORRUPT,
            ffi::SQLITE_CORRUPT_INDEX,
            ffi::SQLITE_CORRUPT_VTAB,
            ffi::SQLITE_NOTADB,
            ffi::SQLITE_IOERR_READ,
            ffi::SQLITE_IOERR_SHORT_READ,
        ] {
            assert!(is_damage(&failure(code)), "{code}");
        }
        for code in [
            ffi::SQLITE_ERROR,
            ffi::SQLITE_TOOBIG,
            ffi::SQLITE_NOMEM,
            ffi::SQLITE_FULL,
            ffi::SQLITE_BUSY,
            ffi::SQLITE_INTERRUPT,
            ffi::SQLITE_CANTOPEN,
            ffi::SQLITE_SCHEMA,
            ffi::SQLITE_READONLY,
            ffi::SQLITE_RANGE,
            ffi::SQLITE_MISUSE,
            ffi::SQLITE_IOERR_WRITE,
            ffi::SQLITE_IOERR_FSYNC,
        ] {
            assert!(!is_damage(&failure(code)), "{code}");
        }
    }
}
