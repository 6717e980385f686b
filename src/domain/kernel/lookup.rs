//! The lookup: a query to a view whose result becomes a command, such as the cheapest taxi.

use super::{Dispatch, EventSet, Meta, View};

/// The pure half of a lookup.
///
/// The host waits until the view has applied the event, queries the view and dispatches the
/// command. The result may be outdated when the command arrives; the aggregate decides then.
///
/// ```
/// use madang::domain::{
///     kernel::prelude::*,
///     rental::{availability::Availability, order::{Command, Event, Order}},
/// };
///
/// /// Looks for a kind of car that can be rented, once an order is paid.
/// struct AnyCar;
///
/// impl Lookup for AnyCar {
///     const NAME: &'static str = "rental/any-car";
///     type Events = (Id<Order>, Event);
///     type View = Availability;
///
///     fn query((_, event): &Self::Events, _: &Meta) -> Option<Query> {
///         let Event::Paid { rent } = event else { return None };
///         let filters = vec![Filter::AtLeast("rentable", rent.quantity.0.into())];
///         Some(Query { filters, sort: Some("rentable"), rows_max: 1 })
///     }
///
///     fn on_rows((order, _): &Self::Events, _: &Meta, rows: &[(u64, Self::View)]) -> Dispatch {
///         let command = match rows {
///             [] => Command::Refuse { reason: "no car can be rented".to_owned() },
///             _ => Command::Confirm,
///         };
///         Dispatch::new(*order, command)
///     }
/// }
/// ```
pub trait Lookup: 'static {
    /// The name, `business/name`. It never changes once written to a journal.
    const NAME: &'static str;

    /// The events that the lookup receives.
    type Events: EventSet;

    /// The view that is queried.
    type View: View;

    /// The query that an event requires; `None` when it requires none.
    fn query(heard: &Self::Events, meta: &Meta) -> Option<Query>;

    /// The command that follows from the rows found (best first), with its address.
    fn on_rows(heard: &Self::Events, meta: &Meta, rows: &[(u64, Self::View)]) -> Dispatch;
}

/// A selection of rows of a view.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Query {
    /// The conditions; a row must meet all of them.
    pub filters: Vec<Filter>,
    /// The field to sort by, smallest first; the row's number breaks ties.
    pub sort: Option<&'static str>,
    /// The largest number of rows returned.
    pub rows_max: usize,
}

/// A condition on one searchable field.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Filter {
    /// The field is this number.
    Equals(&'static str, u64),
    /// The field is this number or greater.
    AtLeast(&'static str, u64),
    /// The field is this text.
    Is(&'static str, String),
    /// The field is one of these texts.
    IsOneOf(&'static str, Vec<String>),
}
