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
//! The premium is known once the catalogue was searched, while the subscription is Requested.

mod messages;
mod routes;
mod shown;
#[cfg(test)]
mod specs;

pub use messages::{Command, Event, Rejection};

use super::{Insurance, payment::PremiumPayment, product::Terms, settings::Settings};
use crate::domain::kernel::{
    Aggregate, CommandRoutes, Decision, Empty, FailureKind, Issuer, Method, Money, Port, Progress,
    Text, Timestamp,
};
use routes::{ApplyBody, StatusBody};
use serde::{Deserialize, Serialize};
use shown::Shown;

use Command::{
    Accept, Apply, AskQuote, Cancel, Contract, FinishCancelling, Price, Quote, Refuse, Reject,
    Review,
};
use Event::{
    Applied, Cancelled, Contracted, Priced, QuoteAsked, Refused, Rejected, Requested, ReviewBegan,
    Undone,
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
            | FinishCancelling
            | AskQuote
            | Quote { .. } => Issuer::Internal,
        }
    }

    fn decide(&self, command: Command, _now: Timestamp, settings: &Settings) -> Decision<Self> {
        use Status as S;
        match (&self.status, command) {
            (S::Blank, Apply { product_name, customer }) => requested(product_name, customer),
            (S::Requested, Price { premium }) if self.premium.is_none() => {
                Ok(vec![Priced { premium }])
            }
            (S::Requested, AskQuote) if self.premium.is_none() => {
                Ok(vec![QuoteAsked { product_name: self.product_name.clone() }])
            }
            (S::Requested, Quote { listed }) if self.premium.is_none() => {
                Ok(vec![quoted(listed.as_ref(), settings)])
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
            QuoteAsked { .. } => return self,
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
            .on_item("cancel by status", [Method::Patch], StatusBody::means)
            .on_item("cancel by status", [Method::Put], StatusBody::means)
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

/// Returns the premium of a product, or the rejection when it is not for sale.
fn quoted(listed: Option<&Terms>, settings: &Settings) -> Event {
    let reason = match listed {
        Some(Terms { on_sale: true, premium, .. }) => return Priced { premium: *premium },
        Some(Terms { on_sale: false, .. }) => "the product is withdrawn",
        None if settings.open_catalogue => return Priced { premium: settings.default_premium },
        None => "there is no product of this name",
    };
    Rejected { how: FailureKind::Refused, reason: reason.into() }
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
            | (S::Rejected { .. }, Reject { .. } | AskQuote | Quote { .. }) => Ok(vec![]),
            (_, AskQuote | Quote { .. }) if self.premium.is_some() => Ok(vec![]),
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
