//! Leads the cancellation of a claim: first the review, then the claim, and never half of it.
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
//! Three things hold, whatever times out when and wherever it crashes:
//!
//! - The review is cancelled only after the claim agreed, and the claim agrees only while it still
//!   waits. From then on nothing says no any more, so neither is ever cancelled without the other.
//! - The claim waits no longer than configured: [`Patience`](super::patience::Patience) makes it
//!   stand (503), in a conversation of its own, because commands to reviews that are suspended
//!   hold up those behind them in this one. A review that is told of the release late is told to
//!   keep on right behind it; what the desk did meanwhile is taken back there.
//! - A claim that no examiner has yet is cancelled as soon as one has. Reviews or rosters that are
//!   down are therefore 503, too, and the claim stands.
//!
//! Words that come too late are about an attempt that is over, and change nothing.

use super::{
    claim::{
        self, Claim,
        Command::{Agree, FinishCancelling, Stand},
        Refusal, Stage,
    },
    review::{
        self,
        Command::{Cancel, Keep, Release},
        Review,
    },
};
use crate::domain::kernel::{Aggregate, Awaits, Fall, Id, Meta, Refused, Saga, Step, Unchanged};
use crate::hears;
use serde::{Deserialize, Serialize};

use Cancellation::{Agreeing, Closing, Finishing, Idle, Keeping, Refusing, Releasing, Waiting};

hears!(
    /// What a cancellation listens to.
    Heard: Claim, Review
);

/// How far the cancellation of a claim has come.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub enum Cancellation {
    /// Nobody cancels.
    #[default]
    Idle,
    /// No examiner has the claim yet.
    Waiting,
    /// The review was told to be released.
    Releasing {
        /// For which attempt.
        attempt: u32,
    },
    /// The review is released, and the claim asked whether it still waits for that.
    Agreeing {
        /// For which attempt.
        attempt: u32,
    },
    /// The claim agreed, and the review was told that it is cancelled.
    Closing,
    /// The review is cancelled, and the claim was told that it is, too.
    Finishing,
    /// The review will not be released, and the claim was told that it stands.
    Refusing,
    /// The claim stands, and the review was told that it does, too.
    Keeping {
        /// The attempt that somebody has begun since.
        again: Option<u32>,
    },
}

impl Saga for Cancellation {
    const NAME: &'static str = "claims/cancellation";
    type Hears = Heard;

    fn route(heard: &Heard) -> Option<u64> {
        Some(heard.number())
    }

    fn react(self, me: Id<Self>, heard: Heard, _meta: &Meta) -> Step<Self> {
        match heard {
            Heard::Claim(_, event) => self.on_claim(me, &event),
            Heard::Review(_, event) => self.on_review(me, event),
        }
    }

    /// A review that was decided on meanwhile is not released, nor one whose desk still has an
    /// earlier attempt to answer for. The claim says no only because of what was heard before.
    fn refused(self, me: Id<Self>, refused: &Refused) -> Step<Self> {
        match (self, refused.by::<Review>()) {
            (Releasing { attempt }, Some(rejection)) => {
                let how = match rejection {
                    review::Rejection::DeskIsBusy => Fall::Unavailable,
                    _ => Fall::Refused,
                };
                let because = refused.because.clone();
                stand(me, attempt, Refusal { how, because })
            }
            (state, _) => Step::wait(state),
        }
    }

    fn unchanged(self, me: Id<Self>, unchanged: &Unchanged) -> Step<Self> {
        match (self, unchanged.aggregate.as_str(), unchanged.command.as_str()) {
            // It was decided on or refused before it could be told to go on.
            (Keeping { again }, Review::NAME, "Keep") => kept(me, again),
            // Somebody else made the claim stand.
            (Refusing, Claim::NAME, "Stand") => Step::done(),
            (state, _, _) => Step::wait(state),
        }
    }

    fn awaits(&self) -> Awaits {
        match self {
            Idle => Awaits::Nobody,
            Waiting | Releasing { .. } | Closing | Keeping { .. } => Awaits::Part(Review::NAME),
            Agreeing { .. } | Finishing | Refusing => Awaits::Part(Claim::NAME),
        }
    }
}

impl Cancellation {
    fn on_claim(self, me: Id<Self>, event: &claim::Event) -> Step<Self> {
        use claim::Event as E;
        match (self, event) {
            (Idle, E::CancelAsked { stage: Stage::Received, .. }) => Step::wait(Waiting),
            (Idle, E::CancelAsked { stage: Stage::UnderReview, attempt, .. })
            | (Waiting, E::ReviewStarted { cancelling: Some(attempt), .. }) => {
                release(me, *attempt)
            }
            (Releasing { attempt } | Agreeing { attempt }, E::CancelRefused { .. }) => {
                Step::wait(Keeping { again: None }).tell(me.of::<Review>(), Keep { attempt })
            }
            (Agreeing { attempt }, E::CancelAgreed { .. }) => {
                Step::wait(Closing).tell(me.of::<Review>(), Cancel { attempt })
            }
            (Finishing, E::Cancelled { .. }) | (Waiting | Refusing, E::CancelRefused { .. }) => {
                Step::done()
            }
            (Keeping { .. }, E::CancelAsked { attempt, .. }) => {
                Step::wait(Keeping { again: Some(*attempt) })
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
            (Releasing { attempt }, E::Released { .. }) => {
                Step::wait(Agreeing { attempt }).tell(me.of::<Claim>(), Agree { attempt })
            }
            (Releasing { attempt }, E::ReleaseRefused { refusal, .. }) => {
                stand(me, attempt, refusal)
            }
            (Closing, E::Cancelled { .. }) => {
                Step::wait(Finishing).tell(me.of::<Claim>(), FinishCancelling)
            }
            (Keeping { again }, E::ReleaseWithdrawn { .. }) => kept(me, again),
            (state, _) => Step::wait(state),
        }
    }
}

fn release(me: Id<Cancellation>, attempt: u32) -> Step<Cancellation> {
    Step::wait(Releasing { attempt }).tell(me.of::<Review>(), Release { attempt })
}

fn stand(me: Id<Cancellation>, attempt: u32, refusal: Refusal) -> Step<Cancellation> {
    Step::wait(Refusing).tell(me.of::<Claim>(), Stand { attempt, refusal })
}

/// The review goes on; somebody may be waiting for it to be cancelled all the same.
fn kept(me: Id<Cancellation>, again: Option<u32>) -> Step<Cancellation> {
    match again {
        Some(attempt) => release(me, attempt),
        None => Step::done(),
    }
}
