//! The parts of a journal that a backup reads, one page at a time.

use crate::store::types::{KindId, Stream};
use std::fmt;

/// The part of a journal that a page holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Part {
    /// The state beside the records, as of one position.
    State,
    /// Some records after a position, none past the second one.
    Records {
        /// The last position that is not wanted.
        after: u64,
        /// The last position that is wanted.
        to: u64,
    },
    /// Some answers under idempotency keys, in the order of the hashes of their keys.
    Answers {
        /// The last hash that is not wanted; `None` for the first page.
        after: Option<u128>,
    },
    /// Some snapshots, in the order of their streams. A backup does not hold them; the check before
    /// an upgrade reads them.
    Snapshots {
        /// The last stream that is not wanted; `None` for the first page.
        after: Option<Stream>,
    },
}

impl Part {
    /// Reads the text that [`fmt::Display`] writes; `None` for any other text.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let part = match text.split('&').collect::<Vec<_>>()[..] {
            ["part=state"] => Self::State,
            ["part=records", after, to] => Self::Records {
                after: after.strip_prefix("after=")?.parse().ok()?,
                to: to.strip_prefix("to=")?.parse().ok()?,
            },
            ["part=answers"] => Self::Answers { after: None },
            ["part=answers", after] => {
                let digits = after.strip_prefix("after=")?;
                Self::Answers { after: Some(u128::from_str_radix(digits, 16).ok()?) }
            }
            ["part=snapshots"] => Self::Snapshots { after: None },
            ["part=snapshots", after] => {
                let (kind, number) = after.strip_prefix("after=")?.split_once('.')?;
                let (kind, number) = (KindId(kind.parse().ok()?), number.parse().ok()?);
                Self::Snapshots { after: Some(Stream { kind, number }) }
            }
            _ => return None,
        };
        (part.to_string() == text).then_some(part)
    }
}

/// The form of a query in an address.
impl fmt::Display for Part {
    fn fmt(&self, to: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::State => to.write_str("part=state"),
            Self::Records { after, to: last } => {
                write!(to, "part=records&after={after}&to={last}")
            }
            Self::Answers { after: None } => to.write_str("part=answers"),
            Self::Answers { after: Some(after) } => write!(to, "part=answers&after={after:x}"),
            Self::Snapshots { after: None } => to.write_str("part=snapshots"),
            Self::Snapshots { after: Some(Stream { kind, number }) } => {
                write!(to, "part=snapshots&after={}.{number}", kind.0)
            }
        }
    }
}
