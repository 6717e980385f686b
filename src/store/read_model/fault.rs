//! Why a read model cannot be read or written, and which of the reasons mean that its file is damaged.

use rusqlite::{Error, ErrorCode, ffi};

/// Why there is no read model in a place.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum OpenProblem {
    /// There is no file.
    #[error("there is none")]
    Missing,
    /// Its rows look different from those of this binary.
    #[error("its rows have another shape")]
    OtherShape,
    /// It cannot be read, or not be trusted.
    #[error("it is damaged: {0}")]
    Damaged(String),
}

/// The read model cannot be read or written.
#[derive(Debug, thiserror::Error)]
#[error("the read model {name} failed: {because}")]
pub struct ReadModelError {
    /// Which.
    pub name: &'static str,
    /// The reason, as a sentence.
    pub because: String,
}

/// Why one call came to nothing.
#[derive(Debug)]
pub(super) enum Fault {
    /// The file does not hold what was written to it; the sentence says where.
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
    /// Whether the file itself is what is wrong: then it is made anew. Everything else is the
    /// failure of one call, and says nothing about the file.
    pub(super) fn is_damage(&self) -> bool {
        match self {
            Self::Damaged(_) => true,
            Self::Sqlite(error) => is_damage(error),
        }
    }

    /// The reason, as a sentence.
    pub(super) fn because(&self) -> String {
        match self {
            Self::Damaged(because) => because.clone(),
            Self::Sqlite(error) => error.to_string(),
        }
    }
}

/// The codes of `SQLite` that say that the bytes in the file make no sense, or that the disk does
/// not give them back. A client cannot cause any of them with a query.
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
        // The types of all columns are fixed, and a row that an index names is there.
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
