//! A policy that the company sells, or sold.
//!
//! ```text
//!        register           published
//! Blank ─────────▶ Pending ───────────▶ Published
//!                   │ ▲ ▲                   │
//!       turned down │ │ └───────────────────┘ revise, withdraw
//!                   ▼ │ revise, withdraw: when the product has terms in force
//!               TurnedDown
//! ```
//! A Pending product waits for the catalogue, which ensures that no two products have one name.
//! Meanwhile the old terms hold. From the answer on, applications get the new ones.

#[cfg(test)]
mod specs;

use super::{Insurance, PRODUCT_MANAGER, settings::Settings};
use crate::domain::kernel::prelude::*;

use Command::*;
use Event::*;

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Product {
    /// The terms sent to the catalogue last.
    draft: Terms,
    /// The terms in force; `None` when the product was never in the catalogue.
    pub listed: Option<Terms>,
    answer: Answer,
}

/// The answer of the catalogue to the draft.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
enum Answer {
    /// The product is not registered.
    #[default]
    Blank,
    Pending,
    Published,
    TurnedDown {
        reason: String,
    },
}

#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Terms {
    pub product_name: Text,
    /// At least 1 won.
    pub premium: Money,
    pub on_sale: bool,
}

/// A revision of the terms by a product manager, and its request body; `None` keeps a field.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Revision {
    pub product_name: Option<Text>,
    pub premium: Option<Money>,
    pub on_sale: Option<bool>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum Command {
    Register { terms: Terms },
    Revise(Revision),
    // The product is taken off sale.
    Withdraw,
    // The catalogue accepted the terms.
    Publish,
    // The catalogue rejected the terms.
    TurnDown { reason: String },
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum Event {
    // The terms are to be entered in the catalogue.
    Drafted { terms: Terms },
    // The terms are in the catalogue.
    Published { terms: Terms },
    // The catalogue rejected the terms; those in force before stay in force.
    TurnedDown { reason: String },
}

rejections! {
    pub enum Rejection {
        Unknown: unknown "there is no such product";
        AlreadyRegistered: "the product has been registered already";
        BadName: invalid "the name of the product must have 1 to 100 characters";
        BadPremium: invalid "the premium is at least 1 won";
        IsDrafted: "the product is being revised otherwise";
        WasTurnedDown: "the product was turned down";
        NotDrafted: "the product is not being revised";
        TooDear: invalid "the premium must be at most {}", Money::MAX;
    }
}

impl Aggregate for Product {
    const NAME: &'static str = "insurance/products";
    const READERS: Readers = Readers::Anyone;
    aggregate_types!(Insurance);

    fn issuer(command: &Command) -> Issuer {
        match command {
            Register { .. } | Revise(_) | Withdraw => Issuer::Staff(&[PRODUCT_MANAGER]),
            Publish | TurnDown { .. } => Issuer::Internal,
        }
    }

    fn decide(&self, command: Command, _now: Timestamp, _settings: &Settings) -> Decision<Self> {
        match (&self.answer, command) {
            (Answer::Blank, Register { terms }) => terms.drafted(),
            (Answer::Blank, _) => Err(Rejection::Unknown),
            (_, Register { .. }) => Err(Rejection::AlreadyRegistered),

            (_, Revise(revision)) => self.revised(revision),
            (_, Withdraw) => self.revised(Revision { on_sale: Some(false), ..Revision::default() }),

            (Answer::Pending, Publish) => Ok(vec![Published { terms: self.draft.clone() }]),
            (Answer::Pending, TurnDown { reason }) => Ok(vec![TurnedDown { reason }]),
            (Answer::Published, Publish) | (Answer::TurnedDown { .. }, TurnDown { .. }) => {
                Ok(vec![])
            }
            _ if self.listed.is_none() => Err(Rejection::WasTurnedDown),
            _ => Err(Rejection::NotDrafted),
        }
    }

    fn evolve(self, event: Event) -> Self {
        match event {
            Drafted { terms } => Self { draft: terms, answer: Answer::Pending, ..self },
            Published { terms } => {
                Self { draft: terms.clone(), listed: Some(terms), answer: Answer::Published }
            }
            TurnedDown { reason } => Self { answer: Answer::TurnedDown { reason }, ..self },
        }
    }

    fn progress(&self) -> Progress {
        match self.answer.clone() {
            Answer::Blank | Answer::Published => Progress::Established,
            Answer::Pending => Progress::Pending,
            Answer::TurnedDown { reason } => Progress::Failed { how: FailureKind::Refused, reason },
        }
    }

    fn represent(&self, number: u64) -> impl Serialize {
        let shown = self.listed.as_ref().unwrap_or(&self.draft);
        object! {
            "number": number, "productName": &shown.product_name, "premium": shown.premium,
            "onSale": self.listed.is_some() && shown.on_sale, "reason"?: self.progress().reason(),
        }
    }

    fn available_commands(&self) -> &'static [&'static str] {
        match (&self.answer, &self.listed) {
            (Answer::Pending, _) | (_, None) => &[],
            (_, Some(Terms { on_sale: true, .. })) => &["revise", "withdraw"],
            (_, Some(_)) => &["revise"],
        }
    }

    fn command_routes() -> CommandRoutes<Self> {
        CommandRoutes::new()
            .ignoring("number reason")
            .creates(
                "register",
                body!(|product_name: Text, premium: Money, on_sale: Option<bool>| {
                    let (product_name, on_sale) = (product_name.trimmed(), on_sale.unwrap_or(true));
                    Register { terms: Terms { product_name, premium, on_sale } }
                }),
            )
            .command("revise", Revise)
            .command("withdraw", |Empty {}| Withdraw)
            .on_item("revise in place", [Patch, Put], Revise)
    }
}

impl Product {
    /// Drafts the revised terms. Terms that are in force or pending already change nothing, unless
    /// the last revision was turned down.
    fn revised(&self, revision: Revision) -> Decision<Self> {
        let newest = match (&self.answer, &self.listed) {
            (Answer::Pending, _) => &self.draft,
            (_, Some(listed)) => listed,
            (_, None) => return Err(Rejection::WasTurnedDown),
        };
        let revised = newest.with(revision);
        match self.answer {
            Answer::Pending | Answer::Published if revised == *newest => Ok(vec![]),
            Answer::Pending => Err(Rejection::IsDrafted),
            _ => revised.drafted(),
        }
    }
}

impl Terms {
    fn with(&self, revision: Revision) -> Self {
        let name = revision.product_name.map(|name| name.trimmed());
        Self {
            product_name: name.unwrap_or_else(|| self.product_name.clone()),
            premium: revision.premium.unwrap_or(self.premium),
            on_sale: revision.on_sale.unwrap_or(self.on_sale),
        }
    }

    fn drafted(self) -> Decision<Product> {
        match self.premium {
            _ if !self.product_name.is_name() => Err(Rejection::BadName),
            Money::ZERO => Err(Rejection::BadPremium),
            premium if !premium.is_accepted() => Err(Rejection::TooDear),
            _ => Ok(vec![Drafted { terms: self }]),
        }
    }
}
