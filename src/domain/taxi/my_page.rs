//! The view of an order for its customer: its status, its payment and its taxi.

use super::{
    grade::Grade,
    order::{self, Order},
    payment::{self, Payment},
    reservation::{self, ACCEPTED, ORIGINAL_CANCELLED, ORIGINAL_CONFIRMED, Reservation},
    taxi::Taxi,
};
use crate::domain::kernel::{Field, Id, Meta, Money, Text, Timestamp, View};
use crate::event_set;
use serde::{Deserialize, Serialize};

event_set!(
    /// The events that the view receives.
    Heard: Order, Payment, Reservation
);

/// One order, its payment and its reservation.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct MyPage {
    /// The number that all three share.
    pub id: u64,
    /// The order.
    pub order_id: u64,
    /// The reservation, once there is one.
    pub reservation_id: Option<u64>,
    /// The payment, once there is one.
    pub payment_id: Option<u64>,
    /// The taxi, once one is assigned.
    pub taxi_id: Option<Id<Taxi>>,
    /// The name of the customer.
    pub name: Text,
    /// The phone number of the customer.
    pub phone: Text,
    /// The grade of taxi.
    pub order_type: Grade,
    /// The fare, in won.
    pub fare: Money,
    /// The status of the order.
    pub status: Text,
    /// The original's word for the status, which is the reservation's, where it has one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub original_status: Option<Text>,
    /// The status of the payment.
    pub payment_status: Text,
    /// The status of the reservation.
    pub reservation_status: Text,
    /// The time of the call, in milliseconds since the epoch.
    pub called_at: Timestamp,
    /// The time of the last change, in milliseconds since the epoch.
    pub changed_at: Timestamp,
}

impl View for MyPage {
    const NAME: &'static str = "taxi/mypages";
    type Events = Heard;
    const FIELDS: &'static [Field] = &[
        Field::key("id"),
        Field::key("orderId"),
        Field::number("taxiId"),
        Field::text("name"),
        Field::text("phone"),
        Field::text("status"),
        Field::time("calledAt"),
    ];

    fn key(heard: &Heard, _meta: &Meta) -> Option<u64> {
        Some(heard.number())
    }

    fn fold(row: Option<Self>, heard: Heard, meta: &Meta) -> Option<Self> {
        let mut row = row.unwrap_or_default();
        row.id = heard.number();
        row.order_id = heard.number();
        row.changed_at = meta.time;
        match heard {
            Heard::Order(_, event) => row.order(event, meta),
            Heard::Payment(id, event) => row.payment(id, &event),
            Heard::Reservation(id, event) => row.reservation(id, &event),
        }
        Some(row)
    }
}

impl MyPage {
    fn order(&mut self, event: order::Event, meta: &Meta) {
        use order::Event as E;
        let status = match event {
            E::Called { customer, grade, fare, .. } => {
                (self.name, self.phone) = (customer.name, customer.phone);
                (self.order_type, self.fare, self.called_at) = (grade, fare, meta.time);
                "Requested"
            }
            E::Paid { .. } => "Paid",
            E::Confirmed { taxi, .. } => {
                self.taxi_id = taxi;
                "Confirmed"
            }
            E::Cancelled { .. } => {
                self.taxi_id = None;
                self.original_status = Some(ORIGINAL_CANCELLED.into());
                "Cancelled"
            }
            E::Rejected { .. } => "Rejected",
            E::Completed { .. } => "Completed",
            E::Refunded { .. } | E::Released | E::Undone => return,
        };
        self.status = status.into();
    }

    fn payment(&mut self, id: Id<Payment>, event: &payment::Event) {
        self.payment_id = Some(id.number());
        self.payment_status = event.stage().word().into();
    }

    fn reservation(&mut self, id: Id<Reservation>, event: &reservation::Event) {
        use reservation::Event as E;
        self.reservation_id = Some(id.number());
        let (status, original) = match event {
            E::Accepted { .. } | E::AssigningFailed { .. } => (ACCEPTED, Some(ACCEPTED)),
            E::TaxiSought { .. } | E::TaxiChosen { .. } => ("Assigning", Some(ACCEPTED)),
            E::Confirmed { .. } => ("Confirmed", Some(ORIGINAL_CONFIRMED)),
            E::Cancelled { .. } => ("Cancelled", Some(ORIGINAL_CANCELLED)),
            E::Completed => ("Completed", None),
        };
        self.reservation_status = status.into();
        let order_is_cancelled =
            self.original_status.as_ref().is_some_and(|it| it.0 == ORIGINAL_CANCELLED);
        if !order_is_cancelled {
            self.original_status = original.map(Text::from);
        }
    }
}
