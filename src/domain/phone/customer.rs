//! View of orders for customers: the item, the status, the payment, the delivery and the points of
//! each.

use super::{
    delivery::Delivery,
    order::{self, Order},
    payment::{self, Payment},
};
use crate::domain::kernel::{Field, Meta, Money, Quantity, Text, Timestamp, View};
use crate::event_set;
use serde::{Deserialize, Serialize};

event_set!(
    /// Events that change the view.
    Heard: Order, Payment, Delivery
);

/// Row of the view: one order, its payment and its delivery.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Customer {
    /// The number of the order.
    pub id: u64,
    /// The number of the order, as well.
    pub order_id: u64,
    /// The customer, as the client named them; `None` when it did not.
    pub customer_id: Option<Text>,
    /// The item.
    pub item: Text,
    /// Number of phones.
    pub qty: Quantity,
    /// Price of one, in won.
    pub price: Money,
    /// Price of all of them, in won.
    pub amount: Money,
    /// Status of the order.
    pub status: Text,
    /// The original's word for this status, where it has one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub original_status: Option<Text>,
    /// Status of the payment, as the payment shows it; empty when nothing was to be paid.
    pub payment_status: Text,
    /// Status of the delivery, as the store shows it; empty until the order reached the store.
    pub delivery_status: Text,
    /// The points for the order, once they are known; `None` again when it is cancelled.
    pub point: Option<Money>,
    /// Time of the order, in milliseconds since the epoch.
    pub ordered_at: Timestamp,
    /// Time of the last event, in milliseconds since the epoch.
    pub changed_at: Timestamp,
}

impl View for Customer {
    const NAME: &'static str = "phone/customers";
    type Events = Heard;
    const FIELDS: &'static [Field] = &[
        Field::key("id"),
        Field::key("orderId"),
        Field::text("customerId"),
        Field::text("item"),
        Field::number("qty"),
        Field::number("price"),
        Field::number("amount"),
        Field::text("status"),
        Field::text("paymentStatus"),
        Field::text("deliveryStatus"),
        Field::number("point"),
        Field::time("orderedAt"),
    ];

    fn key(heard: &Heard, _meta: &Meta) -> Option<u64> {
        Some(heard.number())
    }

    fn fold(row: Option<Self>, heard: Heard, meta: &Meta) -> Option<Self> {
        let mut row = row.unwrap_or_default();
        (row.id, row.order_id, row.changed_at) = (heard.number(), heard.number(), meta.time);
        match heard {
            Heard::Order(_, event) => row.order(event, meta),
            Heard::Payment(_, event) => row.payment_status = payment::process(event.stage()).into(),
            Heard::Delivery(_, event) => row.delivery_status = event.leads_to().into(),
        }
        Some(row)
    }
}

impl Customer {
    fn order(&mut self, event: order::Event, meta: &Meta) {
        use order::Event as E;
        if let Some(status) = event.leads_to() {
            self.status = status.into();
            self.original_status = event.original_status().map(Text::from);
        }
        match event {
            E::Ordered { basket, price, amount } => {
                (self.customer_id, self.item, self.qty) =
                    (basket.customer, basket.item, basket.qty);
                (self.price, self.amount, self.ordered_at) = (price, amount, meta.time);
            }
            E::Credited { points } => self.point = Some(points),
            E::Forfeited { .. } => self.point = None,
            E::Paid { .. }
            | E::Rejected { .. }
            | E::Shipped
            | E::Withdrawn
            | E::CancelRequested { .. }
            | E::Kept { .. }
            | E::Cancelled => {}
        }
    }
}
