//! What an underwriter thinks of a subscription. It bears the subscription's number.
//!
//! ```text
//!           decided            the subscription knows
//! Assigned ────────▶ Deciding ────────────────────────▶ Approved | Refused
//!    │                  │
//!    └────────┬─────────┘
//!             ▼ the customer was faster
//!         Withdrawn
//! ```
//! Deciding is shown as Assigned; whoever decided waits until it is known whose word holds.

mod said;
#[cfg(test)]
mod specs;

use super::{Insurance, UNDERWRITER, settings::Settings, subscription::Subscription};
use crate::domain::kernel::{
    Aggregate, Decision, Fall, Id, Method, Nothing, Number, RejectionKind, Speaker, Standing,
    Timestamp, Vocabulary,
};
use said::StatusBody;
use serde::{Deserialize, Serialize};
use thiserror::Error;

use Command::{Assign, Conclude, Decide, Withdraw};
use Event::{Approved, Assigned, Decided, Refused, Withdrawn};

/// What an underwriter thinks of a subscription.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Underwriting {
    case: Option<Case>,
    status: Status,
}

/// What is to be decided, and by whom.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Case {
    /// The subscription.
    pub subscription: Id<Subscription>,
    /// The number of the underwriter.
    pub underwriter: Number,
}

/// What an underwriter says.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Verdict {
    /// The company insures this.
    Approve,
    /// It does not.
    Refuse,
}

/// How an underwriting stands.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum Status {
    /// Nobody was asked.
    #[default]
    Blank,
    /// It lies on the underwriter's desk.
    Assigned,
    /// The underwriter has decided, and the subscription does not know yet.
    Deciding(Verdict),
    /// The company insures this.
    Approved,
    /// It does not.
    Refused,
    /// The customer has cancelled.
    Withdrawn,
}

/// What an underwriting can be told.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum Command {
    /// This underwriter shall look at it.
    Assign {
        /// What, and who.
        case: Case,
    },
    /// The underwriter has decided.
    Decide {
        /// What.
        verdict: Verdict,
        /// About which subscription, if that was said.
        about: Option<Id<Subscription>>,
    },
    /// The subscription has taken note of the decision.
    Conclude,
    /// The customer has cancelled.
    Withdraw,
}

/// What can happen to an underwriting.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum Event {
    /// It lies on an underwriter's desk.
    Assigned {
        /// What, and whose.
        case: Case,
    },
    /// The underwriter has decided; the subscription is to be told.
    Decided {
        /// What.
        verdict: Verdict,
    },
    /// The company insures this.
    Approved,
    /// The company does not insure this.
    Refused,
    /// There is nothing to decide any more: the customer has cancelled.
    Withdrawn,
}

/// Why an underwriting says no.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, Error)]
pub enum Rejection {
    /// No paid subscription bears this number.
    #[error("there is no such underwriting")]
    Unknown,
    /// Another underwriter has it.
    #[error("the underwriting has been assigned already")]
    AlreadyAssigned,
    /// The number that was said and the one it bears are not the same.
    #[error("the underwriting is about another subscription")]
    OtherSubscription,
    /// Nobody has said anything yet.
    #[error("the underwriting has not been decided")]
    NotDecided,
    /// The opposite has just been said.
    #[error("the underwriting is being decided otherwise")]
    IsDeciding,
    /// The company insures this.
    #[error("the underwriting has been approved already")]
    IsApproved,
    /// The company does not insure this.
    #[error("the underwriting has been refused already")]
    IsRefused,
    /// The customer has cancelled.
    #[error("the underwriting is withdrawn")]
    IsWithdrawn,
}

impl crate::domain::kernel::Rejection for Rejection {
    fn kind(&self) -> RejectionKind {
        match self {
            Self::Unknown => RejectionKind::Unknown,
            _ => RejectionKind::Conflict,
        }
    }
}

impl Aggregate for Underwriting {
    const NAME: &'static str = "insurance/underwritings";
    type Business = Insurance;
    type Command = Command;
    type Event = Event;
    type Rejection = Rejection;

    fn speaker(command: &Command) -> Speaker {
        match command {
            Decide { .. } => Speaker::Staff(UNDERWRITER),
            Assign { .. } | Conclude | Withdraw => Speaker::Inside,
        }
    }

    fn decide(&self, command: Command, _now: Timestamp, _settings: &Settings) -> Decision<Self> {
        use Status as S;
        if let Decide { about: Some(about), .. } = command {
            self.check(about)?;
        }
        match (self.status, command) {
            (S::Blank, Assign { case }) => Ok(vec![Assigned { case }]),
            (S::Assigned, Decide { verdict, .. }) => Ok(vec![Decided { verdict }]),
            (S::Deciding(Verdict::Approve), Conclude) => Ok(vec![Approved]),
            (S::Deciding(Verdict::Refuse), Conclude) => Ok(vec![Refused]),
            (S::Assigned | S::Deciding(_), Withdraw) => Ok(vec![Withdrawn]),
            (_, command) => self.already(&command),
        }
    }

    fn evolve(self, event: Event) -> Self {
        let status = match event {
            Assigned { case } => return Self { case: Some(case), status: Status::Assigned },
            Decided { verdict } => Status::Deciding(verdict),
            Approved => Status::Approved,
            Refused => Status::Refused,
            Withdrawn => Status::Withdrawn,
        };
        Self { status, ..self }
    }

    fn standing(&self) -> Standing {
        match self.status {
            Status::Deciding(_) => Standing::Pending,
            Status::Withdrawn => {
                let because = Rejection::IsWithdrawn.to_string();
                Standing::Fell { how: Fall::Refused, because }
            }
            Status::Blank | Status::Assigned | Status::Approved | Status::Refused => {
                Standing::Stands
            }
        }
    }

    fn show(&self, number: u64) -> impl Serialize {
        Shown {
            underwriting_id: number,
            subscription_id: self.case.map(|case| case.subscription),
            underwriter_id: self.case.map(|case| case.underwriter),
            underwriting_status: self.status.name(),
        }
    }

    fn possible(&self) -> &'static [&'static str] {
        match self.status {
            Status::Assigned => &["approve", "refuse"],
            _ => &[],
        }
    }

    fn vocabulary() -> Vocabulary<Self> {
        Vocabulary::new()
            .ignoring(said::IGNORED)
            .command("approve", |Nothing {}| Ok(said::decided(Verdict::Approve)))
            .command("refuse", |Nothing {}| Ok(said::decided(Verdict::Refuse)))
            .word("decide by status", Method::Patch, StatusBody::means)
            .word("decide by status", Method::Put, StatusBody::means)
    }
}

impl Underwriting {
    /// How it stands.
    #[must_use]
    pub const fn status(&self) -> Status {
        self.status
    }

    /// Who decides; `None` when nobody was asked.
    #[must_use]
    pub fn underwriter(&self) -> Option<Number> {
        self.case.map(|case| case.underwriter)
    }

    fn check(&self, about: Id<Subscription>) -> Result<(), Rejection> {
        match self.case {
            Some(case) if case.subscription != about => Err(Rejection::OtherSubscription),
            _ => Ok(()),
        }
    }

    /// The lower half of the table: what is already so, and what is refused.
    fn already(&self, command: &Command) -> Decision<Self> {
        use Status as S;
        match (self.status, command) {
            (S::Deciding(said), Decide { verdict, .. }) if said == *verdict => Ok(vec![]),
            (S::Approved, Decide { verdict: Verdict::Approve, .. } | Conclude)
            | (S::Refused, Decide { verdict: Verdict::Refuse, .. } | Conclude)
            | (S::Withdrawn, Withdraw) => Ok(vec![]),
            (_, Assign { case }) if self.case == Some(*case) => Ok(vec![]),

            (S::Blank, _) => Err(Rejection::Unknown),
            (_, Assign { .. }) => Err(Rejection::AlreadyAssigned),
            (S::Assigned, _) => Err(Rejection::NotDecided),
            (S::Deciding(_), _) => Err(Rejection::IsDeciding),
            (S::Approved, _) => Err(Rejection::IsApproved),
            (S::Refused, _) => Err(Rejection::IsRefused),
            (S::Withdrawn, _) => Err(Rejection::IsWithdrawn),
        }
    }
}

impl Status {
    /// As clients are told.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Blank => "",
            Self::Assigned | Self::Deciding(_) => "Assigned",
            Self::Approved => "Approved",
            Self::Refused => "Refused",
            Self::Withdrawn => "Withdrawn",
        }
    }
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Shown {
    underwriting_id: u64,
    subscription_id: Option<Id<Subscription>>,
    underwriter_id: Option<Number>,
    underwriting_status: &'static str,
}
