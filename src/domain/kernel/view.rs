//! The read model: a question answered in advance.

use super::{Hears, Message, Meta};

/// One row of an answer, kept exactly once for every fact that touches it.
///
/// Rows are disposable: delete them all, replay the journal, and the same rows come back.
pub trait View: Message {
    /// `business/name`: the path in URLs and the file on disk.
    const NAME: &'static str;

    /// Other names (without the business) under which clients find it.
    const ALIASES: &'static [&'static str] = &[];

    /// What it listens to.
    type Hears: Hears;

    /// The fields of the row, by their JSON names, that can be searched and sorted by.
    const FIELDS: &'static [Field];

    /// Whether the rows with the greatest numbers come first, unless asked otherwise.
    const NEWEST_FIRST: bool = false;

    /// To be raised when the same facts lead to other rows than before, so that rows made by an
    /// older binary are made anew. Fields that come, go or change their name are noticed without.
    const SHAPE: u32 = 0;

    /// Whether a row that is not there yet begins as the row of the largest number, to go on from
    /// it: a running balance. Such rows are numbered in the order they come, and none goes.
    const CONTINUES: bool = false;

    /// The number of the row that a fact touches, `None` when it touches none.
    fn key(heard: &Self::Hears, meta: &Meta) -> Option<u64>;

    /// Takes one fact into the row. `None` before is no row yet (with [`View::CONTINUES`]: no row
    /// at all), after is gone.
    fn fold(row: Option<Self>, heard: Self::Hears, meta: &Meta) -> Option<Self>;
}

/// A field that can be searched and sorted by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Field {
    /// Its JSON name.
    pub name: &'static str,
    /// How its values compare.
    pub kind: FieldKind,
}

/// How the values of a field compare.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FieldKind {
    /// It is the number of the row itself, by equality and range.
    Key,
    /// As text, by equality.
    Text,
    /// As whole numbers, by equality and range.
    Number,
    /// As milliseconds since the epoch, by equality and range.
    Time,
}

impl Field {
    /// A field that is the number of the row itself; it needs no index of its own.
    #[must_use]
    pub const fn key(name: &'static str) -> Self {
        Self { name, kind: FieldKind::Key }
    }

    /// A field compared as text.
    #[must_use]
    pub const fn text(name: &'static str) -> Self {
        Self { name, kind: FieldKind::Text }
    }

    /// A field compared as a whole number.
    #[must_use]
    pub const fn number(name: &'static str) -> Self {
        Self { name, kind: FieldKind::Number }
    }

    /// A field compared as a time.
    #[must_use]
    pub const fn time(name: &'static str) -> Self {
        Self { name, kind: FieldKind::Time }
    }
}
