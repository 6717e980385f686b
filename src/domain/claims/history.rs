//! View of what happened to claims, for customers: one row for each event of a claim, its review or
//! its payment that a customer understands, newest first. Steps between them have no row.

use super::{claim::Claim, payment::Payment, review::Review};
use crate::domain::kernel::{Aggregate, Field, Meta, Money, Number, Text, Timestamp, View};
use crate::event_set;
use serde::{Deserialize, Serialize};

event_set!(
    /// Events that may add a row to the history.
    Heard: Claim, Review, Payment
);

/// Row of the history: one event.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct History {
    /// Number of the row: the position of the event's record.
    pub id: u64,
    /// The claim that the event concerns.
    pub claim_id: u64,
    /// The customer who claimed.
    pub customer_id: Number,
    /// Description of the event in words.
    pub what: Text,
    /// The resource that changed: `claims`, `reviews` or `payments`.
    pub resource: Text,
    /// Status of that resource after the event.
    pub status: Text,
    /// The amount claimed, approved or paid, in won.
    pub price: Money,
    /// The examiner, where a review is concerned.
    pub examiner_id: Option<Number>,
    /// The contract under which the claim is paid, once it is approved.
    pub cont_id: Option<Number>,
    /// The reason of a refusal.
    pub reason: Option<Text>,
    /// Time at which the claim was made, where it is received, in milliseconds since the epoch.
    pub claim_dt: Option<Timestamp>,
    /// Time at which the examiner decided, where that is told, in milliseconds since the epoch.
    pub review_dt: Option<Timestamp>,
    /// Time at which the award was paid, where that is told, in milliseconds since the epoch.
    pub payment_dt: Option<Timestamp>,
    /// Time of the event, in milliseconds since the epoch.
    pub time: Timestamp,
}

impl View for History {
    const NAME: &'static str = "claims/history";
    type Events = Heard;
    const NEWEST_FIRST: bool = true;
    // 2: with sentences that say who decided, and whether a cancellation came too late.
    const SHAPE: u32 = 2;
    const FIELDS: &'static [Field] = &[
        Field::key("id"),
        Field::number("claimId"),
        Field::number("customerId"),
        Field::text("what"),
        Field::text("resource"),
        Field::text("status"),
        Field::number("price"),
        Field::number("examinerId"),
        Field::number("contId"),
        Field::time("claimDt"),
        Field::time("reviewDt"),
        Field::time("paymentDt"),
        Field::time("time"),
    ];

    fn key(heard: &Heard, meta: &Meta) -> Option<u64> {
        heard.what().map(|_| meta.position)
    }

    fn fold(_row: Option<Self>, heard: Heard, meta: &Meta) -> Option<Self> {
        let (id, claim_id, time) = (meta.position, heard.number(), meta.time);
        let what = heard.what()?.into();
        let row = match heard {
            Heard::Claim(_, event) => Self::of_claim(&event),
            Heard::Review(_, event) => Self::of_review(&event),
            Heard::Payment(_, event) => {
                let payout = event.payout();
                Self {
                    customer_id: payout.customer_id,
                    price: payout.price,
                    cont_id: Some(payout.cont_id),
                    payment_dt: event.payment_dt(),
                    ..Self::of::<Payment>(event.status())
                }
            }
        };
        Some(Self { id, claim_id, what, time, ..row })
    }
}

impl Heard {
    /// The description for the customer; `None` for a step that means nothing to the customer.
    const fn what(&self) -> Option<&'static str> {
        match self {
            Self::Claim(_, event) => event.what(),
            Self::Review(_, event) => event.what(),
            Self::Payment(_, event) => Some(event.what()),
        }
    }
}

impl History {
    fn of_claim(event: &super::claim::Event) -> Self {
        let (demand, award) = (event.demand(), event.award());
        let is_receipt = matches!(event, super::claim::Event::Received { .. });
        Self {
            customer_id: demand.customer_id,
            price: award.map_or(demand.price, |award| award.price),
            cont_id: award.map(|award| award.cont_id),
            reason: event.refusal().map(|refusal| refusal.reason.as_str().into()),
            claim_dt: is_receipt.then_some(demand.claim_dt),
            ..Self::of::<Claim>(event.status())
        }
    }

    fn of_review(event: &super::review::Event) -> Self {
        let file = event.file();
        Self {
            customer_id: file.customer_id,
            price: file.price,
            examiner_id: Some(file.examiner_id),
            cont_id: file.cont_id,
            review_dt: event.review_dt(),
            ..Self::of::<Review>(event.status())
        }
    }

    fn of<A: Aggregate>(status: &str) -> Self {
        let resource = A::NAME.rsplit('/').next().unwrap_or(A::NAME).into();
        Self { resource, status: status.into(), ..Self::default() }
    }
}
