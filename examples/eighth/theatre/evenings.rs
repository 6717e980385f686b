//! What the usher looks at: the orders of an evening.

use super::{Order, Tickets};
use madang::domain::kernel::{
    prelude::*,
    sale::Event::{self, Placed},
};

/// A row: one order.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Evenings {
    id: Id<Order>,
    guest: Text,
    evening: Date,
    seats: Quantity,
    status: Text,
}

impl View for Evenings {
    const NAME: &'static str = "theatre/evenings";
    const FIELDS: &'static [Field] =
        fields!(key "id"; text "guest", "status"; date "evening"; number "seats");
    const LINKS: &'static [Link] = &[Link::to::<Order>("order", "id")];
    type Events = (Id<Order>, Event<Tickets>);

    fn fold(row: Option<Self>, (id, event): Self::Events, _: &Meta) -> Option<Self> {
        let (row, status) = (row.unwrap_or_default(), event.status_word().into());
        Some(match event {
            Placed { goods: Tickets { guest, evening, seats }, .. } => {
                Self { id, guest, evening, seats, status }
            }
            _ => Self { status, ..row },
        })
    }
}
