//! The view of applications for students: the course, the payment and the status of each.

use super::{
    application::{Application, Event, Event::*, Status},
    payment::{self, Payment},
    student::Student,
};
use crate::domain::kernel::prelude::*;

event_set!(Heard: Application, Payment);

/// One application and its payment, which have the same number.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct MyPage {
    pub id: u64,
    pub user_id: Text,
    pub app_id: u64,
    pub edu_name: Text,
    pub edu_id: Number,
    pub price: Money,
    pub status: Text,
    pub payment_status: Text,
    pub applied_at: Timestamp,
    /// The time of the last event.
    pub changed_at: Timestamp,
}

impl View for MyPage {
    const NAME: &'static str = "education/mypages";
    type Events = Heard;
    const FIELDS: &'static [Field] = fields!(
        key "id", "appId"; text "userId", "eduName"; number "eduId", "price";
        text "status", "paymentStatus"; time "appliedAt"
    );

    const LINKS: &'static [Link] =
        &[Link::to::<Application>("application", "appId"), Link::to_conversation("appId")];

    fn fold(row: Option<Self>, heard: Heard, meta: &Meta) -> Option<Self> {
        let (id, applied_at) = (heard.number(), meta.time);
        let mut row = row.unwrap_or_else(|| Self { id, app_id: id, applied_at, ..Self::default() });
        row.changed_at = meta.time;
        match heard {
            Heard::Application(_, event) => row.application(&event),
            Heard::Payment(_, event) => row.payment_status = payment::word(event.stage()).into(),
        }
        Some(row)
    }
}

impl MyPage {
    fn application(&mut self, event: &Event) {
        if let SeatAsked { student, price } | Requested { student, price } = event {
            let Student { user_id, edu_name, edu_id } = student.clone();
            (self.user_id, self.edu_name, self.edu_id) = (user_id, edu_name, edu_id);
            self.price = *price;
        }
        // A request to cancel and the return of the seat leave the word as it is.
        if !matches!(event, CancelRequested | SeatReleased { .. } | Vacated) {
            self.status = Status::default().after(event).word().into();
        }
    }
}
