//! View of applications for students: the course, the payment and the status of each.

use super::{
    application::{self, Application},
    payment::{self, Payment},
    student::Student,
};
use crate::domain::kernel::{Field, Meta, Money, Number, Text, Timestamp, View};
use crate::event_set;
use serde::{Deserialize, Serialize};

event_set!(
    /// Events that change a row.
    Heard: Application, Payment
);

/// Row of the view: one application and its payment.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct MyPage {
    /// The number that both share.
    pub id: u64,
    /// The student who applied.
    pub user_id: Text,
    /// The application.
    pub app_id: u64,
    /// Name of the course.
    pub edu_name: Text,
    /// The number of the course.
    pub edu_id: Number,
    /// Price of the course, in won.
    pub price: Money,
    /// Status of the application.
    pub status: Text,
    /// Status of the payment.
    pub payment_status: Text,
    /// Time of the application, in milliseconds since the epoch.
    pub applied_at: Timestamp,
    /// Time of the last event, in milliseconds since the epoch.
    pub changed_at: Timestamp,
}

impl View for MyPage {
    const NAME: &'static str = "education/mypages";
    type Events = Heard;
    const FIELDS: &'static [Field] = &[
        Field::key("id"),
        Field::key("appId"),
        Field::text("userId"),
        Field::text("eduName"),
        Field::number("eduId"),
        Field::number("price"),
        Field::text("status"),
        Field::text("paymentStatus"),
        Field::time("appliedAt"),
    ];

    fn key(heard: &Heard, _meta: &Meta) -> Option<u64> {
        Some(heard.number())
    }

    fn fold(row: Option<Self>, heard: Heard, meta: &Meta) -> Option<Self> {
        let mut row = row.unwrap_or_default();
        row.id = heard.number();
        row.app_id = heard.number();
        row.changed_at = meta.time;
        match heard {
            Heard::Application(_, event) => row.application(event, meta),
            Heard::Payment(_, event) => row.payment_status = payment::word(event.stage()).into(),
        }
        Some(row)
    }
}

impl MyPage {
    fn application(&mut self, event: application::Event, meta: &Meta) {
        use application::Event as E;
        let status = match event {
            E::SeatAsked { student, price } | E::Requested { student, price } => {
                let Student { user_id, edu_name, edu_id } = student;
                (self.user_id, self.edu_name, self.edu_id) = (user_id, edu_name, edu_id);
                self.price = price;
                if self.applied_at == Timestamp::default() {
                    self.applied_at = meta.time;
                }
                "Requested"
            }
            E::Applied | E::Admitted { .. } => "EduApplied",
            E::Registered => "EduRegistered",
            E::Completed => "EduCompleted",
            E::CancelRequested | E::SeatReleased { .. } | E::Vacated => return,
            E::Cancelled | E::Undone | E::Forgone => "EduCancelled",
            E::Rejected { .. } | E::TurnedAway { .. } => "Rejected",
        };
        self.status = status.into();
    }
}
