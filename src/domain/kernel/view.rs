//! The view (read model): rows precomputed from the journal for queries.

use super::{Aggregate, EventSet, Filter, Message, Meta, Readers, field_names};

/// One row of a view; each event that changes the row is applied exactly once.
///
/// Rows are disposable: after all are deleted, a replay of the journal restores the same rows.
///
/// ```
/// use madang::domain::{kernel::prelude::*, rental::order::{Event, Order}};
///
/// /// The amount of an order, and whether it was paid.
/// #[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
/// struct Sale { amount: Money, paid: bool }
///
/// impl View for Sale {
///     const NAME: &'static str = "rental/sales";
///     const FIELDS: &'static [Field] = fields!(number "amount");
///     type Events = (Id<Order>, Event);
///
///     fn fold(row: Option<Self>, (_, event): Self::Events, _: &Meta) -> Option<Self> {
///         match event {
///             Event::Placed { amount, .. } => Some(Self { amount, paid: false }),
///             Event::Paid { .. } => row.map(|row| Self { paid: true, ..row }),
///             Event::Rejected { .. } | Event::Cancelled { .. } => None, // removes the row
///             _ => row,
///         }
///     }
/// }
/// ```
pub trait View: Message {
    /// The name, `business/name`: the path in URLs and the file on disk.
    const NAME: &'static str;

    /// Other names (without the business) under which clients find it.
    const ALIASES: &'static [&'static str] = &[];

    /// The events that the view receives.
    type Events: EventSet;

    /// The fields of the row, by their JSON names, that can be searched and sorted by.
    const FIELDS: &'static [Field];

    /// The links of a row, to what it is about. A link is left out while its field is `null`.
    const LINKS: &'static [Link] = &[];

    /// Who may read the rows. It counts once identity is configured.
    const READERS: Readers = Readers::Owner;

    /// Whether the rows with the greatest numbers come first, unless the query sorts otherwise.
    const NEWEST_FIRST: bool = false;

    /// The version of the fold. Raise it when the same events lead to other rows than before, so
    /// that rows written by an older binary are rebuilt. Added, removed and renamed fields are
    /// detected without it.
    const SHAPE: u32 = 0;

    /// The number of the row that an event changes, `None` when it changes none. By default it is the
    /// number of the aggregate. A view whose events change several rows implements [`View::keys`]
    /// instead.
    fn key(heard: &Self::Events, _meta: &Meta) -> Option<u64> {
        Some(heard.number())
    }

    /// The numbers of the rows that an event changes; by default the one of [`View::key`]. The rows
    /// of a calendar are its days, and a booking changes one for each night. All are written in one
    /// transaction, so that a reader sees all of them or none.
    #[must_use]
    fn keys(heard: &Self::Events, meta: &Meta) -> Vec<u64> {
        Self::key(heard, meta).into_iter().collect()
    }

    /// The condition on the rows that a new row continues, such as a running balance: it starts as a
    /// copy of the one with the largest number that meets the condition. `None`: it starts empty.
    ///
    /// The rows of such a view are numbered in the order they are created, and none is removed. A
    /// row meets the condition under which it was started, and no condition of other events.
    fn continues(_heard: &Self::Events) -> Option<Filter> {
        None
    }

    /// Applies one event to the row. The argument `None` means that there is no row yet, and none
    /// that the new row [continues](View::continues). The result `None` removes the row. A view whose
    /// events change several rows implements [`View::fold_row`] instead.
    fn fold(row: Option<Self>, _heard: Self::Events, _meta: &Meta) -> Option<Self> {
        row
    }

    /// Applies one event to the row of this number, one of [`View::keys`]; by default as
    /// [`View::fold`].
    fn fold_row(_number: u64, row: Option<Self>, heard: Self::Events, meta: &Meta) -> Option<Self> {
        Self::fold(row, heard, meta)
    }
}

/// Returns one sentence for each field that is searchable or linked and that the rows do not have.
#[must_use]
pub fn wrong_names<V: View>() -> Vec<String> {
    let columns = field_names::<V>();
    let fields = V::FIELDS.iter().filter(|field| field.kind != FieldKind::Key);
    let searchable = fields.map(|field| (field.name, "searchable"));
    let linked = V::LINKS.iter().map(|link| (link.field, "linked"));
    let wrong =
        searchable.chain(linked).filter(|(name, _)| !columns.is_empty() && !columns.contains(name));
    wrong
        .map(|(name, what)| {
            let (view, there_are) = (V::NAME, columns.join(", "));
            format!("{view}: the field `{name}` is {what} and not in a row; there are {there_are}")
        })
        .collect()
}

/// A link of a row, in its `_links`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Link {
    /// Its name in the row.
    pub name: &'static str,
    /// The kind that it leads to.
    pub to: LinkTarget,
    /// The JSON name of the field with the number.
    pub field: &'static str,
}

/// The kinds that a row can link to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LinkTarget {
    /// Aggregates of this name, `business/resource`.
    Aggregate(&'static str),
    /// The conversations of the business.
    Conversation,
}

impl Link {
    /// A link to the `A` whose number is in this field.
    #[must_use]
    pub const fn to<A: Aggregate>(name: &'static str, field: &'static str) -> Self {
        Self { name, to: LinkTarget::Aggregate(A::NAME), field }
    }

    /// A link to the conversation whose number is in this field.
    #[must_use]
    pub const fn to_conversation(field: &'static str) -> Self {
        Self { name: "conversation", to: LinkTarget::Conversation, field }
    }
}

/// A field that can be searched and sorted by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Field {
    /// Its JSON name.
    pub name: &'static str,
    /// The kind of comparison of its values.
    pub kind: FieldKind,
    /// Whether an index finds the rows of a value.
    pub is_indexed: bool,
}

/// The kinds of comparison of the values of a field.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FieldKind {
    /// As the number of the row itself, by equality and range.
    Key,
    /// As text, by equality.
    Text,
    /// As whole numbers, by equality and range.
    Number,
    /// As milliseconds since the epoch, by equality and range.
    Time,
    /// As calendar dates, by equality and range.
    Date,
}

impl Field {
    /// A field that is the number of the row itself; it needs no index of its own.
    #[must_use]
    pub const fn key(name: &'static str) -> Self {
        Self { name, kind: FieldKind::Key, is_indexed: false }
    }

    /// A field compared as text.
    #[must_use]
    pub const fn text(name: &'static str) -> Self {
        Self::indexed(name, FieldKind::Text)
    }

    /// A field compared as text that has a few different values, such as a grade. Most rows of a
    /// page match any of them, so an index would cost each write and help no query.
    #[must_use]
    pub const fn choice(name: &'static str) -> Self {
        Self { name, kind: FieldKind::Text, is_indexed: false }
    }

    /// A field compared as a whole number.
    #[must_use]
    pub const fn number(name: &'static str) -> Self {
        Self::indexed(name, FieldKind::Number)
    }

    /// A field compared as a calendar [`Date`](super::Date).
    #[must_use]
    pub const fn date(name: &'static str) -> Self {
        Self::indexed(name, FieldKind::Date)
    }

    /// A field compared as a time.
    #[must_use]
    pub const fn time(name: &'static str) -> Self {
        Self::indexed(name, FieldKind::Time)
    }

    const fn indexed(name: &'static str, kind: FieldKind) -> Self {
        Self { name, kind, is_indexed: true }
    }
}

/// The fields of a view that can be searched and sorted by, grouped by their kinds:
/// `fields!(key "id", "orderId"; text "status"; time "orderedAt")`.
#[macro_export]
macro_rules! fields {
    ($($kind:ident $($name:literal),+);+ $(;)?) => {
        &[$($($crate::domain::kernel::Field::$kind($name)),+),+]
    };
}
