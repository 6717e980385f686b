//! Leads an approved claim to the payout clerk, and tells it when the award is paid.
//!
//! ```text
//!      claim approved          payment assigned        completed            claim paid
//! Idle ──────────────▶ Asking ─────────────────▶ Due ───────────▶ Settling ──────────▶ over
//! ```
//! Payments that are down are waited for; the claim is Approved meanwhile.

use super::{
    PAYOUT_CLERK,
    claim::{self, Claim, Command::Pay},
    payment::{self, Command::Assign, Payment},
};
use crate::domain::kernel::{Aggregate, Awaits, Id, Meta, Number, Saga, Step};
use crate::hears;
use serde::{Deserialize, Serialize};

use Payout::{Asking, Due, Idle, Settling};

hears!(
    /// What a payout listens to.
    Heard: Claim, Payment
);

/// How far the payout of a claim has come.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub enum Payout {
    /// There is nothing to pay, or everything is paid.
    #[default]
    Idle,
    /// A payment was asked for.
    Asking,
    /// The payout clerk has it.
    Due,
    /// It is paid, and the claim is told so.
    Settling,
}

impl Saga for Payout {
    const NAME: &'static str = "claims/payout";
    type Hears = Heard;

    fn route(heard: &Heard) -> Option<u64> {
        Some(heard.number())
    }

    fn react(self, me: Id<Self>, heard: Heard, _meta: &Meta) -> Step<Self> {
        use claim::Event as C;
        use payment::Event as P;
        match (self, heard) {
            (Idle, Heard::Claim(_, C::Approved { demand, award, .. })) => {
                let payout = payment::Payout {
                    claim_id: Number(me.number()),
                    customer_id: demand.customer_id,
                    cont_id: award.cont_id,
                    price: award.price,
                };
                Step::wait(Asking).tell(me.of::<Payment>(), Assign { payout })
            }
            (Asking, Heard::Payment(_, P::Assigned { .. })) => Step::wait(Due),
            (Due, Heard::Payment(_, P::Completed { .. })) => {
                Step::wait(Settling).tell(me.of::<Claim>(), Pay)
            }
            (Settling, Heard::Claim(_, C::Paid { .. })) => Step::done(),
            (state, _) => Step::wait(state),
        }
    }

    fn awaits(&self) -> Awaits {
        match self {
            Idle => Awaits::Nobody,
            Asking => Awaits::Part(Payment::NAME),
            Due => Awaits::Person(PAYOUT_CLERK),
            Settling => Awaits::Part(Claim::NAME),
        }
    }
}
