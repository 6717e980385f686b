//! Saga that cancels a claim: first the review, then the claim, and never only one of them.
//!
//! ```text
//!      asked for            review started             released           claim agrees
//! Idle ─────────▶ Waiting ────────────────▶ Releasing ─────────▶ Agreeing ────────────▶ Closing
//!                    │                       │     │              │        review cancelled │
//!                    │ given up     refused, │     │ given up     │ given up                ▼
//!                    ▼            lost, busy ▼     ▼              ▼                     Finishing
//!                  over ◀─ claim ─── Refusing    Keeping ◀────────┘                         │
//!                           stands                 │ review kept               claim gone   ▼
//!                                                  └──▶ over, or Releasing again         over
//! ```
//! Three invariants hold for every timeout and every crash:
//!
//! - The review is cancelled only after the claim agreed, and the claim agrees only while it still
//!   waits. No later step is rejected, so neither is ever cancelled without the other.
//! - The claim waits no longer than configured: [`CancelTimeLimit`](super::claim::CancelTimeLimit)
//!   makes it stand (503). A review that receives `Release` late receives `Keep` right after it; what
//!   the desk released meanwhile is taken back.
//! - A claim without an examiner is cancelled as soon as an examiner is assigned. While reviews or
//!   rosters are suspended, the reply is therefore also 503, and the claim stands.
//!
//! A command that arrives too late concerns an attempt that is over, and changes nothing.

use super::{
    claim::{self, Claim, Command as C, Stage},
    review::{self, Command as R, Review},
};
use crate::domain::kernel::{
    deed::{Deed, Refusal},
    prelude::*,
};

use Cancellation::*;

event_set!(Heard: Claim, Review);

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub enum Cancellation {
    /// No cancellation is under way.
    #[default]
    Idle,
    /// No examiner has the claim yet.
    Waiting,
    /// `Release` was sent to the review.
    Releasing { attempt: u32 },
    /// The review is released, and `Agree` was sent to the claim, which may no longer wait.
    Agreeing { attempt: u32 },
    /// The claim agreed, and `Cancel` was sent to the review.
    Closing,
    /// The review is cancelled, and `FinishCancelling` was sent to the claim.
    Finishing,
    /// The review will not be released, and `Stand` was sent to the claim.
    Refusing,
    /// The claim stands, and `Keep` was sent to the review. `again`: a newer attempt that the
    /// customer has begun since.
    Keeping { again: Option<u32> },
}

impl Saga for Cancellation {
    const NAME: &'static str = "claims/cancellation";
    type Events = Heard;

    fn react(self, me: Id<Self>, heard: Heard, _meta: &Meta) -> Step<Self> {
        match heard {
            Heard::Claim(_, event) => self.on_claim(me, event),
            Heard::Review(_, event) => self.on_review(me, event),
        }
    }

    /// Lets the claim stand when the review rejects the release: the review was decided on
    /// meanwhile, or its desk still owes an answer to an earlier attempt. A rejection by the claim
    /// follows from an event that was handled before, and needs no action.
    fn on_rejected(self, me: Id<Self>, refused: &RejectedCommand) -> Step<Self> {
        let (Releasing { attempt }, Some(rejection)) = (&self, refused.by::<Review>()) else {
            return Step::wait(self);
        };
        let how = match rejection {
            review::Rejection::DeskIsBusy => FailureKind::Unavailable,
            _ => FailureKind::Refused,
        };
        stand(me, *attempt, Refusal { how, reason: refused.reason.clone() })
    }

    fn on_no_op(self, me: Id<Self>, unchanged: &Unchanged) -> Step<Self> {
        match self {
            // The review was decided on or its release refused before `Keep` arrived.
            Keeping { again } if unchanged.is_of::<Review>(variant!(R::Keep)) => kept(me, again),
            // Another command made the claim stand first.
            Refusing if unchanged.is_of::<Claim>(variant!(C::Stand)) => Step::done(),
            state => Step::wait(state),
        }
    }

    fn waits_for(&self) -> WaitsFor {
        match self {
            Idle => WaitsFor::Nothing,
            Waiting | Releasing { .. } | Closing | Keeping { .. } => WaitsFor::Part(Review::NAME),
            Agreeing { .. } | Finishing | Refusing => WaitsFor::Part(Claim::NAME),
        }
    }
}

impl Cancellation {
    fn on_claim(self, me: Id<Self>, event: claim::Event) -> Step<Self> {
        use claim::Event as E;
        match (self, event) {
            (Idle, E::CancelAsked { stage: Stage::Received, .. }) => Step::wait(Waiting),
            (Idle, E::CancelAsked { stage: Stage::UnderReview, attempt, .. })
            | (Waiting, E::ReviewStarted { cancelling: Some(attempt), .. }) => release(me, attempt),
            (Releasing { attempt } | Agreeing { attempt }, E::CancelRefused { .. }) => {
                Step::wait(Keeping { again: None }).send(me.of::<Review>(), R::Keep { attempt })
            }
            (Agreeing { attempt }, E::CancelAgreed { .. }) => {
                Step::wait(Closing).send(me.of::<Review>(), R::Cancel { attempt })
            }
            (Finishing, E::Cancelled { .. }) | (Waiting | Refusing, E::CancelRefused { .. }) => {
                Step::done()
            }
            (Keeping { .. }, E::CancelAsked { attempt, .. }) => {
                Step::wait(Keeping { again: Some(attempt) })
            }
            (Keeping { .. }, E::CancelRefused { .. } | E::Approved { .. } | E::Declined { .. }) => {
                Step::wait(Keeping { again: None })
            }
            (state, _) => Step::wait(state),
        }
    }

    fn on_review(self, me: Id<Self>, event: review::Event) -> Step<Self> {
        use review::Event as E;
        match (self, event) {
            (Releasing { attempt }, E::ReleaseChanged { deed: Deed::Done(_), .. }) => {
                Step::wait(Agreeing { attempt }).send(me.of::<Claim>(), C::Agree { attempt })
            }
            (Releasing { attempt }, E::ReleaseChanged { deed: Deed::Failed(_, refusal), .. }) => {
                stand(me, attempt, refusal)
            }
            (Closing, E::Cancelled { .. }) => {
                Step::wait(Finishing).send(me.of::<Claim>(), C::FinishCancelling)
            }
            (Keeping { again }, E::ReleaseChanged { deed: Deed::Withdrawn(_), .. }) => {
                kept(me, again)
            }
            (state, _) => Step::wait(state),
        }
    }
}

fn release(me: Id<Cancellation>, attempt: u32) -> Step<Cancellation> {
    Step::wait(Releasing { attempt }).send(me.of::<Review>(), R::Release { attempt })
}

fn stand(me: Id<Cancellation>, attempt: u32, refusal: Refusal) -> Step<Cancellation> {
    Step::wait(Refusing).send(me.of::<Claim>(), C::Stand { attempt, refusal })
}

/// Ends the saga, or starts a newer attempt that the customer has begun meanwhile.
fn kept(me: Id<Cancellation>, again: Option<u32>) -> Step<Cancellation> {
    again.map_or_else(Step::done, |attempt| release(me, attempt))
}
