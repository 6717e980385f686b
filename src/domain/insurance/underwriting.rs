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

#[cfg(test)]
mod specs;

use super::{Insurance, UNDERWRITER, settings::Settings, subscription::Subscription};
use crate::domain::kernel::prelude::*;

use Command::*;
use Event::*;

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Underwriting {
    pub(super) case: Option<Case>,
    pub status: Status,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Case {
    pub subscription: Id<Subscription>,
    pub underwriter: Number,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Verdict {
    Approve,
    Refuse,
}

statuses! {
    #[derive(Copy, Eq)]
    pub enum Status {
        Blank;
        Assigned => "approve", "refuse";
        /// The underwriter has decided, and the subscription has not accepted the decision yet.
        Deciding(Verdict) as pending: "Assigned";
        Approved, "approveSubscription";
        Refused, "refuseSubscription";
        /// The customer has cancelled.
        Withdrawn;
    }
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum Command {
    Assign { case: Case },
    // The underwriter may name a subscription; then it must be the right one.
    Decide { verdict: Verdict, about: Option<Id<Subscription>> },
    // The subscription has accepted the decision.
    Conclude,
    // The customer has cancelled.
    Withdraw,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum Event {
    Assigned { case: Case },
    // The decision is to be sent to the subscription.
    Decided { verdict: Verdict },
    Approved,
    Refused,
    // The customer has cancelled, so no decision is needed any more.
    Withdrawn,
}

rejections! {
    pub enum Rejection {
        Unknown: unknown "there is no such underwriting";
        AlreadyAssigned: "the underwriting has been assigned already";
        OtherSubscription: "the underwriting is about another subscription";
        NotDecided: "the underwriting has not been decided";
        IsDeciding: "the underwriting is being decided otherwise";
        IsApproved: "the underwriting has been approved already";
        IsRefused: "the underwriting has been refused already";
        IsWithdrawn: "the underwriting is withdrawn";
    }
}

impl Aggregate for Underwriting {
    const NAME: &'static str = "insurance/underwritings";
    aggregate_types!(Insurance, status);

    fn issuer(command: &Command) -> Issuer {
        match command {
            Decide { .. } => Issuer::Staff(&[UNDERWRITER]),
            Assign { .. } | Conclude | Withdraw => Issuer::Internal,
        }
    }

    fn decide(&self, command: Command, _now: Timestamp, _settings: &Settings) -> Decision<Self> {
        use Status as S;
        match (self.status, command) {
            (S::Blank, Assign { case }) => Ok(vec![Assigned { case }]),
            (S::Blank, _) => Err(Rejection::Unknown),
            (_, Assign { case }) if self.case == Some(case) => Ok(vec![]),
            (_, Assign { .. }) => Err(Rejection::AlreadyAssigned),
            (_, Decide { about: Some(about), .. })
                if self.case.is_none_or(|case| case.subscription != about) =>
            {
                Err(Rejection::OtherSubscription)
            }

            (S::Assigned, Decide { verdict, .. }) => Ok(vec![Decided { verdict }]),
            (S::Deciding(Verdict::Approve), Conclude) => Ok(vec![Approved]),
            (S::Deciding(Verdict::Refuse), Conclude) => Ok(vec![Refused]),
            (S::Assigned | S::Deciding(_), Withdraw) => Ok(vec![Withdrawn]),

            (S::Deciding(decided), Decide { verdict, .. }) if decided == verdict => Ok(vec![]),
            (S::Approved, Decide { verdict: Verdict::Approve, .. } | Conclude)
            | (S::Refused, Decide { verdict: Verdict::Refuse, .. } | Conclude)
            | (S::Withdrawn, Withdraw) => Ok(vec![]),

            (S::Assigned, Conclude) => Err(Rejection::NotDecided),
            (S::Deciding(_), Decide { .. }) => Err(Rejection::IsDeciding),
            (S::Approved, _) => Err(Rejection::IsApproved),
            (S::Refused, _) => Err(Rejection::IsRefused),
            (S::Withdrawn, _) => Err(Rejection::IsWithdrawn),
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
            Status::Withdrawn => {
                let reason = Rejection::IsWithdrawn.to_string();
                Progress::Failed { how: FailureKind::Refused, reason }
            }
            status => status.progress(),
        }
    }

    fn represent(&self, number: u64) -> impl Serialize {
        object! {
            "underwritingId": number, "subscriptionId": self.case.map(|case| case.subscription),
            "underwriterId": self.case.map(|case| case.underwriter), "underwritingStatus": self.status.word(),
        }
    }

    fn command_routes() -> CommandRoutes<Self> {
        let decide = body!(|underwriting_status: Text,
                            subscription_id: Option<Id<Subscription>>| {
            let approved: &[&str] = &["approveSubscription", "approve", "approved"];
            let refused: &[&str] = &["refuseSubscription", "refuse", "refused"];
            let verdicts = [(approved, Verdict::Approve), (refused, Verdict::Refuse)];
            let verdict = underwriting_status.means("underwritingStatus", &verdicts);
            verdict.map(|verdict| Decide { verdict, about: subscription_id })
        });
        CommandRoutes::new()
            .ignoring("underwritingId subscriptionId underwriterId")
            .command("approve", |Empty {}| Decide { verdict: Verdict::Approve, about: None })
            .command("refuse", |Empty {}| Decide { verdict: Verdict::Refuse, about: None })
            .on_item("decide by status", [Patch, Put], decide)
    }
}
