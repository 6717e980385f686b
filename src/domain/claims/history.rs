//! View of what happened to claims, for customers: one row for each event of a claim, its review or
//! its payment that a customer understands, newest first. Steps between them have no row.

use super::{
    claim::{self, Claim},
    payment::{self, Payment},
    review::{self, Review},
};
use crate::domain::kernel::prelude::*;

event_set!(Heard: Claim, Review, Payment);

/// One event. A date is there where the event tells it.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct History {
    /// The position of the event's record.
    pub id: u64,
    pub claim_id: u64,
    pub customer_id: Number,
    /// The event in words.
    pub what: Text,
    /// The resource that changed: `claims`, `reviews` or `payments`.
    pub resource: Text,
    /// The status of that resource after the event.
    pub status: Text,
    /// The amount claimed, approved or paid.
    pub price: Money,
    /// The examiner, where a review is concerned.
    pub examiner_id: Option<Number>,
    /// The contract under which the claim is paid, once it is approved.
    pub cont_id: Option<Number>,
    /// The reason of a refusal.
    pub reason: Option<Text>,
    pub claim_dt: Option<EpochMs>,
    pub review_dt: Option<EpochMs>,
    pub payment_dt: Option<EpochMs>,
    pub time: Timestamp,
}

impl View for History {
    const NAME: &'static str = "claims/history";
    type Events = Heard;
    const NEWEST_FIRST: bool = true;
    // 2: with sentences that say who decided, and whether a cancellation came too late.
    const SHAPE: u32 = 2;
    const FIELDS: &'static [Field] = fields!(
        key "id"; number "claimId", "customerId"; text "what", "resource", "status";
        number "price", "examinerId", "contId"; time "claimDt", "reviewDt", "paymentDt", "time"
    );

    const LINKS: &'static [Link] = &[Link::to_conversation("claimId")];

    fn key(heard: &Heard, meta: &Meta) -> Option<u64> {
        heard.what().map(|_| meta.position)
    }

    fn fold(_row: Option<Self>, heard: Heard, meta: &Meta) -> Option<Self> {
        let (id, claim_id, time) = (meta.position, heard.number(), meta.time);
        let what = heard.what()?.into();
        let row = match heard {
            Heard::Claim(_, event) => Self::of_claim(event),
            Heard::Review(_, event) => Self::of_review(Review::default().evolve(event)),
            Heard::Payment(_, event) => Self::of_payment(Payment::default().evolve(event)),
        };
        Some(Self { id, claim_id, what, time, ..row })
    }
}

impl History {
    fn of_claim(event: claim::Event) -> Self {
        let is_receipt = matches!(event, claim::Event::Received { .. });
        let Claim { demand, refusal, status, .. } = Claim::default().evolve(event);
        let award = status.award();
        Self {
            customer_id: demand.customer_id,
            price: award.map_or(demand.price, |award| award.price),
            cont_id: award.map(|award| award.cont_id),
            reason: refusal.map(|refusal| refusal.reason.as_str().into()),
            claim_dt: is_receipt.then_some(demand.claim_dt),
            ..Self::of::<Claim>(status.word())
        }
    }

    fn of_review(Review { file, decided_at, status, .. }: Review) -> Self {
        Self {
            customer_id: file.customer_id,
            price: file.price,
            examiner_id: Some(file.examiner_id),
            cont_id: file.cont_id,
            review_dt: decided_at,
            ..Self::of::<Review>(status.word())
        }
    }

    fn of_payment(Payment { payout, paid_at, status }: Payment) -> Self {
        Self {
            customer_id: payout.customer_id,
            price: payout.price,
            cont_id: Some(payout.cont_id),
            payment_dt: paid_at,
            ..Self::of::<Payment>(status.word())
        }
    }

    fn of<A: Aggregate>(status: &str) -> Self {
        let resource = A::NAME.rsplit('/').next().unwrap_or(A::NAME).into();
        Self { resource, status: status.into(), ..Self::default() }
    }
}

impl Heard {
    /// The event in words for the customer; `None` for a step that means nothing to the customer.
    #[must_use]
    pub const fn what(&self) -> Option<&'static str> {
        use {claim::Event as C, payment::Event as P, review::Event as R};
        Some(match self {
            Self::Claim(_, C::CancelAsked { .. } | C::CancelAgreed { .. })
            | Self::Review(_, R::ReleaseChanged { .. }) => return None,
            Self::Claim(_, C::Received { .. }) => "claim received",
            Self::Claim(_, C::ReviewStarted { .. }) => "claim under review",
            Self::Claim(_, C::CancelRefused { .. }) => "cancellation of the claim refused",
            Self::Claim(_, C::Cancelled { .. }) => "claim cancelled",
            Self::Claim(_, C::Approved { overtook_cancel: false, .. }) => "claim approved",
            Self::Claim(_, C::Approved { .. }) => "claim approved; the cancellation came too late",
            Self::Claim(_, C::Declined { overtook_cancel: false, .. }) => "claim declined",
            Self::Claim(_, C::Declined { .. }) => "claim declined; the cancellation came too late",
            Self::Claim(_, C::Paid { .. }) => "claim paid",
            Self::Review(_, R::Assigned { .. }) => "examiner assigned",
            Self::Review(_, R::Approved { .. }) => "claim approved by the examiner",
            Self::Review(_, R::Declined { .. }) => "claim declined by the examiner",
            Self::Review(_, R::Cancelled { .. }) => "review cancelled",
            Self::Payment(_, P::Assigned { .. }) => "payment ordered",
            Self::Payment(_, P::Completed { .. }) => "payment made",
        })
    }
}
