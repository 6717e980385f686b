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

use super::{Claims, dates::given_or_now, desk::ReviewDesk, settings::Settings};
use crate::domain::kernel::{deed::Refusal, prelude::*};

use Command::*;
use Event::*;

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Claim {
    demand: Demand,
    /// The number of attempts to cancel the claim so far.
    attempts: u32,
    /// Why the last attempt to cancel failed, when nothing has happened since.
    refusal: Option<Refusal>,
    pub(super) status: Status,
}

/// What the customer demands.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Demand {
    pub customer_id: Number,
    pub price: Money,
    /// The time at which the claim was made, according to the client.
    pub claim_dt: Timestamp,
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
        Received: "Received", "Received Claim";
        UnderReview: "UnderReview", "Received Claim";
        /// The review was asked to agree to this attempt.
        Cancelling { attempt: u32, stage: Stage }: "Cancelling";
        /// The claim agreed to this attempt: the review is released, and is to be cancelled.
        Leaving { attempt: u32 }: "Cancelling";
        Cancelled: "Cancelled", "Canceled Claim";
        Approved { award: Award, overtook_cancel: bool }: "Approved";
        Declined { overtook_cancel: bool }: "Declined";
        Paid { award: Award }: "Paid";
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
    Receive { customer_id: Number, price: Money, claim_dt: Option<Number> },
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

impl Aggregate for Claim {
    const NAME: &'static str = "claims/claims";
    const AWAITED_STEP: Option<&'static str> = Some("claims/review");
    type Business = Claims;
    type Command = Command;
    type Event = Event;
    type Rejection = Rejection;

    fn issuer(command: &Command) -> Issuer {
        match command {
            Receive { .. } | Cancel => Issuer::Customer,
            _ => Issuer::Internal,
        }
    }

    fn decide(&self, command: Command, now: Timestamp, settings: &Settings) -> Decision<Self> {
        use Status as S;
        let demand = self.demand;
        let overtook_cancel = matches!(self.status, S::Cancelling { .. });
        let cancel_asked = |stage| {
            let (attempt, answer_by) = (self.attempts.saturating_add(1), settings.answer_by(now));
            CancelAsked { demand, attempt, stage, answer_by }
        };
        let event = match (&self.status, command) {
            (S::Blank, Receive { customer_id, price, claim_dt }) => {
                check_price(price)?;
                let claim_dt = given_or_now(claim_dt, now).ok_or(Rejection::BadDate)?;
                Received { demand: Demand { customer_id, price, claim_dt } }
            }
            (S::Received, StartReview) => ReviewStarted { demand, cancelling: None },
            (S::Cancelling { attempt, stage: Stage::Received }, StartReview) => {
                ReviewStarted { demand, cancelling: Some(*attempt) }
            }
            (
                S::UnderReview | S::Cancelling { stage: Stage::UnderReview, .. },
                Approve { award },
            ) => Approved { demand, award, overtook_cancel },
            (S::UnderReview | S::Cancelling { stage: Stage::UnderReview, .. }, Decline) => {
                Declined { demand, overtook_cancel }
            }
            (S::Approved { award, .. }, Pay) => Paid { demand, award: *award },
            (S::Received, Cancel) => cancel_asked(Stage::Received),
            (S::UnderReview, Cancel) => cancel_asked(Stage::UnderReview),
            (S::Cancelling { attempt: asked, .. }, Agree { attempt }) if *asked == attempt => {
                CancelAgreed { demand, attempt }
            }
            (S::Cancelling { attempt: asked, stage }, Stand { attempt, refusal })
                if *asked == attempt =>
            {
                CancelRefused { demand, attempt, stage: *stage, refusal }
            }
            (S::Leaving { .. }, FinishCancelling) => Cancelled { demand },
            (status, command) => return status.already(&command),
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
        let attempts = match event {
            CancelAsked { attempt, .. } => attempt,
            _ => self.attempts,
        };
        let (refusal, status) = (event.refusal(), event.status());
        Self { demand: event.demand(), attempts, refusal, status }
    }

    fn progress(&self) -> Progress {
        let failed = |how, reason| Progress::Failed { how, reason };
        match (&self.status, &self.refusal) {
            (_, Some(Refusal { how, reason })) => failed(*how, reason.clone()),
            (Status::Cancelling { .. } | Status::Leaving { .. }, _) => Progress::Pending,
            (Status::Approved { overtook_cancel: true, .. }, _) => {
                failed(FailureKind::Refused, Rejection::IsApproved.to_string())
            }
            (Status::Declined { overtook_cancel: true }, _) => {
                failed(FailureKind::Refused, Rejection::IsDeclined.to_string())
            }
            _ => Progress::Established,
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

    fn original_status(&self) -> Option<&'static str> {
        self.status.original_word()
    }

    fn available_commands(&self) -> &'static [&'static str] {
        match self.status {
            Status::Received | Status::UnderReview => &["cancel"],
            _ => &[],
        }
    }

    fn command_routes() -> CommandRoutes<Self> {
        let cancelled: &[&str] = &["Canceled Claim", "Cancelled Claim"];
        let words = [(cancelled, Cancel), (CANCELLED, Cancel)];
        CommandRoutes::new()
            .ignoring(IGNORED)
            .creates("receive", ReceiveBody::means)
            .command("cancel", |Empty {}| Cancel)
            .on_word("cancel by status", [Put, Post, Patch], "status", words)
    }
}

/// Fields that are ignored: set by the server, or irrelevant to a cancellation by status.
const IGNORED: &str = "id customerId price claimDt status contId approvedPrice";

const RECEIVED: &[&str] = &["Received Claim", "received"];

/// `{"customerId":1,"price":500,"status":"Received Claim","claimDt":1622635791863}`; the last two
/// may be left out.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct ReceiveBody {
    customer_id: Number,
    price: Money,
    status: Option<Text>,
    claim_dt: Option<Number>,
}

impl ReceiveBody {
    fn means(self) -> Result<Command, Malformed> {
        let Self { customer_id, price, status, claim_dt } = self;
        let command = Receive { customer_id, price, claim_dt };
        match status {
            None => Ok(command),
            Some(status) => status.means("status", &[(RECEIVED, command)]),
        }
    }
}

fn check_price(price: Money) -> Result<(), Rejection> {
    match price {
        Money::ZERO => Err(Rejection::NoPrice),
        price if price.is_accepted() => Ok(()),
        _ => Err(Rejection::TooDear),
    }
}

impl Status {
    pub(super) const fn award(&self) -> Option<Award> {
        match self {
            Self::Approved { award, .. } | Self::Paid { award } => Some(*award),
            _ => None,
        }
    }

    /// The rest of the transition table: commands that change nothing, and rejections. `Stand`
    /// for an attempt to cancel that is over changes nothing.
    fn already(&self, command: &Command) -> Decision<Claim> {
        match (self, command) {
            (Self::Blank, _) => Err(Rejection::Unknown),
            (_, Receive { .. }) => Err(Rejection::AlreadyReceived),
            (Self::Approved { award, .. } | Self::Paid { award }, Approve { award: again })
                if award == again =>
            {
                Ok(vec![])
            }
            (Self::Leaving { attempt }, Agree { attempt: again }) if attempt == again => Ok(vec![]),
            (_, StartReview | Stand { .. })
            | (Self::Cancelling { .. } | Self::Leaving { .. } | Self::Cancelled, Cancel)
            | (Self::Cancelled, FinishCancelling)
            | (Self::Declined { .. }, Decline)
            | (Self::Paid { .. }, Pay) => Ok(vec![]),

            (_, Agree { .. } | FinishCancelling) => Err(Rejection::NotCancelling),
            (Self::Approved { .. }, _) => Err(Rejection::IsApproved),
            (Self::Declined { .. }, _) => Err(Rejection::IsDeclined),
            (Self::Paid { .. }, _) => Err(Rejection::IsPaid),
            (Self::Leaving { .. } | Self::Cancelled, _) => Err(Rejection::IsCancelled),
            (_, _) => Err(Rejection::NotUnderReview),
        }
    }
}

impl Event {
    pub(super) const fn demand(&self) -> Demand {
        match self {
            Received { demand }
            | ReviewStarted { demand, .. }
            | CancelAsked { demand, .. }
            | CancelAgreed { demand, .. }
            | CancelRefused { demand, .. }
            | Cancelled { demand }
            | Approved { demand, .. }
            | Declined { demand, .. }
            | Paid { demand, .. } => *demand,
        }
    }

    /// The status of the claim after this event.
    pub(super) const fn status(&self) -> Status {
        match *self {
            Received { .. } | CancelRefused { stage: Stage::Received, .. } => Status::Received,
            ReviewStarted { cancelling: None, .. }
            | CancelRefused { stage: Stage::UnderReview, .. } => Status::UnderReview,
            ReviewStarted { cancelling: Some(attempt), .. } => {
                Status::Cancelling { attempt, stage: Stage::UnderReview }
            }
            CancelAsked { attempt, stage, .. } => Status::Cancelling { attempt, stage },
            CancelAgreed { attempt, .. } => Status::Leaving { attempt },
            Cancelled { .. } => Status::Cancelled,
            Approved { award, overtook_cancel, .. } => Status::Approved { award, overtook_cancel },
            Declined { overtook_cancel, .. } => Status::Declined { overtook_cancel },
            Paid { award, .. } => Status::Paid { award },
        }
    }

    /// The reason why the claim was not cancelled, when this event is such a refusal.
    pub(super) fn refusal(&self) -> Option<Refusal> {
        match self {
            CancelRefused { refusal, .. } => Some(refusal.clone()),
            _ => None,
        }
    }
}
