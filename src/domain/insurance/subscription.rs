//! A customer's application for a policy, and what became of it.
//!
//! ```text
//!            paid           underwriter assigned                 approved
//! Requested ─────▶ Applied ──────────────────────▶ UnderReview ───────────▶ Contracted
//!   │   │ cancelled   │ cancelled             cancelled │   │ refused
//!   │   └─────────────┴───────────┬─────────────────────┘   └─────────────▶ Refused
//!   │ unpaid, or not sold         ▼   the money is back
//!   ▼                         Cancelling ──────────────▶ Cancelled
//! Rejected
//! ```
//! What it costs is known once the catalogue has quoted it, while it is Requested.

mod said;
mod shown;
#[cfg(test)]
mod specs;

use super::{Insurance, payment::PremiumPayment, settings::Settings};
use crate::domain::kernel::{
    Aggregate, Decision, Fall, Method, Money, Nothing, Port, RejectionKind, Speaker, Standing,
    Text, Timestamp, Vocabulary,
};
use said::{ApplyBody, StatusBody};
use serde::{Deserialize, Serialize};
use shown::Shown;
use thiserror::Error;

use Command::{Accept, Apply, Cancel, Contract, FinishCancelling, Price, Refuse, Reject, Review};
use Event::{
    Applied, Cancelled, Contracted, Priced, Refused, Rejected, Requested, ReviewBegan, Undone,
};

/// An application for a policy.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Subscription {
    product_name: Text,
    customer: Text,
    premium: Option<Money>,
    status: Status,
}

/// How far an application has come.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
enum Status {
    #[default]
    Blank,
    Requested,
    Applied,
    UnderReview,
    Contracted,
    Refused,
    Cancelling,
    Cancelled,
    Rejected {
        how: Fall,
        because: String,
    },
}

/// What a subscription can be told.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum Command {
    /// A customer wants this policy.
    Apply {
        /// What it is called.
        product_name: Text,
        /// Who applies; may be empty.
        customer: Text,
    },
    /// The customer does not want it any more.
    Cancel,
    /// The catalogue says what it costs.
    Price {
        /// The premium, in won.
        premium: Money,
    },
    /// The premium was paid.
    Accept,
    /// An underwriter looks at it.
    Review,
    /// The underwriter approved it.
    Contract,
    /// The underwriter refused it.
    Refuse,
    /// It could not be paid, or is not for sale.
    Reject {
        /// Which family of answer that is.
        how: Fall,
        /// The reason, as a sentence.
        because: String,
    },
    /// Whatever was paid for the cancelled subscription has been given back.
    FinishCancelling,
}

/// What can happen to a subscription.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum Event {
    /// A customer wants this policy.
    Requested {
        /// What it is called.
        product_name: Text,
        /// Who applies.
        customer: Text,
    },
    /// It is known what it costs.
    Priced {
        /// The premium, in won.
        premium: Money,
    },
    /// The premium was paid: the application stands.
    Applied,
    /// An underwriter looks at it.
    ReviewBegan,
    /// The policy is in force.
    Contracted,
    /// The company will not insure this.
    Refused,
    /// The customer called it off; what was paid is to be given back.
    Cancelled,
    /// It did not come about.
    Rejected {
        /// Which family of answer that is.
        how: Fall,
        /// The reason, as a sentence.
        because: String,
    },
    /// Whatever was paid for the cancelled subscription has been given back.
    Undone,
}

/// Why a subscription says no.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, Error)]
pub enum Rejection {
    /// Nobody ever applied under this number.
    #[error("there is no such subscription")]
    Unknown,
    /// This number has been applied under before.
    #[error("the subscription has been requested already")]
    AlreadyRequested,
    /// The product's name says nothing or too much.
    #[error("the name of the product must have 1 to 100 characters")]
    BadName,
    /// A customer that cannot be one.
    #[error("the customer has at most 100 characters")]
    TooLong,
    /// What was quoted once is not quoted differently.
    #[error("the subscription has been priced already")]
    IsPriced,
    /// There is no money for what it is told.
    #[error("the subscription has not been paid")]
    NotPaid,
    /// What is paid does not become unpaid.
    #[error("the subscription has been paid")]
    IsPaid,
    /// No underwriter has looked at it.
    #[error("the subscription is not under review")]
    NotUnderReview,
    /// The policy is in force.
    #[error("the subscription is contracted")]
    IsContracted,
    /// The company will not insure this.
    #[error("the subscription was refused")]
    WasRefused,
    /// The customer called it off.
    #[error("the subscription is cancelled")]
    IsCancelled,
    /// It never stood.
    #[error("the subscription was rejected")]
    WasRejected,
    /// Nobody asked for it to be undone.
    #[error("the subscription is not being cancelled")]
    NotCancelling,
}

impl crate::domain::kernel::Rejection for Rejection {
    fn kind(&self) -> RejectionKind {
        match self {
            Self::Unknown => RejectionKind::Unknown,
            Self::BadName | Self::TooLong => RejectionKind::Invalid,
            _ => RejectionKind::Conflict,
        }
    }
}

impl Aggregate for Subscription {
    const NAME: &'static str = "insurance/subscriptions";
    type Business = Insurance;
    type Command = Command;
    type Event = Event;
    type Rejection = Rejection;

    fn speaker(command: &Command) -> Speaker {
        match command {
            Apply { .. } => Speaker::Anyone,
            Cancel => Speaker::Customer,
            Price { .. }
            | Accept
            | Review
            | Contract
            | Refuse
            | Reject { .. }
            | FinishCancelling => Speaker::Inside,
        }
    }

    fn decide(&self, command: Command, _now: Timestamp, _settings: &Settings) -> Decision<Self> {
        use Status as S;
        match (&self.status, command) {
            (S::Blank, Apply { product_name, customer }) => requested(product_name, customer),
            (S::Requested, Price { premium }) if self.premium.is_none() => {
                Ok(vec![Priced { premium }])
            }
            (S::Requested, Accept) => Ok(vec![Applied]),
            (S::Requested, Reject { how, because }) => Ok(vec![Rejected { how, because }]),
            (S::Applied, Review) => Ok(vec![ReviewBegan]),
            (S::UnderReview, Contract) => Ok(vec![Contracted]),
            (S::UnderReview, Refuse) => Ok(vec![Refused]),
            (S::Requested | S::Applied | S::UnderReview, Cancel) => Ok(vec![Cancelled]),
            (S::Cancelling, FinishCancelling) => Ok(vec![Undone]),
            (_, command) => self.already(&command),
        }
    }

    fn through(command: &Command) -> Option<&'static str> {
        matches!(command, Apply { .. }).then_some(PremiumPayment::NAME)
    }

    fn evolve(self, event: Event) -> Self {
        let status = match event {
            Requested { product_name, customer } => {
                return Self { product_name, customer, premium: None, status: Status::Requested };
            }
            Priced { premium } => return Self { premium: Some(premium), ..self },
            Applied => Status::Applied,
            ReviewBegan => Status::UnderReview,
            Contracted => Status::Contracted,
            Refused => Status::Refused,
            Cancelled => Status::Cancelling,
            Rejected { how, because } => Status::Rejected { how, because },
            Undone => Status::Cancelled,
        };
        Self { status, ..self }
    }

    fn standing(&self) -> Standing {
        match &self.status {
            Status::Requested | Status::Cancelling => Standing::Pending,
            Status::Rejected { how, because } => {
                Standing::Fell { how: *how, because: because.clone() }
            }
            Status::Blank
            | Status::Applied
            | Status::UnderReview
            | Status::Contracted
            | Status::Refused
            | Status::Cancelled => Standing::Stands,
        }
    }

    fn show(&self, number: u64) -> impl Serialize {
        let reason = match &self.status {
            Status::Rejected { because, .. } => Some(because.clone()),
            _ => None,
        };
        Shown {
            subscription_id: number,
            product_name: self.product_name.clone(),
            premium: self.premium,
            customer: self.customer.clone(),
            subscription_status: self.status(),
            reason,
        }
    }

    fn possible(&self) -> &'static [&'static str] {
        match self.status {
            Status::Requested | Status::Applied | Status::UnderReview => &["cancel"],
            _ => &[],
        }
    }

    fn vocabulary() -> Vocabulary<Self> {
        Vocabulary::new()
            .ignoring(said::IGNORED)
            .creates("apply", ApplyBody::means)
            .command("cancel", |Nothing {}| Ok(Cancel))
            .word("cancel by status", Method::Patch, StatusBody::means)
            .word("cancel by status", Method::Put, StatusBody::means)
    }
}

fn requested(product_name: Text, customer: Text) -> Decision<Subscription> {
    if !product_name.is_name() {
        return Err(Rejection::BadName);
    }
    if !customer.is_short() {
        return Err(Rejection::TooLong);
    }
    Ok(vec![Requested { product_name, customer }])
}

impl Subscription {
    /// How far it has come, as clients are told.
    #[must_use]
    pub const fn status(&self) -> &'static str {
        self.status.name()
    }

    /// The lower half of the table: what is already so, and what is refused.
    fn already(&self, command: &Command) -> Decision<Self> {
        use Status as S;
        match (&self.status, command) {
            (S::Applied | S::UnderReview | S::Contracted | S::Refused, Accept)
            | (S::UnderReview | S::Contracted | S::Refused, Review)
            | (S::Contracted, Contract)
            | (S::Refused, Refuse)
            | (S::Cancelling | S::Cancelled, Cancel)
            | (S::Cancelled, FinishCancelling)
            | (S::Rejected { .. }, Reject { .. }) => Ok(vec![]),
            (_, Price { premium }) if self.premium == Some(*premium) => Ok(vec![]),

            (S::Blank, _) => Err(Rejection::Unknown),
            (_, Apply { .. }) => Err(Rejection::AlreadyRequested),
            (S::Rejected { .. }, _) => Err(Rejection::WasRejected),
            (S::Cancelling | S::Cancelled, _) => Err(Rejection::IsCancelled),
            (S::Contracted, _) => Err(Rejection::IsContracted),
            (S::Refused, _) => Err(Rejection::WasRefused),
            (_, FinishCancelling) => Err(Rejection::NotCancelling),
            (_, Price { .. }) => Err(Rejection::IsPriced),
            (S::Requested, _) => Err(Rejection::NotPaid),
            (S::Applied | S::UnderReview, Reject { .. }) => Err(Rejection::IsPaid),
            (S::Applied | S::UnderReview, _) => Err(Rejection::NotUnderReview),
        }
    }
}

impl Status {
    const fn name(&self) -> &'static str {
        match self {
            Self::Blank => "",
            Self::Requested => "Requested",
            Self::Applied => "Applied",
            Self::UnderReview => "UnderReview",
            Self::Contracted => "Contracted",
            Self::Refused => "Refused",
            Self::Cancelling | Self::Cancelled => "Cancelled",
            Self::Rejected { .. } => "Rejected",
        }
    }
}
