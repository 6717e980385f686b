//! View of claims, each with its review and its payment.

use super::{
    claim::Claim,
    history::Heard,
    payment::Payment,
    review::{self, Review},
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
    pub claim_dt: EpochMs,
    pub status: Text,
    /// Why the claim was not cancelled, when its last event is such a refusal.
    pub reason: Option<Text>,
    pub examiner_id: Option<Number>,
    pub review_status: Text,
    pub review_dt: Option<EpochMs>,
    /// The contract under which the claim is paid, once it is approved.
    pub cont_id: Option<Number>,
    pub approved_price: Option<Money>,
    pub payment_status: Text,
    pub payment_dt: Option<EpochMs>,
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

    fn fold(row: Option<Self>, heard: Heard, meta: &Meta) -> Option<Self> {
        let (id, received_at) = (heard.number(), meta.time);
        let first = || Self { id, claim_id: id, received_at, ..Self::default() };
        let mut row = Self { changed_at: meta.time, ..row.unwrap_or_else(first) };
        match heard {
            Heard::Claim(_, event) => row.claim(Claim::default().evolve(event)),
            Heard::Review(_, event) => row.review(Review::default().evolve(event)),
            Heard::Payment(_, event) => {
                let Payment { paid_at, status, .. } = Payment::default().evolve(event);
                (row.payment_dt, row.payment_status) = (paid_at, status.word().into());
            }
        }
        Some(row)
    }
}

/// Each event has all that a claim or a review tells.
impl ClaimView {
    fn claim(&mut self, Claim { demand, refusal, status, .. }: Claim) {
        (self.customer_id, self.price) = (demand.customer_id, demand.price);
        self.claim_dt = demand.claim_dt;
        if let Some(award) = status.award() {
            (self.cont_id, self.approved_price) = (Some(award.cont_id), Some(award.price));
        }
        self.status = status.word().into();
        self.reason = refusal.map(|refusal| refusal.reason.as_str().into());
    }

    fn review(&mut self, Review { file, decided_at, status, .. }: Review) {
        self.examiner_id = Some(file.examiner_id);
        self.review_dt = decided_at.or(self.review_dt);
        // What becomes of a release after its end leaves the status as it is.
        if status != review::Status::Blank {
            self.review_status = status.word().into();
        }
    }
}
