//! The view of an order for its customer: its cars, its payment and its status.

use super::{
    car::Car,
    order::{self, Order},
    payment::{self, Payment},
};
use crate::domain::kernel::prelude::*;

event_set!(
    /// The events that the view receives.
    Heard: Order, Payment
);

/// One order and its payment.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct System {
    pub id: u64,
    pub order_id: u64,
    /// The payment, once there is one.
    pub pay_id: Option<u64>,
    pub customer_id: Option<Text>,
    pub car_id: Id<Car>,
    pub qty: Quantity,
    pub amount: Money,
    pub status: Text,
    /// The original's word for this status, where it has one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub original_status: Option<Text>,
    pub pay_status: Text,
    /// The reason why there are no cars, or why it was not paid.
    pub reason: Option<String>,
    pub ordered_at: Timestamp,
    pub changed_at: Timestamp,
}

impl View for System {
    const NAME: &'static str = "rental/systems";
    type Events = Heard;
    const FIELDS: &'static [Field] = fields!(
        key "id", "orderId"; number "payId"; text "customerId"; number "carId", "qty", "amount";
        text "status", "payStatus"; time "orderedAt"
    );

    const LINKS: &'static [Link] = &[
        Link::to::<Order>("order", "orderId"),
        Link::to::<Payment>("payment", "payId"),
        Link::to::<Car>("car", "carId"),
        Link::to_conversation("id"),
    ];

    fn fold(row: Option<Self>, heard: Heard, meta: &Meta) -> Option<Self> {
        let mut row = row.unwrap_or_default();
        row.id = heard.number();
        row.order_id = heard.number();
        row.changed_at = meta.time;
        match heard {
            Heard::Order(_, event) => row.order(event, meta),
            Heard::Payment(id, event) => {
                row.pay_id = Some(id.number());
                row.pay_status = payment::word(event.stage()).into();
            }
        }
        Some(row)
    }
}

impl System {
    fn order(&mut self, event: order::Event, meta: &Meta) {
        if let order::Event::Placed { rent, amount, customer } = &event {
            (self.car_id, self.qty, self.amount) = (rent.car, rent.quantity, *amount);
            (self.customer_id, self.ordered_at) = (customer.clone(), meta.time);
        }
        let status = event.status();
        self.status = status.word().into();
        self.original_status = status.original_word().map(Text::from);
        if let Some(reason) = status.reason() {
            self.reason = Some(reason.clone());
        }
    }
}
