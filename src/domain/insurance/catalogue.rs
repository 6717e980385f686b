//! Catalogue of the products on sale and their premiums. It keeps product names unique.
//!
//! Only product managers change it: an application searches the view of the products, see
//! [`Quoting`](super::catalogue_view::Quoting). In versions before, the catalogue quoted every
//! application; the events of those quotes are read, and change nothing.

#[cfg(test)]
mod specs;

use super::{
    Insurance,
    product::{Product, Terms},
    settings::Settings,
    subscription::Subscription,
};
use crate::domain::kernel::prelude::*;
use std::collections::BTreeMap;

use Command::*;
use Event::*;

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Catalogue {
    /// The terms in force of each product.
    pub(super) products: BTreeMap<Id<Product>, Terms>,
    names: BTreeMap<Text, Id<Product>>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum Command {
    // Puts the terms of a product in force.
    Enter { product: Id<Product>, terms: Terms },
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum Event {
    Entered { product: Id<Product>, terms: Terms },
    // A premium was quoted for an application, in a version before the view of the products. The
    // product is `None` when it is not registered and the catalogue is open.
    Quoted { subscription: Id<Subscription>, premium: Money, product: Option<Id<Product>> },
}

rejections! {
    /// `IsWithdrawn` and `NotRegistered` are rejections of quotes, in versions before.
    pub enum Rejection {
        NameTaken: "another product has this name";
        IsWithdrawn: "the product is withdrawn";
        NotRegistered: "there is no product of this name";
    }
}

impl Aggregate for Catalogue {
    const NAME: &'static str = "insurance/catalogues";
    const READERS: Readers = Readers::Anyone;
    aggregate_types!(Insurance);

    fn issuer(_command: &Command) -> Issuer {
        Issuer::Internal
    }

    fn decide(&self, command: Command, _now: Timestamp, _settings: &Settings) -> Decision<Self> {
        let Enter { product, terms } = command;
        match self.names.get(&terms.product_name) {
            Some(other) if *other != product => Err(Rejection::NameTaken),
            _ if self.products.get(&product) == Some(&terms) => Ok(vec![]),
            _ => Ok(vec![Entered { product, terms }]),
        }
    }

    fn evolve(mut self, event: Event) -> Self {
        if let Entered { product, terms } = event {
            let name = terms.product_name.clone();
            if let Some(old) = self.products.insert(product, terms) {
                self.names.remove(&old.product_name);
            }
            self.names.insert(name, product);
        }
        self
    }

    fn represent(&self, number: u64) -> impl Serialize {
        let on_sale = self.products.values().filter(|terms| terms.on_sale).count();
        object! { "number": number, "productCnt": self.products.len(), "onSaleCnt": on_sale }
    }

    fn command_routes() -> CommandRoutes<Self> {
        CommandRoutes::new()
    }
}

impl Catalogue {
    /// The only catalogue.
    pub const THE: Id<Self> = Id::new(1);
}
