//! View of claims, each with its review and its payment.

use super::{
    claim::{self, Claim},
    history::Heard,
    payment::Payment,
    review,
};
use crate::domain::kernel::prelude::*;

/// One claim, its review and its payment.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ClaimView {
    /// The number that all three share.
    pub id: u64,
    pub claim_id: u64,
    pub customer_id: Number,
    /// The amount claimed.
    pub price: Money,
    /// The time of the claim according to the client.
    pub claim_dt: Timestamp,
    pub status: Text,
    /// Why the claim was not cancelled, when its last event is such a refusal.
    pub reason: Option<Text>,
    pub examiner_id: Option<Number>,
    pub review_status: Text,
    pub review_dt: Option<Timestamp>,
    /// The contract under which the claim is paid, once it is approved.
    pub cont_id: Option<Number>,
    pub approved_price: Option<Money>,
    pub payment_status: Text,
    pub payment_dt: Option<Timestamp>,
    pub received_at: Timestamp,
    /// The time of the last event.
    pub changed_at: Timestamp,
}

impl View for ClaimView {
    const NAME: &'static str = "claims/claimViews";
    type Events = Heard;
    const FIELDS: &'static [Field] = fields!(
        key "id"; number "customerId", "price"; text "status"; number "examinerId";
        text "reviewStatus"; number "contId"; text "paymentStatus";
        time "claimDt", "reviewDt", "paymentDt", "receivedAt", "changedAt"
    );

    const LINKS: &'static [Link] =
        &[Link::to::<Claim>("claim", "claimId"), Link::to_conversation("claimId")];

    fn key(heard: &Heard, _meta: &Meta) -> Option<u64> {
        Some(heard.number())
    }

    fn fold(row: Option<Self>, heard: Heard, meta: &Meta) -> Option<Self> {
        let mut row = row.unwrap_or_default();
        (row.id, row.claim_id, row.changed_at) = (heard.number(), heard.number(), meta.time);
        match heard {
            Heard::Claim(_, event) => row.claim(&event, meta),
            Heard::Review(_, event) => row.review(&event),
            Heard::Payment(_, event) => {
                let Payment { paid_at, status, .. } = event.into();
                (row.payment_dt, row.payment_status) = (paid_at, status.word().into());
            }
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
        let status = event.status();
        if let Some(award) = status.award() {
            (self.cont_id, self.approved_price) = (Some(award.cont_id), Some(award.price));
        }
        self.status = status.word().into();
        self.reason = event.refusal().map(|refusal| refusal.reason.as_str().into());
    }

    fn review(&mut self, event: &review::Event) {
        self.examiner_id = Some(event.file().examiner_id);
        self.review_dt = event.review_dt().or(self.review_dt);
        if let Some(status) = event.status() {
            self.review_status = status.word().into();
        }
    }
}
