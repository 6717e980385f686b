//! Subscription: a customer's application for a policy, up to its contract or its end.
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
//! The premium is known once the catalogue has quoted it, while the subscription is Requested.

mod routes;
mod shown;
#[cfg(test)]
mod specs;

use super::{Insurance, payment::PremiumPayment, settings::Settings};
use crate::domain::kernel::{
    Aggregate, CommandRoutes, Decision, Empty, FailureKind, Issuer, Method, Money, Port, Progress,
    RejectionKind, Text, Timestamp,
};
use routes::{ApplyBody, StatusBody};
use serde::{Deserialize, Serialize};
use shown::Shown;
use thiserror::Error;

use Command::{Accept, Apply, Cancel, Contract, FinishCancelling, Price, Refuse, Reject, Review};
use Event::{
    Applied, Cancelled, Contracted, Priced, Refused, Rejected, Requested, ReviewBegan, Undone,
};

/// Subscription: an application for a policy.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Subscription {
    product_name: Text,
    customer: Text,
    premium: Option<Money>,
    status: Status,
}

/// Status of a subscription.
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
        how: FailureKind,
        reason: String,
    },
}

/// Commands of a subscription.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum Command {
    /// A customer applies for a policy.
    Apply {
        /// Name of the product.
        product_name: Text,
        /// The customer; may be empty.
        customer: Text,
    },
    /// The customer cancels the subscription.
    Cancel,
    /// The catalogue has quoted the premium.
    Price {
        /// The premium, in won.
        premium: Money,
    },
    /// The premium was paid.
    Accept,
    /// An underwriter reviews the subscription.
    Review,
    /// The underwriter approved the subscription.
    Contract,
    /// The underwriter refused the subscription.
    Refuse,
    /// The payment failed, or the product is not for sale.
    Reject {
        /// Kind of the failure, which selects the HTTP status.
        how: FailureKind,
        /// The reason, as a sentence.
        reason: String,
    },
    /// The premium paid for the cancelled subscription, if any, has been refunded.
    FinishCancelling,
}

/// Events of a subscription.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum Event {
    /// A customer applied for a policy.
    Requested {
        /// Name of the product.
        product_name: Text,
        /// The customer.
        customer: Text,
    },
    /// The premium is known.
    Priced {
        /// The premium, in won.
        premium: Money,
    },
    /// The premium was paid, so the subscription stands.
    Applied,
    /// An underwriter reviews the subscription.
    ReviewBegan,
    /// The policy is in force.
    Contracted,
    /// The company refused the subscription.
    Refused,
    /// The customer cancelled the subscription; what was paid is to be refunded.
    Cancelled,
    /// The subscription failed before it was paid.
    Rejected {
        /// Kind of the failure, which selects the HTTP status.
        how: FailureKind,
        /// The reason, as a sentence.
        reason: String,
    },
    /// The premium paid for the cancelled subscription, if any, has been refunded.
    Undone,
}

/// Reason why a subscription rejects a command.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, Error)]
pub enum Rejection {
    /// No subscription was ever requested under this number.
    #[error("there is no such subscription")]
    Unknown,
    /// A subscription was already requested under this number.
    #[error("the subscription has been requested already")]
    AlreadyRequested,
    /// The product's name is empty or too long.
    #[error("the name of the product must have 1 to 100 characters")]
    BadName,
    /// The customer's name is too long.
    #[error("the customer has at most 100 characters")]
    TooLong,
    /// Another premium was quoted before.
    #[error("the subscription has been priced already")]
    IsPriced,
    /// The command requires a paid subscription.
    #[error("the subscription has not been paid")]
    NotPaid,
    /// The subscription is paid, so it cannot be rejected.
    #[error("the subscription has been paid")]
    IsPaid,
    /// No underwriter reviews the subscription.
    #[error("the subscription is not under review")]
    NotUnderReview,
    /// The policy is in force.
    #[error("the subscription is contracted")]
    IsContracted,
    /// The company refused the subscription.
    #[error("the subscription was refused")]
    WasRefused,
    /// The customer cancelled the subscription.
    #[error("the subscription is cancelled")]
    IsCancelled,
    /// The subscription was rejected before it was paid.
    #[error("the subscription was rejected")]
    WasRejected,
    /// No cancellation is under way.
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

    fn issuer(command: &Command) -> Issuer {
        match command {
            Apply { .. } => Issuer::Anyone,
            Cancel => Issuer::Customer,
            Price { .. }
            | Accept
            | Review
            | Contract
            | Refuse
            | Reject { .. }
            | FinishCancelling => Issuer::Internal,
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
            (S::Requested, Reject { how, reason }) => Ok(vec![Rejected { how, reason }]),
            (S::Applied, Review) => Ok(vec![ReviewBegan]),
            (S::UnderReview, Contract) => Ok(vec![Contracted]),
            (S::UnderReview, Refuse) => Ok(vec![Refused]),
            (S::Requested | S::Applied | S::UnderReview, Cancel) => Ok(vec![Cancelled]),
            (S::Cancelling, FinishCancelling) => Ok(vec![Undone]),
            (_, command) => self.already(&command),
        }
    }

    fn waits_for_port(command: &Command) -> Option<&'static str> {
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
            Rejected { how, reason } => Status::Rejected { how, reason },
            Undone => Status::Cancelled,
        };
        Self { status, ..self }
    }

    fn progress(&self) -> Progress {
        match &self.status {
            Status::Requested | Status::Cancelling => Progress::Pending,
            Status::Rejected { how, reason } => {
                Progress::Failed { how: *how, reason: reason.clone() }
            }
            Status::Blank
            | Status::Applied
            | Status::UnderReview
            | Status::Contracted
            | Status::Refused
            | Status::Cancelled => Progress::Established,
        }
    }

    fn represent(&self, number: u64) -> impl Serialize {
        let reason = match &self.status {
            Status::Rejected { reason, .. } => Some(reason.clone()),
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

    fn original_status(&self) -> Option<&'static str> {
        match self.status {
            Status::Requested | Status::Applied | Status::UnderReview => Some("created"),
            Status::Cancelling | Status::Cancelled => Some("reqCancel"),
            _ => None,
        }
    }

    fn available_commands(&self) -> &'static [&'static str] {
        match self.status {
            Status::Requested | Status::Applied | Status::UnderReview => &["cancel"],
            _ => &[],
        }
    }

    fn command_routes() -> CommandRoutes<Self> {
        CommandRoutes::new()
            .ignoring(routes::IGNORED)
            .creates("apply", ApplyBody::means)
            .command("cancel", |Empty {}| Ok(Cancel))
            .on_item("cancel by status", Method::Patch, StatusBody::means)
            .on_item("cancel by status", Method::Put, StatusBody::means)
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
    /// Returns the status shown to clients.
    #[must_use]
    pub const fn status(&self) -> &'static str {
        self.status.name()
    }

    /// Decides the lower half of the table: commands that change nothing, and rejections.
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
