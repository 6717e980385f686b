//! A customer's claim on a policy, from its receipt to its payment or cancellation.
//!
//! ```text
//!          review started             approved            paid out
//! Received ─────────────▶ UnderReview ────────▶ Approved ─────────▶ Paid
//!  ▲ │ cancel              ▲ │ │ cancel   ▲ overtaken by a decision:
//!  │ └───────┐     ┌───────┘ │ │          │ 409, and Declined likewise
//!  │ refused ▼     │ refused │ │ declined │
//!  └─────── Cancelling ◀─────┘ └────────▶ Declined
//!             │ agreed: the review is released, nothing can stop it any more
//!             ▼               the review is cancelled
//!           Leaving ──────────────────────────────────▶ Cancelled
//! ```
//! The claim decides the race between the review's answer and the time limit of a cancellation:
//! of `Agree` and `Stand`, the command that arrives first for an attempt to cancel holds.

mod event;
mod rejection;
mod routes;
mod shown;
#[cfg(test)]
mod specs;

pub use event::{Award, Demand, Event, Stage};
pub use rejection::Rejection;

use super::{Claims, dates::given_or_now, desk::ReviewDesk, refusal::Refusal, settings::Settings};
use crate::domain::kernel::{
    Aggregate, CommandRoutes, Decision, Empty, FailureKind, Issuer, Method, Money, Number, Port,
    Progress, Timestamp,
};
use routes::{ReceiveBody, StatusBody};
use serde::{Deserialize, Serialize};
use shown::Shown;

use Command::{
    Agree, Approve, Cancel, Decline, FinishCancelling, Pay, Receive, Stand, StartReview,
};
use Event::{
    Approved, CancelAgreed, CancelAsked, CancelRefused, Cancelled, Declined, Paid, Received,
    ReviewStarted,
};

/// A claim on a policy.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Claim {
    demand: Demand,
    award: Option<Award>,
    /// Number of attempts to cancel the claim so far.
    attempts: u32,
    status: Status,
}

/// Status of a claim.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
enum Status {
    #[default]
    Blank,
    Progress {
        stage: Stage,
        /// Why the last attempt to cancel the claim failed.
        refusal: Option<Refusal>,
    },
    Cancelling {
        attempt: u32,
        stage: Stage,
    },
    Leaving {
        attempt: u32,
    },
    Cancelled,
    Approved {
        overtook_cancel: bool,
    },
    Declined {
        overtook_cancel: bool,
    },
    Paid,
}

/// Commands of a claim.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum Command {
    /// A customer claims.
    Receive {
        /// The customer who claims.
        customer_id: Number,
        /// The amount, in won.
        price: Money,
        /// The time at which the claim was made, according to the client; `None` is now.
        claim_dt: Option<Timestamp>,
    },
    /// An examiner has the claim.
    StartReview,
    /// The examiner approved the claim.
    Approve {
        /// The award.
        award: Award,
    },
    /// The examiner declined the claim.
    Decline,
    /// The customer cancels the claim.
    Cancel,
    /// The review is released, so this attempt to cancel may succeed.
    Agree {
        /// The attempt to cancel.
        attempt: u32,
    },
    /// This attempt to cancel fails.
    Stand {
        /// The attempt to cancel.
        attempt: u32,
        /// The reason.
        refusal: Refusal,
    },
    /// The review is cancelled.
    FinishCancelling,
    /// The award was paid out.
    Pay,
}

impl Aggregate for Claim {
    const NAME: &'static str = "claims/claims";
    const AWAITED_STEP: Option<&'static str> = Some("claims/review");
    type Business = Claims;
    type Command = Command;
    type Event = Event;
    type Rejection = Rejection;

    fn issuer(command: &Command) -> Issuer {
        match command {
            Receive { .. } => Issuer::Anyone,
            Cancel => Issuer::Customer,
            StartReview
            | Approve { .. }
            | Decline
            | Agree { .. }
            | Stand { .. }
            | FinishCancelling
            | Pay => Issuer::Internal,
        }
    }

    fn decide(&self, command: Command, now: Timestamp, settings: &Settings) -> Decision<Self> {
        use Stage as At;
        use Status as S;
        let demand = self.demand;
        match (&self.status, command) {
            (S::Blank, Receive { price: Money::ZERO, .. }) => Err(Rejection::NoPrice),
            (S::Blank, Receive { price, .. }) if !price.is_accepted() => Err(Rejection::TooDear),
            (S::Blank, Receive { customer_id, price, claim_dt }) => {
                let claim_dt = given_or_now(claim_dt, now).ok_or(Rejection::BadDate)?;
                Ok(vec![Received { demand: Demand { customer_id, price, claim_dt } }])
            }
            (S::Progress { stage: At::Received, .. }, StartReview) => {
                Ok(vec![ReviewStarted { demand, cancelling: None }])
            }
            (S::Cancelling { attempt, stage: At::Received }, StartReview) => {
                Ok(vec![ReviewStarted { demand, cancelling: Some(*attempt) }])
            }
            (S::Progress { stage, .. }, Cancel) => Ok(vec![CancelAsked {
                demand,
                attempt: self.attempts.saturating_add(1),
                stage: *stage,
                answer_by: settings.answer_by(now),
            }]),
            (S::Cancelling { attempt, .. }, Agree { attempt: agreed }) if *attempt == agreed => {
                Ok(vec![CancelAgreed { demand, attempt: agreed }])
            }
            (S::Cancelling { attempt, stage }, Stand { attempt: refused, refusal })
                if *attempt == refused =>
            {
                Ok(vec![CancelRefused { demand, attempt: refused, stage: *stage, refusal }])
            }
            (S::Leaving { .. }, FinishCancelling) => Ok(vec![Cancelled { demand }]),
            (S::Progress { stage: At::UnderReview, .. }, Approve { award }) => {
                Ok(vec![Approved { demand, award, overtook_cancel: false }])
            }
            (S::Cancelling { stage: At::UnderReview, .. }, Approve { award }) => {
                Ok(vec![Approved { demand, award, overtook_cancel: true }])
            }
            (S::Progress { stage: At::UnderReview, .. }, Decline) => {
                Ok(vec![Declined { demand, overtook_cancel: false }])
            }
            (S::Cancelling { stage: At::UnderReview, .. }, Decline) => {
                Ok(vec![Declined { demand, overtook_cancel: true }])
            }
            (S::Approved { .. }, Pay) => match self.award {
                Some(award) => Ok(vec![Paid { demand, award }]),
                None => Ok(vec![]),
            },
            (status, command) => self.already(status, &command),
        }
    }

    fn waits_for_port(command: &Command) -> Option<&'static str> {
        matches!(command, Cancel).then_some(ReviewDesk::NAME)
    }

    fn may_start_step(command: &Command) -> bool {
        matches!(command, Cancel)
    }

    fn step_is_pending(&self) -> bool {
        matches!(self.status, Status::Cancelling { .. } | Status::Leaving { .. })
    }

    fn evolve(self, event: Event) -> Self {
        let standing = |stage, refusal| Status::Progress { stage, refusal };
        let status = match event {
            Received { demand } => {
                return Self { demand, status: standing(Stage::Received, None), ..self };
            }
            ReviewStarted { cancelling: None, .. } => standing(Stage::UnderReview, None),
            ReviewStarted { cancelling: Some(attempt), .. } => {
                Status::Cancelling { attempt, stage: Stage::UnderReview }
            }
            CancelAsked { attempt, stage, .. } => {
                let status = Status::Cancelling { attempt, stage };
                return Self { attempts: attempt, status, ..self };
            }
            CancelAgreed { attempt, .. } => Status::Leaving { attempt },
            CancelRefused { stage, refusal, .. } => standing(stage, Some(refusal)),
            Cancelled { .. } => Status::Cancelled,
            Approved { award, overtook_cancel, .. } => {
                let status = Status::Approved { overtook_cancel };
                return Self { award: Some(award), status, ..self };
            }
            Declined { overtook_cancel, .. } => Status::Declined { overtook_cancel },
            Paid { .. } => Status::Paid,
        };
        Self { status, ..self }
    }

    fn progress(&self) -> Progress {
        let refused = |reason: Rejection| Progress::Failed {
            how: FailureKind::Refused,
            reason: reason.to_string(),
        };
        match &self.status {
            Status::Cancelling { .. } | Status::Leaving { .. } => Progress::Pending,
            Status::Progress { refusal: Some(Refusal { how, reason }), .. } => {
                Progress::Failed { how: *how, reason: reason.clone() }
            }
            Status::Approved { overtook_cancel: true } => refused(Rejection::IsApproved),
            Status::Declined { overtook_cancel: true } => refused(Rejection::IsDeclined),
            Status::Blank
            | Status::Progress { refusal: None, .. }
            | Status::Cancelled
            | Status::Approved { overtook_cancel: false }
            | Status::Declined { overtook_cancel: false }
            | Status::Paid => Progress::Established,
        }
    }

    fn represent(&self, number: u64) -> impl Serialize {
        Shown {
            id: number,
            customer_id: self.demand.customer_id,
            price: self.demand.price,
            claim_dt: self.demand.claim_dt,
            status: self.status(),
            cont_id: self.award.map(|award| award.cont_id),
            approved_price: self.award.map(|award| award.price),
        }
    }

    fn original_status(&self) -> Option<&'static str> {
        match self.status {
            Status::Progress { .. } => Some("Received Claim"),
            Status::Cancelled => Some("Canceled Claim"),
            _ => None,
        }
    }

    fn available_commands(&self) -> &'static [&'static str] {
        match self.status {
            Status::Progress { .. } => &["cancel"],
            _ => &[],
        }
    }

    fn command_routes() -> CommandRoutes<Self> {
        CommandRoutes::new()
            .ignoring(routes::IGNORED)
            .creates("receive", ReceiveBody::means)
            .command("cancel", |Empty {}| Ok(Cancel))
            .on_item("cancel by status", [Method::Put], StatusBody::means)
            .on_item("cancel by status", [Method::Post], StatusBody::means)
            .on_item("cancel by status", [Method::Patch], StatusBody::means)
    }
}

impl Claim {
    /// Returns the status shown to clients.
    #[must_use]
    pub const fn status(&self) -> &'static str {
        match &self.status {
            Status::Blank => "",
            Status::Progress { stage, .. } => stage.name(),
            Status::Cancelling { .. } | Status::Leaving { .. } => "Cancelling",
            Status::Cancelled => "Cancelled",
            Status::Approved { .. } => "Approved",
            Status::Declined { .. } => "Declined",
            Status::Paid => "Paid",
        }
    }

    /// Returns the award, once the claim is approved.
    #[must_use]
    pub const fn award(&self) -> Option<Award> {
        self.award
    }

    /// Decides the lower half of the table: commands that change nothing, and rejections. `Stand`
    /// for an attempt to cancel that is over changes nothing.
    #[expect(clippy::match_same_arms, reason = "each row of the table is a rule of its own")]
    fn already(&self, status: &Status, command: &Command) -> Decision<Self> {
        use Status as S;
        match (status, command) {
            (S::Blank, _) => Err(Rejection::Unknown),
            (_, Receive { .. }) => Err(Rejection::AlreadyReceived),
            (_, StartReview | Stand { .. }) => Ok(vec![]),
            (S::Cancelling { .. } | S::Leaving { .. } | S::Cancelled, Cancel) => Ok(vec![]),
            (S::Leaving { attempt }, Agree { attempt: again }) if attempt == again => Ok(vec![]),
            (S::Cancelled, FinishCancelling) => Ok(vec![]),
            (S::Approved { .. } | S::Paid, Approve { award }) if self.award == Some(*award) => {
                Ok(vec![])
            }
            (S::Declined { .. }, Decline) | (S::Paid, Pay) => Ok(vec![]),

            (_, Agree { .. } | FinishCancelling) => Err(Rejection::NotCancelling),
            (S::Approved { .. }, _) => Err(Rejection::IsApproved),
            (S::Declined { .. }, _) => Err(Rejection::IsDeclined),
            (S::Paid, _) => Err(Rejection::IsPaid),
            (S::Leaving { .. } | S::Cancelled, _) => Err(Rejection::IsCancelled),
            (S::Progress { .. } | S::Cancelling { .. }, _) => Err(Rejection::NotUnderReview),
        }
    }
}
