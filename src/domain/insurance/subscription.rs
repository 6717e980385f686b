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

#[cfg(test)]
mod specs;

use super::{Insurance, payment::PremiumPayment, product::Terms, settings::Settings};
use crate::domain::kernel::prelude::*;

use Command::*;
use Event::*;

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Subscription {
    product_name: Text,
    customer: Personal,
    premium: Option<Money>,
    pub(super) status: Status,
}

statuses! {
    pub enum Status {
        Blank;
        Requested as pending, "created" => "cancel";
        Applied, "created" => "cancel";
        UnderReview, "created" => "cancel";
        Contracted;
        Refused;
        Cancelling as pending: "Cancelled", "reqCancel";
        Cancelled, "reqCancel";
        Rejected { how: FailureKind, reason: String } as failed;
    }
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum Command {
    Apply { product_name: Text, customer: Personal },
    Cancel,
    // The catalogue has quoted the premium. Only applications of versions before `Quote` get it.
    Price { premium: Money },
    Accept,
    Review,
    Contract,
    Refuse,
    // The payment failed, or the product is not for sale.
    Reject { how: FailureKind, reason: String },
    // The premium paid for the cancelled subscription, if any, has been refunded.
    FinishCancelling,
    AskQuote,
    // The catalogue was searched; `None`: the product is not registered.
    Quote { listed: Option<Terms> },
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum Event {
    Requested { product_name: Text, customer: Personal },
    Priced { premium: Money },
    // The premium was paid, so the subscription stands.
    Applied,
    ReviewBegan,
    Contracted,
    Refused,
    // The customer cancelled the subscription; what was paid is to be refunded.
    Cancelled,
    // The subscription failed before it was paid.
    Rejected { how: FailureKind, reason: String },
    // The premium paid for the cancelled subscription, if any, has been refunded.
    Undone,
    QuoteAsked { product_name: Text },
}

rejections! {
    pub enum Rejection {
        Unknown: unknown "there is no such subscription";
        AlreadyRequested: "the subscription has been requested already";
        BadName: invalid "the name of the product must have 1 to 100 characters";
        TooLong: invalid "the customer has at most 100 characters";
        IsPriced: "the subscription has been priced already";
        NotPaid: "the subscription has not been paid";
        IsPaid: "the subscription has been paid";
        NotUnderReview: "the subscription is not under review";
        IsContracted: "the subscription is contracted";
        WasRefused: "the subscription was refused";
        IsCancelled: "the subscription is cancelled";
        WasRejected: "the subscription was rejected";
        NotCancelling: "the subscription is not being cancelled";
    }
}

impl Aggregate for Subscription {
    const NAME: &'static str = "insurance/subscriptions";
    aggregate_types!(Insurance, status);

    fn issuer(command: &Command) -> Issuer {
        match command {
            Apply { .. } | Cancel => Issuer::Customer,
            _ => Issuer::Internal,
        }
    }

    fn decide(&self, command: Command, _now: Timestamp, settings: &Settings) -> Decision<Self> {
        use Status as S;
        match (&self.status, command) {
            (S::Blank, Apply { product_name, .. }) if !product_name.is_name() => {
                Err(Rejection::BadName)
            }
            (S::Blank, Apply { customer, .. }) if !customer.is_short() => Err(Rejection::TooLong),
            (S::Blank, Apply { product_name, customer }) => {
                Ok(vec![Requested { product_name, customer }])
            }
            (S::Blank, _) => Err(Rejection::Unknown),
            (_, Apply { .. }) => Err(Rejection::AlreadyRequested),

            (_, Price { premium }) if self.premium == Some(premium) => Ok(vec![]),
            (_, AskQuote | Quote { .. }) if self.premium.is_some() => Ok(vec![]),
            (S::Requested, Price { premium }) if self.premium.is_none() => {
                Ok(vec![Priced { premium }])
            }
            (S::Requested, AskQuote) => {
                Ok(vec![QuoteAsked { product_name: self.product_name.clone() }])
            }
            (S::Requested, Quote { listed }) => Ok(vec![quoted(listed.as_ref(), settings)]),

            (S::Requested, Accept) => Ok(vec![Applied]),
            (S::Requested, Reject { how, reason }) => Ok(vec![Rejected { how, reason }]),
            (S::Applied, Review) => Ok(vec![ReviewBegan]),
            (S::UnderReview, Contract) => Ok(vec![Contracted]),
            (S::UnderReview, Refuse) => Ok(vec![Refused]),
            (S::Requested | S::Applied | S::UnderReview, Cancel) => Ok(vec![Cancelled]),
            (S::Cancelling, FinishCancelling) => Ok(vec![Undone]),

            (S::Applied | S::UnderReview | S::Contracted | S::Refused, Accept)
            | (S::UnderReview | S::Contracted | S::Refused, Review)
            | (S::Contracted, Contract)
            | (S::Refused, Refuse)
            | (S::Cancelling | S::Cancelled, Cancel)
            | (S::Cancelled, FinishCancelling)
            | (S::Rejected { .. }, Reject { .. } | AskQuote | Quote { .. }) => Ok(vec![]),

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

    fn waits_for_port(command: &Command) -> Option<&'static str> {
        matches!(command, Apply { .. }).then_some(PremiumPayment::NAME)
    }

    fn evolve(self, event: Event) -> Self {
        let status = match event {
            Requested { product_name, customer } => {
                return Self { product_name, customer, premium: None, status: Status::Requested };
            }
            Priced { premium } => return Self { premium: Some(premium), ..self },
            QuoteAsked { .. } => return self,
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

    fn represent(&self, number: u64) -> impl Serialize {
        object! {
            "subscriptionId": number, "productName": &self.product_name, "premium": self.premium,
            "customer": &self.customer, "subscriptionStatus": self.status.word(),
            "reason"?: self.progress().reason(),
        }
    }

    fn command_routes() -> CommandRoutes<Self> {
        let cancel = [(&["reqCancel"][..], Cancel), (CANCELLED, Cancel)];
        CommandRoutes::new()
            .ignoring("subscriptionId productName premium customer subscriptionStatus reason")
            .creates(
                "apply",
                body!(|product_name: Text, customer: Option<Text>| Apply {
                    product_name: product_name.trimmed(),
                    customer: customer.unwrap_or_default().into(),
                }),
            )
            .command("cancel", |Empty {}| Cancel)
            .on_word("cancel by status", [Patch, Put], "subscriptionStatus", cancel)
    }
}

/// The premium of a product, or the rejection when it is not for sale.
fn quoted(listed: Option<&Terms>, settings: &Settings) -> Event {
    let reason = match listed {
        Some(Terms { on_sale: true, premium, .. }) => return Priced { premium: *premium },
        Some(_) => "the product is withdrawn",
        None if settings.open_catalogue => return Priced { premium: settings.default_premium },
        None => "there is no product of this name",
    };
    Rejected { how: FailureKind::Refused, reason: reason.into() }
}
