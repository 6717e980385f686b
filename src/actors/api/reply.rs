//! The replies to clients.

use super::available_commands::Possible;

/// An aggregate as clients see it.
#[derive(Clone, Debug)]
pub struct Reply {
    /// The outcome of the request.
    pub outcome: Outcome,
    /// The number of the aggregate.
    pub number: u64,
    /// The version of the aggregate.
    pub version: u32,
    /// The position of its last record in the journal.
    pub position: u64,
    /// The representation: a JSON object, encoded, without links.
    pub body: Vec<u8>,
    /// The names of the commands that are available now.
    pub available_commands: Possible,
}

/// The outcome of a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// 201: the aggregate is created. Also for a repeated `POST` on a collection whose aggregate
    /// exists.
    Created,
    /// 200: the command is done.
    Done,
    /// 202: the command is stored, and will be finished later.
    Pending,
}

/// A page of aggregates or rows, with their total number.
#[derive(Clone, Debug)]
pub struct Collection<T> {
    /// The items of this page.
    pub items: Vec<T>,
    /// The number of items on all pages.
    pub total: u64,
}

/// A row of a view.
#[derive(Clone, Debug)]
pub struct Row {
    /// The number of the row, which is its path.
    pub number: u64,
    /// The content: a JSON object, encoded.
    pub body: Vec<u8>,
}
