//! Everything that ever happened to claims, reviews and payments, one row each, newest first.

use super::{claim::Claim, payment::Payment, review::Review};
use crate::domain::kernel::{Aggregate, Field, Meta, Money, Number, Text, Timestamp, View};
use crate::hears;
use serde::{Deserialize, Serialize};

hears!(
    /// What goes down in history.
    Heard: Claim, Review, Payment
);

/// Something that happened.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct History {
    /// Its number: the position of its record.
    pub id: u64,
    /// The claim it is about.
    pub claim_id: u64,
    /// Whose claim.
    pub customer_id: Number,
    /// What happened, in words.
    pub what: Text,
    /// To what: `claims`, `reviews` or `payments`.
    pub resource: Text,
    /// How that stands with it: the status of a claim, of its review or of its payment.
    pub status: Text,
    /// How much is claimed, approved or paid, in won.
    pub price: Money,
    /// The examiner, where a review is concerned.
    pub examiner_id: Option<Number>,
    /// The contract it is paid under, once it is approved.
    pub cont_id: Option<Number>,
    /// Why, when something was refused.
    pub because: Option<Text>,
    /// When, in milliseconds since the epoch.
    pub time: Timestamp,
}

impl View for History {
    const NAME: &'static str = "claims/history";
    type Hears = Heard;
    const NEWEST_FIRST: bool = true;
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
        Field::time("time"),
    ];

    fn key(_heard: &Heard, meta: &Meta) -> Option<u64> {
        Some(meta.position)
    }

    fn fold(_row: Option<Self>, heard: Heard, meta: &Meta) -> Option<Self> {
        let (id, claim_id, time) = (meta.position, heard.number(), meta.time);
        let row = match heard {
            Heard::Claim(_, event) => Self::of_claim(&event),
            Heard::Review(_, event) => Self::of_review(&event),
            Heard::Payment(_, event) => {
                let payout = event.payout();
                Self {
                    customer_id: payout.customer_id,
                    price: payout.price,
                    cont_id: Some(payout.cont_id),
                    ..Self::entry::<Payment>(event.what(), event.status())
                }
            }
        };
        Some(Self { id, claim_id, time, ..row })
    }
}

impl History {
    fn of_claim(event: &super::claim::Event) -> Self {
        let (demand, award) = (event.demand(), event.award());
        Self {
            customer_id: demand.customer_id,
            price: award.map_or(demand.price, |award| award.price),
            cont_id: award.map(|award| award.cont_id),
            because: event.refusal().map(|refusal| refusal.because.as_str().into()),
            ..Self::entry::<Claim>(event.what(), event.status())
        }
    }

    fn of_review(event: &super::review::Event) -> Self {
        let file = event.file();
        Self {
            customer_id: file.customer_id,
            price: file.price,
            examiner_id: Some(file.examiner_id),
            cont_id: file.cont_id,
            because: event.refusal().map(|refusal| refusal.because.as_str().into()),
            ..Self::entry::<Review>(event.what(), event.status())
        }
    }

    fn entry<A: Aggregate>(what: &str, status: &str) -> Self {
        let resource = A::NAME.rsplit('/').next().unwrap_or(A::NAME).into();
        Self { what: what.into(), resource, status: status.into(), ..Self::default() }
    }
}
