//! What clients are answered.

use super::possible::Possible;

/// One aggregate as it is shown.
#[derive(Clone, Debug)]
pub struct Reply {
    /// What became of the request.
    pub outcome: Outcome,
    /// Its number.
    pub number: u64,
    /// Its version.
    pub version: u32,
    /// The journal's position of its last record.
    pub position: u64,
    /// The representation: a JSON object, encoded, without links.
    pub body: Vec<u8>,
    /// The named commands possible now.
    pub possible: Possible,
}

/// What became of a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// There is a new one, and it stands: 201. Also for `POST` on a collection that says again what is so.
    Created,
    /// It is so: 200.
    Done,
    /// It is stored, and will be finished: 202.
    Pending,
}

/// A page of aggregates or rows, and how many there are in all.
#[derive(Clone, Debug)]
pub struct Collection<T> {
    /// Those of this page.
    pub items: Vec<T>,
    /// How many there are on all pages.
    pub total: u64,
}

/// A row of a view.
#[derive(Clone, Debug)]
pub struct Row {
    /// Its number, which is its path.
    pub number: u64,
    /// A JSON object, encoded.
    pub body: Vec<u8>,
}
