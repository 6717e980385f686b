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

#[cfg(test)]
mod specs;

use super::{Claims, dates::given_or_now, desk::ReviewDesk, review::Review, settings::Settings};
use crate::domain::kernel::{
    deed::Refusal,
    prelude::*,
    time_limit::{Attempt, Attempts, TimeLimit},
};

use Command::*;
use Event::*;

/// The saga that lets a claim stand when its review has not agreed to a cancellation in time.
/// Without a limit (`cancel_within_ms = 0`) it does nothing.
pub type CancelTimeLimit = TimeLimit<Claim>;

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Claim {
    pub(super) demand: Demand,
    /// The number of attempts to cancel the claim so far.
    attempts: u32,
    /// Why the last attempt to cancel failed, when nothing has happened since.
    pub(super) refusal: Option<Refusal>,
    pub(super) status: Status,
}

/// What the customer demands.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Demand {
    pub customer_id: Number,
    pub price: Money,
    /// The time at which the claim was made, according to the client.
    pub claim_dt: EpochMs,
}

/// The part of a claim that the examiner approved, and the contract it is paid under.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Award {
    pub cont_id: Number,
    pub price: Money,
}

statuses! {
    pub enum Status {
        Blank;
        Received, "Received Claim" => "cancel";
        UnderReview, "Received Claim" => "cancel";
        /// The review was asked to agree to the last attempt.
        Cancelling { stage: Stage } as pending;
        /// The claim agreed to the last attempt: the review is released, and is to be cancelled.
        Leaving as pending: "Cancelling";
        Cancelled, "Canceled Claim";
        Approved { award: Award, overtook_cancel: bool };
        Declined { overtook_cancel: bool };
        Paid { award: Award };
    }
}

/// The stage of a claim that the examiner has not decided on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Stage {
    Received,
    UnderReview,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum Command {
    // Without a time, the claim is made now.
    Receive { customer_id: Number, price: Money, claim_dt: Option<EpochMs> },
    StartReview,
    Approve { award: Award },
    Decline,
    Cancel,
    // The review is released, so this attempt to cancel may succeed.
    Agree { attempt: u32 },
    // This attempt to cancel fails.
    Stand { attempt: u32, refusal: Refusal },
    // The review is cancelled.
    FinishCancelling,
    Pay,
}

/// The events of a claim. Attempts to cancel it are counted from 1.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum Event {
    Received { demand: Demand },
    // An examiner has the claim, maybe during an attempt to cancel it.
    ReviewStarted { demand: Demand, cancelling: Option<u32> },
    // The review is asked to agree to the cancellation. Without `answer_by` there is no limit.
    CancelAsked { demand: Demand, attempt: u32, stage: Stage, answer_by: Option<Timestamp> },
    // The review is released, and the claim will be cancelled.
    CancelAgreed { demand: Demand, attempt: u32 },
    // The attempt to cancel failed; the claim stands as before.
    CancelRefused { demand: Demand, attempt: u32, stage: Stage, refusal: Refusal },
    // The claim is cancelled, and no examiner works on it any more.
    Cancelled { demand: Demand },
    Approved { demand: Demand, award: Award, overtook_cancel: bool },
    Declined { demand: Demand, overtook_cancel: bool },
    Paid { demand: Demand, award: Award },
}

rejections! {
    pub enum Rejection {
        Unknown: unknown "there is no such claim";
        AlreadyReceived: "the claim has been received already";
        NoPrice: invalid "the price must be at least 1 won";
        NotUnderReview: "the claim is not under review";
        IsApproved: "the claim has been approved already";
        IsDeclined: "the claim has been declined already";
        IsPaid: "the claim has been paid already";
        IsCancelled: "the claim is cancelled";
        NotCancelling: "the claim is not being cancelled";
        TooDear: invalid "the price must be at most {}", Money::MAX;
        BadDate: invalid "`claimDt` is in milliseconds, from the year 2000 to tomorrow";
    }
}

impl Attempts for Claim {
    const TIME_LIMIT: &'static str = "claims/patience";
    const ANSWERED_BY: &'static str = Review::NAME;
    const GIVE_UP: fn(u32) -> Command = |attempt| {
        let reason = "the review has not answered in time".to_owned();
        Stand { attempt, refusal: Refusal { how: FailureKind::Unavailable, reason } }
    };

    fn attempt(event: &Event) -> Option<Attempt> {
        match *event {
            CancelAsked { attempt, answer_by: Some(answer_by), .. } => {
                Some(Attempt::Begun { attempt, answer_by })
            }
            CancelAgreed { .. } | CancelRefused { .. } | Approved { .. } | Declined { .. } => {
                Some(Attempt::Decided)
            }
            _ => None,
        }
    }
}

impl Aggregate for Claim {
    const NAME: &'static str = "claims/claims";
    const AWAITED_STEP: Option<&'static str> = Some("claims/review");
    aggregate_types!(Claims, status);

    fn issuer(command: &Command) -> Issuer {
        match command {
            Receive { .. } | Cancel => Issuer::Customer,
            _ => Issuer::Internal,
        }
    }

    fn decide(&self, command: Command, now: Timestamp, settings: &Settings) -> Decision<Self> {
        use Status as S;
        let (demand, attempts) = (self.demand, self.attempts);
        let overtook_cancel = matches!(self.status, S::Cancelling { .. });
        let is_under_review =
            matches!(self.status, S::UnderReview | S::Cancelling { stage: Stage::UnderReview });
        let cancel_asked = |stage| {
            let (attempt, answer_by) = (attempts.saturating_add(1), settings.answer_by(now));
            CancelAsked { demand, attempt, stage, answer_by }
        };
        let event = match (&self.status, command) {
            (S::Blank, Receive { price: Money::ZERO, .. }) => return Err(Rejection::NoPrice),
            (S::Blank, Receive { price, .. }) if !price.is_accepted() => {
                return Err(Rejection::TooDear);
            }
            (S::Blank, Receive { customer_id, price, claim_dt }) => {
                let claim_dt = given_or_now(claim_dt, now).ok_or(Rejection::BadDate)?;
                Received { demand: Demand { customer_id, price, claim_dt } }
            }
            (S::Received, StartReview) => ReviewStarted { demand, cancelling: None },
            (S::Cancelling { stage: Stage::Received }, StartReview) => {
                ReviewStarted { demand, cancelling: Some(attempts) }
            }
            (_, Approve { award }) if is_under_review => {
                Approved { demand, award, overtook_cancel }
            }
            (_, Decline) if is_under_review => Declined { demand, overtook_cancel },
            (S::Approved { award, .. }, Pay) => Paid { demand, award: *award },
            (S::Received, Cancel) => cancel_asked(Stage::Received),
            (S::UnderReview, Cancel) => cancel_asked(Stage::UnderReview),
            (S::Cancelling { .. }, Agree { attempt }) if attempt == attempts => {
                CancelAgreed { demand, attempt }
            }
            (&S::Cancelling { stage }, Stand { attempt, refusal }) if attempt == attempts => {
                CancelRefused { demand, attempt, stage, refusal }
            }
            (S::Leaving, FinishCancelling) => Cancelled { demand },
            (_, command) => return self.already(&command),
        };
        Ok(vec![event])
    }

    fn waits_for_port(command: &Command) -> Option<&'static str> {
        matches!(command, Cancel).then_some(ReviewDesk::NAME)
    }

    fn may_start_step(command: &Command) -> bool {
        matches!(command, Cancel)
    }

    fn step_is_pending(&self) -> bool {
        self.progress() == Progress::Pending
    }

    fn evolve(self, event: Event) -> Self {
        let (demand, status) = match event {
            Received { demand } => (demand, Status::Received),
            ReviewStarted { demand, cancelling: None } => (demand, Status::UnderReview),
            ReviewStarted { demand, cancelling: Some(_) } => {
                (demand, Status::Cancelling { stage: Stage::UnderReview })
            }
            CancelAsked { demand, attempt, stage, .. } => {
                let status = Status::Cancelling { stage };
                return Self { demand, attempts: attempt, refusal: None, status };
            }
            CancelRefused { demand, stage, refusal, .. } => {
                let status = match stage {
                    Stage::Received => Status::Received,
                    Stage::UnderReview => Status::UnderReview,
                };
                return Self { demand, refusal: Some(refusal), status, ..self };
            }
            CancelAgreed { demand, .. } => (demand, Status::Leaving),
            Cancelled { demand } => (demand, Status::Cancelled),
            Approved { demand, award, overtook_cancel } => {
                (demand, Status::Approved { award, overtook_cancel })
            }
            Declined { demand, overtook_cancel } => (demand, Status::Declined { overtook_cancel }),
            Paid { demand, award } => (demand, Status::Paid { award }),
        };
        Self { demand, refusal: None, status, ..self }
    }

    fn progress(&self) -> Progress {
        let refused = |why: Rejection| Progress::Failed {
            how: FailureKind::Refused,
            reason: why.to_string(),
        };
        match (&self.refusal, &self.status) {
            (Some(Refusal { how, reason }), _) => {
                Progress::Failed { how: *how, reason: reason.clone() }
            }
            (_, Status::Approved { overtook_cancel: true, .. }) => refused(Rejection::IsApproved),
            (_, Status::Declined { overtook_cancel: true }) => refused(Rejection::IsDeclined),
            (_, status) => status.progress(),
        }
    }

    fn represent(&self, number: u64) -> impl Serialize {
        let Demand { customer_id, price, claim_dt } = self.demand;
        let award = self.status.award();
        object! {
            "id": number, "customerId": customer_id, "price": price, "claimDt": claim_dt,
            "status": self.status.word(), "contId"?: award.map(|award| award.cont_id),
            "approvedPrice"?: award.map(|award| award.price),
        }
    }

    fn command_routes() -> CommandRoutes<Self> {
        let cancelled: &[&str] = &["Canceled Claim", "Cancelled Claim"];
        let words = [(cancelled, Cancel), (CANCELLED, Cancel)];
        let receive = body!(|customer_id: Number,
                             price: Money,
                             status: Option<Text>,
                             claim_dt: Option<Timestamp>|
         -> Result<_, Malformed> {
            if let Some(status) = status {
                status.means("status", &[(&["Received Claim", "received"], ())])?;
            }
            // As a `Timestamp` the time has its form in the contract.
            Ok(Receive { customer_id, price, claim_dt: claim_dt.map(EpochMs::from) })
        });
        CommandRoutes::new()
            .ignoring("id customerId price claimDt status contId approvedPrice")
            .creates("receive", receive)
            .command("cancel", |Empty {}| Cancel)
            .on_word("cancel by status", [Put, Post, Patch], "status", words)
    }
}

impl Status {
    pub(super) const fn award(&self) -> Option<Award> {
        match self {
            Self::Approved { award, .. } | Self::Paid { award } => Some(*award),
            _ => None,
        }
    }
}

impl Claim {
    /// The rest of the transition table: commands that change nothing, and rejections. `Stand`
    /// for an attempt to cancel that is over changes nothing.
    fn already(&self, command: &Command) -> Decision<Self> {
        use Status as S;
        match (&self.status, command) {
            (S::Blank, _) => Err(Rejection::Unknown),
            (_, Receive { .. }) => Err(Rejection::AlreadyReceived),
            (S::Approved { award, .. } | S::Paid { award }, Approve { award: again })
                if award == again =>
            {
                Ok(vec![])
            }
            (S::Leaving, Agree { attempt }) if *attempt == self.attempts => Ok(vec![]),
            (_, StartReview | Stand { .. })
            | (S::Cancelling { .. } | S::Leaving | S::Cancelled, Cancel)
            | (S::Cancelled, FinishCancelling)
            | (S::Declined { .. }, Decline)
            | (S::Paid { .. }, Pay) => Ok(vec![]),

            (_, Agree { .. } | FinishCancelling) => Err(Rejection::NotCancelling),
            (S::Approved { .. }, _) => Err(Rejection::IsApproved),
            (S::Declined { .. }, _) => Err(Rejection::IsDeclined),
            (S::Paid { .. }, _) => Err(Rejection::IsPaid),
            (S::Leaving | S::Cancelled, _) => Err(Rejection::IsCancelled),
            (_, _) => Err(Rejection::NotUnderReview),
        }
    }
}
