//! The view of an order for its customer: its status, its payment and its taxi.

use super::{
    grade::Grade,
    order::{self, Order},
    payment::Payment,
    reservation::Reservation,
    taxi::Taxi,
};
use crate::domain::kernel::prelude::*;

event_set!(Heard: Order, Payment, Reservation);

/// One order, its payment and its reservation.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct MyPage {
    /// The number that all three share.
    pub id: u64,
    pub order_id: u64,
    pub reservation_id: Option<u64>,
    pub payment_id: Option<u64>,
    pub taxi_id: Option<Id<Taxi>>,
    pub name: Personal,
    pub phone: Personal,
    pub order_type: Grade,
    pub fare: Money,
    pub status: Text,
    /// The original's word for a cancelled order, or else for the status of the reservation.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub original_status: Option<Text>,
    pub payment_status: Text,
    pub reservation_status: Text,
    pub called_at: Timestamp,
    pub changed_at: Timestamp,
}

impl View for MyPage {
    const NAME: &'static str = "taxi/mypages";
    type Events = Heard;
    const FIELDS: &'static [Field] = fields!(
        key "id", "orderId"; number "taxiId"; text "name", "phone", "status"; time "calledAt"
    );

    const LINKS: &'static [Link] = &[
        Link::to::<Order>("order", "orderId"),
        Link::to::<Payment>("payment", "paymentId"),
        Link::to::<Reservation>("reservation", "reservationId"),
        Link::to::<Taxi>("taxi", "taxiId"),
        Link::to_conversation("orderId"),
    ];

    fn fold(row: Option<Self>, heard: Heard, meta: &Meta) -> Option<Self> {
        let number = heard.number();
        let (row, changed_at) = (row.unwrap_or_default(), meta.time);
        let mut row = Self { id: number, order_id: number, changed_at, ..row };
        match heard {
            Heard::Order(_, event) => row.order(event, meta),
            Heard::Payment(_, event) => {
                row.payment_id = Some(number);
                row.payment_status = event.stage().word().into();
            }
            Heard::Reservation(_, event) => {
                let status = Reservation::default().evolve(event).status;
                row.reservation_id = Some(number);
                row.reservation_status = status.word().into();
                if row.status.0 != "Cancelled" {
                    row.original_status = status.original_word().map(Text::from);
                }
            }
        }
        Some(row)
    }
}

impl MyPage {
    /// The status of an order follows from its last event alone, as does that of a reservation.
    fn order(&mut self, event: order::Event, meta: &Meta) {
        use order::Event as E;
        let status = Order::default().evolve(event.clone()).status;
        self.status = status.word().into();
        match event {
            E::Called { customer, grade, fare, .. } => {
                (self.name, self.phone) = (customer.name, customer.phone);
                (self.order_type, self.fare, self.called_at) = (grade, fare, meta.time);
            }
            E::Confirmed { taxi, .. } => self.taxi_id = taxi,
            E::Cancelled { .. } => {
                (self.taxi_id, self.original_status) =
                    (None, status.original_word().map(Text::from));
            }
            _ => {}
        }
    }
}
