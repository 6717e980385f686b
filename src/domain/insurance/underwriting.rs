//! Underwriting: an underwriter's decision on a subscription. It has the subscription's number.
//!
//! ```text
//!           decided            the subscription knows
//! Assigned ────────▶ Deciding ────────────────────────▶ Approved | Refused
//!    │                  │
//!    └────────┬─────────┘
//!             ▼ the customer was faster
//!         Withdrawn
//! ```
//! Deciding is shown as Assigned. The underwriter's request waits until the subscription has
//! accepted the decision, or until a cancellation overtakes it.

mod routes;
#[cfg(test)]
mod specs;

use super::{Insurance, UNDERWRITER, settings::Settings, subscription::Subscription};
use crate::domain::kernel::{
    Aggregate, CommandRoutes, Decision, Empty, FailureKind, Id, Issuer, Method, Number, Progress,
    RejectionKind, Timestamp,
};
use routes::StatusBody;
use serde::{Deserialize, Serialize};
use thiserror::Error;

use Command::{Assign, Conclude, Decide, Withdraw};
use Event::{Approved, Assigned, Decided, Refused, Withdrawn};

/// Underwriting of a subscription.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Underwriting {
    case: Option<Case>,
    status: Status,
}

/// Case: the subscription to decide on, and its underwriter.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Case {
    /// The subscription.
    pub subscription: Id<Subscription>,
    /// The number of the underwriter.
    pub underwriter: Number,
}

/// Verdict of an underwriter.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Verdict {
    /// The company accepts the subscription.
    Approve,
    /// The company refuses the subscription.
    Refuse,
}

/// Status of an underwriting.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum Status {
    /// No underwriter is assigned.
    #[default]
    Blank,
    /// The case is assigned to an underwriter.
    Assigned,
    /// The underwriter has decided, and the subscription has not accepted the decision yet.
    Deciding(Verdict),
    /// The company accepts the subscription.
    Approved,
    /// The company refuses the subscription.
    Refused,
    /// The customer has cancelled.
    Withdrawn,
}

/// Commands of an underwriting.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum Command {
    /// Assigns the case to an underwriter.
    Assign {
        /// The case.
        case: Case,
    },
    /// The underwriter has decided.
    Decide {
        /// The verdict.
        verdict: Verdict,
        /// The subscription that the underwriter names, if any; it must be the right one.
        about: Option<Id<Subscription>>,
    },
    /// The subscription has accepted the decision.
    Conclude,
    /// The customer has cancelled.
    Withdraw,
}

/// Events of an underwriting.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum Event {
    /// The case was assigned to an underwriter.
    Assigned {
        /// The case.
        case: Case,
    },
    /// The underwriter has decided; the decision is to be sent to the subscription.
    Decided {
        /// The verdict.
        verdict: Verdict,
    },
    /// The company accepts the subscription.
    Approved,
    /// The company refuses the subscription.
    Refused,
    /// The customer has cancelled, so no decision is needed any more.
    Withdrawn,
}

/// Reason why an underwriting rejects a command.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, Error)]
pub enum Rejection {
    /// No paid subscription has this number.
    #[error("there is no such underwriting")]
    Unknown,
    /// The case is assigned to another underwriter.
    #[error("the underwriting has been assigned already")]
    AlreadyAssigned,
    /// The underwriter named another subscription.
    #[error("the underwriting is about another subscription")]
    OtherSubscription,
    /// The underwriter has not decided yet.
    #[error("the underwriting has not been decided")]
    NotDecided,
    /// The opposite decision is pending.
    #[error("the underwriting is being decided otherwise")]
    IsDeciding,
    /// The company accepts the subscription.
    #[error("the underwriting has been approved already")]
    IsApproved,
    /// The company refuses the subscription.
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

    fn issuer(command: &Command) -> Issuer {
        match command {
            Decide { .. } => Issuer::Staff(&[UNDERWRITER]),
            Assign { .. } | Conclude | Withdraw => Issuer::Internal,
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

    fn progress(&self) -> Progress {
        match self.status {
            Status::Deciding(_) => Progress::Pending,
            Status::Withdrawn => {
                let reason = Rejection::IsWithdrawn.to_string();
                Progress::Failed { how: FailureKind::Refused, reason }
            }
            Status::Blank | Status::Assigned | Status::Approved | Status::Refused => {
                Progress::Established
            }
        }
    }

    fn represent(&self, number: u64) -> impl Serialize {
        Shown {
            underwriting_id: number,
            subscription_id: self.case.map(|case| case.subscription),
            underwriter_id: self.case.map(|case| case.underwriter),
            underwriting_status: self.status.name(),
        }
    }

    fn original_status(&self) -> Option<&'static str> {
        match self.status {
            Status::Approved => Some("approveSubscription"),
            Status::Refused => Some("refuseSubscription"),
            Status::Blank | Status::Assigned | Status::Deciding(_) | Status::Withdrawn => None,
        }
    }

    fn available_commands(&self) -> &'static [&'static str] {
        match self.status {
            Status::Assigned => &["approve", "refuse"],
            _ => &[],
        }
    }

    fn command_routes() -> CommandRoutes<Self> {
        CommandRoutes::new()
            .ignoring(routes::IGNORED)
            .command("approve", |Empty {}| Ok(routes::decided(Verdict::Approve)))
            .command("refuse", |Empty {}| Ok(routes::decided(Verdict::Refuse)))
            .on_item("decide by status", [Method::Patch], StatusBody::means)
            .on_item("decide by status", [Method::Put], StatusBody::means)
    }
}

impl Underwriting {
    /// Returns the status.
    #[must_use]
    pub const fn status(&self) -> Status {
        self.status
    }

    /// Returns the number of the underwriter; `None` when none is assigned.
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

    /// Decides the lower half of the table: commands that change nothing, and rejections.
    fn already(&self, command: &Command) -> Decision<Self> {
        use Status as S;
        match (self.status, command) {
            (S::Deciding(decided), Decide { verdict, .. }) if decided == *verdict => Ok(vec![]),
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
    /// Returns the name shown to clients.
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
