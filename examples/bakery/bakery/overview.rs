//! What a customer looks at: the orders with their status.

use super::{
    Event::{self, *},
    Order,
};
use madang::domain::kernel::prelude::*;

/// A row: one order.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Overview {
    id: Id<Order>,
    customer: Text,
    amount: Money,
    status: Text,
}

impl View for Overview {
    const NAME: &'static str = "bakery/overview";
    const FIELDS: &'static [Field] = fields!(key "id"; text "customer", "status"; number "amount");
    const LINKS: &'static [Link] = &[Link::to::<Order>("order", "id")];
    type Events = (Id<Order>, Event);

    fn fold(row: Option<Self>, (id, event): Self::Events, _: &Meta) -> Option<Self> {
        let (row, status) = (row.unwrap_or_default(), event.status().word().into());
        Some(match event {
            Placed { customer, amount, .. } => Self { id, customer, amount, status },
            _ => Self { status, ..row },
        })
    }
}
