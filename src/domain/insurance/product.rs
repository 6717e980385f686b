//! A policy that the company sells, or sold.
//!
//! ```text
//!        register            published            revise, withdraw
//! Blank ─────────▶ Drafted ────────────▶ Listed ◀──────────────────▶ Drafted (the old terms hold)
//!                     │ turned down        published, or turned down
//!                     ▼
//!                 TurnedDown
//! ```
//! What is Drafted waits for the catalogue, which sees to it that no two products have one name;
//! from the answer on, whoever applies gets the new terms.

mod said;
#[cfg(test)]
mod specs;

use super::{Insurance, PRODUCT_MANAGER, settings::Settings};
use crate::domain::kernel::{
    Aggregate, Decision, Fall, Method, Money, Nothing, RejectionKind, Speaker, Standing, Text,
    Timestamp, Vocabulary,
};
use said::{RegisterBody, ReviseBody};
use serde::{Deserialize, Serialize};
use thiserror::Error;

use Command::{Publish, Register, Revise, TurnDown, Withdraw};
use Event::{Drafted, Published, TurnedDown};

/// A policy that the company sells, or sold.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub enum Product {
    /// Nobody registered it.
    #[default]
    Blank,
    /// The catalogue has not answered yet.
    Drafted {
        /// What shall hold.
        draft: Terms,
        /// What holds until then, once something did.
        listed: Option<Terms>,
    },
    /// It stands in the catalogue.
    Listed {
        /// What holds.
        terms: Terms,
        /// Why the last revision does not.
        turned_down: Option<String>,
    },
    /// It never stood in the catalogue.
    TurnedDown {
        /// What should have stood there.
        draft: Terms,
        /// Why it does not, as a sentence.
        because: String,
    },
}

/// What is sold, and what it costs.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Terms {
    /// What it is called; no two products are called the same.
    pub product_name: Text,
    /// What it costs, in won; at least 1.
    pub premium: Money,
    /// Whether it can be applied for.
    pub on_sale: bool,
}

/// What a product manager says differently from now on; `None` stays as it is.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Revision {
    /// What it is called.
    pub product_name: Option<Text>,
    /// What it costs, in won.
    pub premium: Option<Money>,
    /// Whether it can be applied for.
    pub on_sale: Option<bool>,
}

/// What a product can be told.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum Command {
    /// A product manager registers it.
    Register {
        /// What is sold.
        terms: Terms,
    },
    /// A product manager says something differently.
    Revise(Revision),
    /// Nobody shall apply for it any more.
    Withdraw,
    /// The catalogue has it.
    Publish,
    /// The catalogue will not have it.
    TurnDown {
        /// The reason, as a sentence.
        because: String,
    },
}

/// What can happen to a product.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum Event {
    /// This is to stand in the catalogue.
    Drafted {
        /// What is to be sold.
        terms: Terms,
    },
    /// This stands in the catalogue.
    Published {
        /// What is sold.
        terms: Terms,
    },
    /// The catalogue would not have it; what stood there still does.
    TurnedDown {
        /// The reason, as a sentence.
        because: String,
    },
}

/// Why a product says no.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, Error)]
pub enum Rejection {
    /// Nobody registered it.
    #[error("there is no such product")]
    Unknown,
    /// It was registered before.
    #[error("the product has been registered already")]
    AlreadyRegistered,
    /// The name says nothing or too much.
    #[error("the name of the product must have 1 to 100 characters")]
    BadName,
    /// Nobody is insured for nothing.
    #[error("the premium is at least 1 won")]
    BadPremium,
    /// The catalogue has not answered what was said before.
    #[error("the product is being revised otherwise")]
    IsDrafted,
    /// It never stood in the catalogue.
    #[error("the product was turned down")]
    WasTurnedDown,
    /// Nothing was asked of the catalogue.
    #[error("the product is not being revised")]
    NotDrafted,
    /// More than a policy can cost.
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

    fn speaker(command: &Command) -> Speaker {
        match command {
            Register { .. } | Revise(_) | Withdraw => Speaker::Staff(PRODUCT_MANAGER),
            Publish | TurnDown { .. } => Speaker::Inside,
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
            (Self::Drafted { .. }, TurnDown { because }) => Ok(vec![TurnedDown { because }]),

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
            (TurnedDown { because }, Some(terms)) => {
                Self::Listed { terms, turned_down: Some(because) }
            }
            (TurnedDown { because }, None) => Self::TurnedDown { draft, because },
        }
    }

    fn standing(&self) -> Standing {
        match self {
            Self::Blank | Self::Listed { turned_down: None, .. } => Standing::Stands,
            Self::Drafted { .. } => Standing::Pending,
            Self::TurnedDown { because, .. } | Self::Listed { turned_down: Some(because), .. } => {
                Standing::Fell { how: Fall::Refused, because: because.clone() }
            }
        }
    }

    fn show(&self, number: u64) -> impl Serialize {
        let (terms, reason) = match self.clone() {
            Self::Blank => (Terms::default(), None),
            Self::Drafted { listed: Some(terms), .. } => (terms, None),
            Self::Drafted { draft, listed: None } => (Terms { on_sale: false, ..draft }, None),
            Self::Listed { terms, turned_down } => (terms, turned_down),
            Self::TurnedDown { draft, because } => {
                (Terms { on_sale: false, ..draft }, Some(because))
            }
        };
        let Terms { product_name, premium, on_sale } = terms;
        Shown { number, product_name, premium, on_sale, reason }
    }

    fn possible(&self) -> &'static [&'static str] {
        match self {
            Self::Listed { terms, .. } if terms.on_sale => &["revise", "withdraw"],
            Self::Listed { .. } => &["revise"],
            Self::Blank | Self::Drafted { .. } | Self::TurnedDown { .. } => &[],
        }
    }

    fn vocabulary() -> Vocabulary<Self> {
        Vocabulary::new()
            .ignoring(&["number", "reason"])
            .creates("register", RegisterBody::means)
            .command("revise", ReviseBody::means)
            .command("withdraw", |Nothing {}| Ok(Withdraw))
            .word("revise by patch", Method::Patch, ReviseBody::means)
            .word("revise by put", Method::Put, ReviseBody::means)
    }
}

impl Product {
    /// What holds in the catalogue; `None` when nothing does.
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

    /// What holds already is not drafted again, unless something else was turned down since.
    fn revised(&self, revision: Revision, is_settled: bool) -> Decision<Product> {
        let new = self.with(revision);
        if new == *self && is_settled { Ok(vec![]) } else { new.drafted() }
    }

    /// While the catalogue is asked, only the same can be said again.
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
