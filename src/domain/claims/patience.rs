//! Lets a claim stand when its review has not agreed to a cancellation in time.
//!
//! ```text
//!      asked for             time is up              claim stands
//! Idle ─────────▶ Waiting ──────────────▶ GivingUp ──────────────▶ over
//!                    │ agreed to, refused or overtaken by a decision
//!                    └──────────────────────────────────────────▶ over
//! ```
//! Without a limit (`cancel_within_ms = 0`) there is nothing to do.

use super::{
    claim::{
        Claim,
        Command::Stand,
        Event::{self, Approved, CancelAgreed, CancelAsked, CancelRefused, Declined},
        Refusal,
    },
    review::Review,
};
use crate::domain::kernel::{Aggregate, Awaits, Fall, Id, Meta, Saga, Step, Timestamp};
use serde::{Deserialize, Serialize};

use Patience::{GivingUp, Idle, Waiting};

/// How long somebody who cancels has been waiting.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub enum Patience {
    /// Nobody waits.
    #[default]
    Idle,
    /// The review was asked to agree.
    Waiting {
        /// To which attempt.
        attempt: u32,
    },
    /// Time is up, and the claim was told so.
    GivingUp,
}

impl Saga for Patience {
    const NAME: &'static str = "claims/patience";
    type Hears = (Id<Claim>, Event);

    fn route((claim, _): &Self::Hears) -> Option<u64> {
        Some(claim.number())
    }

    fn react(self, _me: Id<Self>, (_, event): Self::Hears, _meta: &Meta) -> Step<Self> {
        match (self, event) {
            (Idle, CancelAsked { attempt, answer_by: Some(time), .. }) => {
                Step::wait(Waiting { attempt }).wake_at(time)
            }
            (
                Waiting { .. } | GivingUp,
                CancelAgreed { .. } | CancelRefused { .. } | Approved { .. } | Declined { .. },
            ) => Step::done(),
            (state, _) => Step::wait(state),
        }
    }

    fn awaits(&self) -> Awaits {
        match self {
            Idle => Awaits::Nobody,
            Waiting { .. } => Awaits::Part(Review::NAME),
            GivingUp => Awaits::Part(Claim::NAME),
        }
    }

    fn woken(self, me: Id<Self>, _now: Timestamp) -> Step<Self> {
        let Waiting { attempt } = self else { return Step::wait(self) };
        let because = "the review has not answered in time".to_owned();
        let refusal = Refusal { how: Fall::Unavailable, because };
        Step::wait(GivingUp).tell(me.of::<Claim>(), Stand { attempt, refusal })
    }
}
