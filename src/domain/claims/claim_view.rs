//! View of claims, each with its review and its payment.

use super::{
    claim::{self, Claim},
    payment::{self, Payment},
    review::{self, Review},
};
use crate::domain::kernel::{Field, Meta, Money, Number, Text, Timestamp, View};
use crate::event_set;
use serde::{Deserialize, Serialize};

event_set!(
    /// Events that change a row.
    Heard: Claim, Review, Payment
);

/// Row of the view: one claim, its review and its payment.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ClaimView {
    /// The number that all three share.
    pub id: u64,
    /// The claim.
    pub claim_id: u64,
    /// The customer who claims.
    pub customer_id: Number,
    /// The amount claimed, in won.
    pub price: Money,
    /// Time of the claim according to the client, in milliseconds since the epoch.
    pub claim_dt: Timestamp,
    /// Status of the claim.
    pub status: Text,
    /// Why the claim was not cancelled, when its last event is such a refusal.
    pub reason: Option<Text>,
    /// The examiner, once there is one.
    pub examiner_id: Option<Number>,
    /// Status of the review.
    pub review_status: Text,
    /// Time of the examiner's decision, in milliseconds since the epoch.
    pub review_dt: Option<Timestamp>,
    /// The contract under which the claim is paid, once it is approved.
    pub cont_id: Option<Number>,
    /// The amount approved, in won.
    pub approved_price: Option<Money>,
    /// Status of the payment.
    pub payment_status: Text,
    /// Time of the payment, in milliseconds since the epoch.
    pub payment_dt: Option<Timestamp>,
    /// Time at which the claim was received, in milliseconds since the epoch.
    pub received_at: Timestamp,
    /// Time of the last event, in milliseconds since the epoch.
    pub changed_at: Timestamp,
}

impl View for ClaimView {
    const NAME: &'static str = "claims/claimViews";
    type Events = Heard;
    const FIELDS: &'static [Field] = &[
        Field::key("id"),
        Field::number("customerId"),
        Field::number("price"),
        Field::text("status"),
        Field::number("examinerId"),
        Field::text("reviewStatus"),
        Field::number("contId"),
        Field::text("paymentStatus"),
        Field::time("claimDt"),
        Field::time("reviewDt"),
        Field::time("paymentDt"),
        Field::time("receivedAt"),
        Field::time("changedAt"),
    ];

    fn key(heard: &Heard, _meta: &Meta) -> Option<u64> {
        Some(heard.number())
    }

    fn fold(row: Option<Self>, heard: Heard, meta: &Meta) -> Option<Self> {
        let mut row = row.unwrap_or_default();
        row.id = heard.number();
        row.claim_id = heard.number();
        row.changed_at = meta.time;
        match heard {
            Heard::Claim(_, event) => row.claim(&event, meta),
            Heard::Review(_, event) => row.review(&event),
            Heard::Payment(_, event) => row.payment(&event),
        }
        Some(row)
    }
}

impl ClaimView {
    fn claim(&mut self, event: &claim::Event, meta: &Meta) {
        if let claim::Event::Received { demand } = event {
            (self.customer_id, self.price) = (demand.customer_id, demand.price);
            (self.claim_dt, self.received_at) = (demand.claim_dt, meta.time);
        }
        if let Some(award) = event.award() {
            (self.cont_id, self.approved_price) = (Some(award.cont_id), Some(award.price));
        }
        self.reason = event.refusal().map(|refusal| refusal.reason.as_str().into());
        self.status = event.status().into();
    }

    fn review(&mut self, event: &review::Event) {
        self.examiner_id = Some(event.file().examiner_id);
        self.review_dt = event.review_dt().or(self.review_dt);
        self.review_status = event.status().into();
    }

    fn payment(&mut self, event: &payment::Event) {
        self.payment_dt = event.payment_dt();
        self.payment_status = event.status().into();
    }
}
