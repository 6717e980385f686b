//! A question to a read model whose answer becomes a command: the cheapest taxi, the idlest clerk.

use super::{Dispatch, Hears, Meta, View};

/// The pure half of a question that only a read model can answer.
///
/// The host waits until the view has seen the fact itself, asks, and gives the command. The
/// view may already be overtaken when the command arrives; the aggregate it is for decides.
pub trait Lookup: 'static {
    /// `business/name`. Never changes once written.
    const NAME: &'static str;

    /// What it listens to.
    type Hears: Hears;

    /// The view that is asked.
    type View: View;

    /// What has to be looked up because of a fact; `None` when nothing.
    fn question(heard: &Self::Hears, meta: &Meta) -> Option<Query>;

    /// What the rows found mean, best first: the command to give, and to whom.
    fn found(heard: &Self::Hears, meta: &Meta, rows: &[(u64, Self::View)]) -> Dispatch;
}

/// Which rows are wanted, of those a view keeps.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Query {
    /// All of these must hold.
    pub filters: Vec<Filter>,
    /// The field to sort by, smallest first; the row's number breaks ties.
    pub sort: Option<&'static str>,
    /// At most this many rows.
    pub rows_max: usize,
}

/// A condition on one searchable field.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Filter {
    /// The field is this number.
    Equals(&'static str, u64),
    /// The field is this number or greater.
    AtLeast(&'static str, u64),
    /// The field is this text.
    Is(&'static str, String),
}
