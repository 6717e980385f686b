//! Saga that lets a claim stand when its review has not agreed to a cancellation in time.
//!
//! ```text
//!      asked for             time is up              claim stands
//! Idle ─────────▶ Waiting ──────────────▶ GivingUp ──────────────▶ over
//!                    │ agreed to, refused or overtaken by a decision
//!                    └──────────────────────────────────────────▶ over
//! ```
//! Without a limit (`cancel_within_ms = 0`) the saga does nothing.

use super::{
    claim::{Claim, Command::Stand, Event, Event::*},
    review::Review,
};
use crate::domain::kernel::{deed::Refusal, prelude::*};

use Patience::*;

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub enum Patience {
    /// No cancellation is pending.
    #[default]
    Idle,
    /// The review was asked to agree.
    Waiting { attempt: u32 },
    /// The time limit has passed, and `Stand` was sent to the claim.
    GivingUp,
}

impl Saga for Patience {
    const NAME: &'static str = "claims/patience";
    type Events = (Id<Claim>, Event);

    fn route((claim, _): &Self::Events) -> Option<u64> {
        Some(claim.number())
    }

    fn react(self, _me: Id<Self>, (_, event): Self::Events, _meta: &Meta) -> Step<Self> {
        match (self, event) {
            (Idle, CancelAsked { attempt, answer_by: Some(time), .. }) => {
                Step::wait(Waiting { attempt }).set_timer(time)
            }
            (
                Waiting { .. } | GivingUp,
                CancelAgreed { .. } | CancelRefused { .. } | Approved { .. } | Declined { .. },
            ) => Step::done(),
            (state, _) => Step::wait(state),
        }
    }

    fn on_timer(self, me: Id<Self>, _now: Timestamp) -> Step<Self> {
        let Waiting { attempt } = self else { return Step::wait(self) };
        let reason = "the review has not answered in time".to_owned();
        let refusal = Refusal { how: FailureKind::Unavailable, reason };
        Step::wait(GivingUp).send(me.of::<Claim>(), Stand { attempt, refusal })
    }

    fn waits_for(&self) -> WaitsFor {
        match self {
            Idle => WaitsFor::Nothing,
            Waiting { .. } => WaitsFor::Part(Review::NAME),
            GivingUp => WaitsFor::Part(Claim::NAME),
        }
    }
}
