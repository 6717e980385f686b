//! Catalogue of the products on sale and their premiums. It keeps product names unique.
//!
//! Only product managers change it: an application searches the view of the products, see
//! [`super::quoting`]. In versions before, the catalogue quoted every application; the events of
//! those quotes are read, and change nothing.

#[cfg(test)]
mod specs;

use super::{
    Insurance,
    product::{Product, Terms},
    settings::Settings,
    subscription::Subscription,
};
use crate::domain::kernel::{
    Aggregate, CommandRoutes, Decision, Id, Issuer, Money, RejectionKind, Text, Timestamp,
};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use thiserror::Error;

use Command::Enter;
use Event::{Entered, Quoted};

/// Catalogue of the products and their terms.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Catalogue {
    products: BTreeMap<Id<Product>, Terms>,
    names: BTreeMap<Text, Id<Product>>,
}

/// Commands of the catalogue.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum Command {
    /// Puts the terms of a product in force.
    Enter {
        /// The product.
        product: Id<Product>,
        /// The terms.
        terms: Terms,
    },
}

/// Events of the catalogue.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum Event {
    /// The terms of a product are in force.
    Entered {
        /// The product.
        product: Id<Product>,
        /// The terms.
        terms: Terms,
    },
    /// A premium was quoted for an application, in a version before the view of the products.
    Quoted {
        /// The subscription that applied.
        subscription: Id<Subscription>,
        /// The premium, in won.
        premium: Money,
        /// The product; `None` when it is not registered and the catalogue is open.
        product: Option<Id<Product>>,
    },
}

/// Reason why the catalogue rejects a command.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, Error)]
pub enum Rejection {
    /// Another product has this name.
    #[error("another product has this name")]
    NameTaken,
    /// The product is not on sale any more, or not yet.
    #[error("the product is withdrawn")]
    IsWithdrawn,
    /// The product is not registered, and only registered products are sold.
    #[error("there is no product of this name")]
    NotRegistered,
}

impl crate::domain::kernel::Rejection for Rejection {
    fn kind(&self) -> RejectionKind {
        RejectionKind::Conflict
    }
}

impl Aggregate for Catalogue {
    const NAME: &'static str = "insurance/catalogues";
    type Business = Insurance;
    type Command = Command;
    type Event = Event;
    type Rejection = Rejection;

    fn issuer(_command: &Command) -> Issuer {
        Issuer::Internal
    }

    fn decide(&self, command: Command, _now: Timestamp, _settings: &Settings) -> Decision<Self> {
        match command {
            Enter { product, terms } => match self.names.get(&terms.product_name) {
                Some(other) if *other != product => Err(Rejection::NameTaken),
                _ if self.products.get(&product) == Some(&terms) => Ok(vec![]),
                _ => Ok(vec![Entered { product, terms }]),
            },
        }
    }

    fn evolve(mut self, event: Event) -> Self {
        match event {
            Entered { product, terms } => {
                if let Some(old) = self.products.remove(&product) {
                    self.names.remove(&old.product_name);
                }
                self.names.insert(terms.product_name.clone(), product);
                self.products.insert(product, terms);
            }
            Quoted { .. } => {}
        }
        self
    }

    fn represent(&self, number: u64) -> impl Serialize {
        let on_sale_cnt = self.products.values().filter(|terms| terms.on_sale).count();
        Shown { number, product_cnt: self.products.len(), on_sale_cnt }
    }

    fn command_routes() -> CommandRoutes<Self> {
        CommandRoutes::new()
    }
}

impl Catalogue {
    /// The only catalogue.
    pub const THE: Id<Self> = Id::new(1);

    /// Returns the terms in force for a product; `None` when there are none.
    #[must_use]
    pub fn terms(&self, product: Id<Product>) -> Option<&Terms> {
        self.products.get(&product)
    }
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Shown {
    number: u64,
    product_cnt: usize,
    on_sale_cnt: usize,
}
