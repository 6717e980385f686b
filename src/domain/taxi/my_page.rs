//! What a customer sees of an order: how far it has come, its payment and its taxi.

use super::{
    order::{self, Grade, Order},
    payment::{self, Payment},
    reservation::{self, Reservation},
    taxi::Taxi,
};
use crate::domain::kernel::{Field, Id, Meta, Money, Text, Timestamp, View};
use crate::hears;
use serde::{Deserialize, Serialize};

hears!(
    /// What shows on a customer's page.
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
    /// Who called.
    pub name: Text,
    /// Where the customer is reached.
    pub phone: Text,
    /// How good a taxi.
    pub order_type: Grade,
    /// What it costs, in won.
    pub fare: Money,
    /// How the order stands.
    pub status: Text,
    /// How the payment stands.
    pub payment_status: Text,
    /// How the reservation stands.
    pub reservation_status: Text,
    /// When the call came, in milliseconds since the epoch.
    pub called_at: Timestamp,
    /// When something happened last, in milliseconds since the epoch.
    pub changed_at: Timestamp,
}

impl View for MyPage {
    const NAME: &'static str = "taxi/mypages";
    type Hears = Heard;
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
                "Cancelled"
            }
            E::Rejected { .. } => "Rejected",
            E::Undone => return,
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
        let status = match event {
            E::Accepted { .. } | E::AssigningFailed { .. } => "Reservation Complete",
            E::TaxiSought { .. } | E::TaxiChosen { .. } => "Assigning",
            E::Confirmed { .. } => "Confirmed",
            E::Cancelled { .. } => "Cancelled",
        };
        self.reservation_status = status.into();
    }
}
