//! The view of orders for customers: the item, the status, the payment, the delivery and the points
//! of each.

use super::{
    delivery::Delivery,
    order::{Event as E, Order},
    payment::{self, Payment},
};
use crate::domain::kernel::prelude::*;

event_set!(Heard: Order, Payment, Delivery);

/// One order, its payment and its delivery.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Customer {
    pub id: u64,
    /// The same as the `id`.
    pub order_id: u64,
    pub customer_id: Option<Text>,
    pub item: Text,
    pub qty: Quantity,
    /// The price of one, in won.
    pub price: Money,
    /// The price of all of them, in won.
    pub amount: Money,
    pub status: Text,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub original_status: Option<Text>,
    /// Empty when nothing was to be paid.
    pub payment_status: Text,
    /// Empty until the order reached the store.
    pub delivery_status: Text,
    /// The points for the order, once they are known; `None` again when it is cancelled.
    pub point: Option<Money>,
    pub ordered_at: Timestamp,
    /// The time of the last event.
    pub changed_at: Timestamp,
}

impl View for Customer {
    const NAME: &'static str = "phone/customers";
    type Events = Heard;
    const FIELDS: &'static [Field] = fields!(
        key "id", "orderId"; text "customerId", "item"; number "qty", "price", "amount"; text
        "status", "paymentStatus", "deliveryStatus"; number "point"; time "orderedAt"
    );

    const LINKS: &'static [Link] =
        &[Link::to::<Order>("order", "orderId"), Link::to_conversation("orderId")];

    fn fold(row: Option<Self>, heard: Heard, meta: &Meta) -> Option<Self> {
        let mut row = row.unwrap_or_default();
        (row.id, row.order_id, row.changed_at) = (heard.number(), heard.number(), meta.time);
        match heard {
            Heard::Order(_, E::Credited { points }) => row.point = Some(points),
            Heard::Order(_, event) => row.order(event, meta.time),
            Heard::Payment(_, event) => row.payment_status = payment::process(event.stage()).into(),
            Heard::Delivery(_, event) => {
                row.delivery_status = Delivery::default().evolve(event).status.word().into();
            }
        }
        Some(row)
    }
}

impl Customer {
    /// Applies any event but `Credited`. Each leads to one status, whatever came before.
    fn order(&mut self, event: E, time: Timestamp) {
        let order = Order::default().evolve(event.clone());
        self.status = order.status.word().into();
        self.original_status = order.original_status().map(Text::from);
        match event {
            E::Ordered { basket, price, amount } => {
                (self.customer_id, self.item, self.qty) =
                    (basket.customer, basket.item, basket.qty);
                (self.price, self.amount, self.ordered_at) = (price, amount, time);
            }
            E::Forfeited { .. } => self.point = None,
            _ => {}
        }
    }
}
