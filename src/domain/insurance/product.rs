//! A policy that the company sells, or sold.
//!
//! ```text
//!        register            published            revise, withdraw
//! Blank ─────────▶ Drafted ────────────▶ Listed ◀──────────────────▶ Drafted (the old terms hold)
//!                     │ turned down        published, or turned down
//!                     ▼
//!                 TurnedDown
//! ```
//! A Drafted product waits for the catalogue, which ensures that no two products have one name.
//! From the answer on, applications get the new terms.

mod routes;
#[cfg(test)]
mod specs;

use super::{Insurance, PRODUCT_MANAGER, settings::Settings};
use crate::domain::kernel::{
    Aggregate, CommandRoutes, Decision, Empty, FailureKind, Issuer, Method, Money, Progress,
    RejectionKind, Text, Timestamp,
};
use routes::{RegisterBody, ReviseBody};
use serde::{Deserialize, Serialize};
use thiserror::Error;

use Command::{Publish, Register, Revise, TurnDown, Withdraw};
use Event::{Drafted, Published, TurnedDown};

/// A policy that the company sells, or sold.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub enum Product {
    /// The product is not registered.
    #[default]
    Blank,
    /// The catalogue has not answered yet.
    Drafted {
        /// The new terms.
        draft: Terms,
        /// The terms in force until then, if any.
        listed: Option<Terms>,
    },
    /// The product is in the catalogue.
    Listed {
        /// The terms in force.
        terms: Terms,
        /// Why the last revision was turned down, if it was.
        turned_down: Option<String>,
    },
    /// The product was never in the catalogue.
    TurnedDown {
        /// The terms that were turned down.
        draft: Terms,
        /// The reason, as a sentence.
        reason: String,
    },
}

/// Terms of a product: its name, its premium, and whether it is on sale.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Terms {
    /// Name of the product, which no other product has.
    pub product_name: Text,
    /// The premium, in won; at least 1.
    pub premium: Money,
    /// Whether customers can apply for the product.
    pub on_sale: bool,
}

/// Revision of the terms by a product manager; `None` keeps a field.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Revision {
    /// The new name.
    pub product_name: Option<Text>,
    /// The new premium, in won.
    pub premium: Option<Money>,
    /// Whether customers can apply for the product.
    pub on_sale: Option<bool>,
}

/// Commands of a product.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum Command {
    /// A product manager registers the product.
    Register {
        /// The terms.
        terms: Terms,
    },
    /// A product manager revises the terms.
    Revise(Revision),
    /// A product manager takes the product off sale.
    Withdraw,
    /// The catalogue accepted the terms.
    Publish,
    /// The catalogue rejected the terms.
    TurnDown {
        /// The reason, as a sentence.
        reason: String,
    },
}

/// Events of a product.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum Event {
    /// The terms are to be entered in the catalogue.
    Drafted {
        /// The terms.
        terms: Terms,
    },
    /// The terms are in the catalogue.
    Published {
        /// The terms.
        terms: Terms,
    },
    /// The catalogue rejected the terms; those in force before stay in force.
    TurnedDown {
        /// The reason, as a sentence.
        reason: String,
    },
}

/// Reason why a product rejects a command.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, Error)]
pub enum Rejection {
    /// The product is not registered.
    #[error("there is no such product")]
    Unknown,
    /// The product was registered before.
    #[error("the product has been registered already")]
    AlreadyRegistered,
    /// The name is empty or too long.
    #[error("the name of the product must have 1 to 100 characters")]
    BadName,
    /// The premium is 0.
    #[error("the premium is at least 1 won")]
    BadPremium,
    /// The catalogue has not answered an earlier revision.
    #[error("the product is being revised otherwise")]
    IsDrafted,
    /// The product was never in the catalogue.
    #[error("the product was turned down")]
    WasTurnedDown,
    /// No request to the catalogue is pending.
    #[error("the product is not being revised")]
    NotDrafted,
    /// The premium exceeds the maximum.
    #[error("the premium must be at most {}", Money::MAX)]
    TooDear,
}

impl crate::domain::kernel::Rejection for Rejection {
    fn kind(&self) -> RejectionKind {
        match self {
            Self::Unknown => RejectionKind::Unknown,
            Self::BadName | Self::BadPremium | Self::TooDear => RejectionKind::Invalid,
            Self::AlreadyRegistered | Self::IsDrafted | Self::WasTurnedDown | Self::NotDrafted => {
                RejectionKind::Conflict
            }
        }
    }
}

impl Aggregate for Product {
    const NAME: &'static str = "insurance/products";
    type Business = Insurance;
    type Command = Command;
    type Event = Event;
    type Rejection = Rejection;

    fn issuer(command: &Command) -> Issuer {
        match command {
            Register { .. } | Revise(_) | Withdraw => Issuer::Staff(&[PRODUCT_MANAGER]),
            Publish | TurnDown { .. } => Issuer::Internal,
        }
    }

    #[expect(clippy::match_same_arms, reason = "each row of the table is a rule of its own")]
    fn decide(&self, command: Command, _now: Timestamp, _settings: &Settings) -> Decision<Self> {
        match (self, command) {
            (Self::Blank, Register { terms }) => terms.drafted(),
            (Self::Listed { terms, turned_down }, Revise(revision)) => {
                terms.revised(revision, turned_down.is_none())
            }
            (Self::Listed { terms, turned_down }, Withdraw) => {
                terms.revised(Revision::withdrawal(), turned_down.is_none())
            }
            (Self::Drafted { draft, .. }, Publish) => Ok(vec![Published { terms: draft.clone() }]),
            (Self::Drafted { .. }, TurnDown { reason }) => Ok(vec![TurnedDown { reason }]),

            (Self::Drafted { draft, .. }, Revise(revision)) => draft.repeated(revision),
            (Self::Drafted { draft, .. }, Withdraw) => draft.repeated(Revision::withdrawal()),
            (Self::Listed { turned_down: None, .. }, Publish) => Ok(vec![]),
            (
                Self::Listed { turned_down: Some(_), .. } | Self::TurnedDown { .. },
                TurnDown { .. },
            ) => Ok(vec![]),

            (Self::Blank, _) => Err(Rejection::Unknown),
            (_, Register { .. }) => Err(Rejection::AlreadyRegistered),
            (Self::TurnedDown { .. }, _) => Err(Rejection::WasTurnedDown),
            (Self::Listed { .. }, Publish | TurnDown { .. }) => Err(Rejection::NotDrafted),
        }
    }

    fn evolve(self, event: Event) -> Self {
        let (draft, listed) = match self {
            Self::Blank => (Terms::default(), None),
            Self::Drafted { draft, listed } => (draft, listed),
            Self::Listed { terms, .. } => (terms.clone(), Some(terms)),
            Self::TurnedDown { draft, .. } => (draft, None),
        };
        match (event, listed) {
            (Drafted { terms }, listed) => Self::Drafted { draft: terms, listed },
            (Published { terms }, _) => Self::Listed { terms, turned_down: None },
            (TurnedDown { reason }, Some(terms)) => {
                Self::Listed { terms, turned_down: Some(reason) }
            }
            (TurnedDown { reason }, None) => Self::TurnedDown { draft, reason },
        }
    }

    fn progress(&self) -> Progress {
        match self {
            Self::Blank | Self::Listed { turned_down: None, .. } => Progress::Established,
            Self::Drafted { .. } => Progress::Pending,
            Self::TurnedDown { reason, .. } | Self::Listed { turned_down: Some(reason), .. } => {
                Progress::Failed { how: FailureKind::Refused, reason: reason.clone() }
            }
        }
    }

    fn represent(&self, number: u64) -> impl Serialize {
        let (terms, reason) = match self.clone() {
            Self::Blank => (Terms::default(), None),
            Self::Drafted { listed: Some(terms), .. } => (terms, None),
            Self::Drafted { draft, listed: None } => (Terms { on_sale: false, ..draft }, None),
            Self::Listed { terms, turned_down } => (terms, turned_down),
            Self::TurnedDown { draft, reason } => (Terms { on_sale: false, ..draft }, Some(reason)),
        };
        let Terms { product_name, premium, on_sale } = terms;
        Shown { number, product_name, premium, on_sale, reason }
    }

    fn available_commands(&self) -> &'static [&'static str] {
        match self {
            Self::Listed { terms, .. } if terms.on_sale => &["revise", "withdraw"],
            Self::Listed { .. } => &["revise"],
            Self::Blank | Self::Drafted { .. } | Self::TurnedDown { .. } => &[],
        }
    }

    fn command_routes() -> CommandRoutes<Self> {
        CommandRoutes::new()
            .ignoring(&["number", "reason"])
            .creates("register", RegisterBody::means)
            .command("revise", ReviseBody::means)
            .command("withdraw", |Empty {}| Ok(Withdraw))
            .on_item("revise by patch", [Method::Patch], ReviseBody::means)
            .on_item("revise by put", [Method::Put], ReviseBody::means)
    }
}

impl Product {
    /// Returns the terms in force in the catalogue; `None` when there are none.
    #[must_use]
    pub const fn listed(&self) -> Option<&Terms> {
        match self {
            Self::Listed { terms, .. } | Self::Drafted { listed: Some(terms), .. } => Some(terms),
            Self::Blank | Self::Drafted { listed: None, .. } | Self::TurnedDown { .. } => None,
        }
    }
}

impl Revision {
    const fn withdrawal() -> Self {
        Self { product_name: None, premium: None, on_sale: Some(false) }
    }
}

impl Terms {
    fn drafted(self) -> Decision<Product> {
        if !self.product_name.is_name() {
            return Err(Rejection::BadName);
        }
        if self.premium == Money::ZERO {
            return Err(Rejection::BadPremium);
        }
        if !self.premium.is_accepted() {
            return Err(Rejection::TooDear);
        }
        Ok(vec![Drafted { terms: self }])
    }

    fn with(&self, revision: Revision) -> Self {
        Self {
            product_name: revision.product_name.unwrap_or_else(|| self.product_name.clone()),
            premium: revision.premium.unwrap_or(self.premium),
            on_sale: revision.on_sale.unwrap_or(self.on_sale),
        }
    }

    /// Drafts the revision. Terms that are in force already change nothing, unless the last
    /// revision was turned down.
    fn revised(&self, revision: Revision, is_settled: bool) -> Decision<Product> {
        let new = self.with(revision);
        if new == *self && is_settled { Ok(vec![]) } else { new.drafted() }
    }

    /// Accepts a repetition of the pending draft, and rejects any other revision.
    fn repeated(&self, revision: Revision) -> Decision<Product> {
        if self.with(revision) == *self { Ok(vec![]) } else { Err(Rejection::IsDrafted) }
    }
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Shown {
    number: u64,
    product_name: Text,
    premium: Money,
    on_sale: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<String>,
}
