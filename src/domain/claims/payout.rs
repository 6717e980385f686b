//! Saga that assigns an approved claim to the payout clerk and reports the payment to the claim.
//!
//! ```text
//!      claim approved          payment assigned        completed            claim paid
//! Idle ──────────────▶ Asking ─────────────────▶ Due ───────────▶ Settling ──────────▶ over
//! ```
//! The saga waits for suspended payments; the claim is Approved meanwhile.

use super::{
    PAYOUT_CLERK,
    claim::{self, Claim, Command::Pay},
    payment::{self, Command::Assign, Payment},
};
use crate::domain::kernel::prelude::*;

use Payout::*;

event_set!(Heard: Claim, Payment);

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub enum Payout {
    /// No payout is due, or it is paid.
    #[default]
    Idle,
    /// `Assign` was sent to the payment.
    Asking,
    /// The payment waits for the payout clerk.
    Due,
    /// The payment is completed, and `Pay` was sent to the claim.
    Settling,
}

impl Saga for Payout {
    const NAME: &'static str = "claims/payout";
    type Events = Heard;

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
                Step::wait(Asking).send(me.of::<Payment>(), Assign { payout })
            }
            (Asking, Heard::Payment(_, P::Assigned { .. })) => Step::wait(Due),
            (Due, Heard::Payment(_, P::Completed { .. })) => {
                Step::wait(Settling).send(me.of::<Claim>(), Pay)
            }
            (Settling, Heard::Claim(_, C::Paid { .. })) => Step::done(),
            (state, _) => Step::wait(state),
        }
    }

    fn waits_for(&self) -> WaitsFor {
        match self {
            Idle => WaitsFor::Nothing,
            Asking => WaitsFor::Part(Payment::NAME),
            Due => WaitsFor::Person(PAYOUT_CLERK),
            Settling => WaitsFor::Part(Claim::NAME),
        }
    }
}
