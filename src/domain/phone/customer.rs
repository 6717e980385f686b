//! View of orders for customers: the item, the status and the points of each.

use super::order::{Event, Order};
use crate::domain::kernel::{Field, Id, Meta, Money, Quantity, Text, Timestamp, View};
use serde::{Deserialize, Serialize};

/// Row of the view: one order.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Customer {
    /// The number of the order.
    pub id: u64,
    /// The number of the order, as well.
    pub order_id: u64,
    /// The item.
    pub item: Text,
    /// Number of phones.
    pub qty: Quantity,
    /// Price of one, in won.
    pub price: Money,
    /// Status of the order.
    pub status: Text,
    /// The points for the order, once they are known; `None` again when it is cancelled.
    pub point: Option<Money>,
    /// Time of the order, in milliseconds since the epoch.
    pub ordered_at: Timestamp,
    /// Time of the last event, in milliseconds since the epoch.
    pub changed_at: Timestamp,
}

impl View for Customer {
    const NAME: &'static str = "phone/customers";
    type Events = (Id<Order>, Event);
    const FIELDS: &'static [Field] = &[
        Field::key("id"),
        Field::key("orderId"),
        Field::text("item"),
        Field::number("qty"),
        Field::number("price"),
        Field::text("status"),
        Field::number("point"),
        Field::time("orderedAt"),
    ];

    fn key((order, _): &Self::Events, _meta: &Meta) -> Option<u64> {
        Some(order.number())
    }

    fn fold(row: Option<Self>, (order, event): Self::Events, meta: &Meta) -> Option<Self> {
        let mut row = row.unwrap_or_default();
        (row.id, row.order_id, row.changed_at) = (order.number(), order.number(), meta.time);
        if let Some(status) = event.leads_to() {
            row.status = status.into();
        }
        match event {
            Event::Ordered { basket, price, .. } => {
                (row.item, row.qty, row.price) = (basket.item, basket.qty, price);
                row.ordered_at = meta.time;
            }
            Event::Credited { points } => row.point = Some(points),
            Event::Forfeited { .. } => row.point = None,
            Event::Paid { .. }
            | Event::Rejected { .. }
            | Event::Shipped
            | Event::Withdrawn
            | Event::CancelRequested { .. }
            | Event::Kept { .. }
            | Event::Cancelled => {}
        }
        Some(row)
    }
}
