//! View of the products in the catalogue, with the terms in force of each, and the lookup of the
//! product that a customer applies for.
//!
//! The view has applied every event before the application when it is searched. An application
//! therefore sees every earlier registration, revision and withdrawal, and leaves no trace in the
//! catalogue.

use super::{
    product::{Event::Published, Product, Terms},
    subscription::{self, Command::Quote, Event::QuoteAsked, Subscription},
};
use crate::domain::kernel::prelude::*;

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct CatalogueView {
    pub number: u64,
    pub product_name: Text,
    /// The name as names are compared: without regard to the case of its letters.
    pub name_key: Text,
    pub premium: Money,
    pub on_sale: bool,
}

impl View for CatalogueView {
    const NAME: &'static str = "insurance/catalogue";
    const READERS: Readers = Readers::Anyone;
    type Events = (Id<Product>, <Product as Aggregate>::Event);
    const FIELDS: &'static [Field] =
        fields!(key "number"; text "productName", "nameKey"; number "premium");

    const LINKS: &'static [Link] = &[Link::to::<Product>("product", "number")];

    fn fold(row: Option<Self>, (product, event): Self::Events, _meta: &Meta) -> Option<Self> {
        let Published { terms } = event else { return row };
        let Terms { product_name, premium, on_sale } = terms;
        let name_key = product_name.as_compared();
        Some(Self { number: product.number(), product_name, name_key, premium, on_sale })
    }
}

impl CatalogueView {
    #[must_use]
    pub fn terms(&self) -> Terms {
        let (product_name, premium) = (self.product_name.clone(), self.premium);
        Terms { product_name, premium, on_sale: self.on_sale }
    }
}

/// Largest number of products whose names differ only in the case of letters.
const SPELLINGS_MAX: usize = 100;

#[derive(Clone, Copy, Debug)]
pub struct Quoting;

impl Lookup for Quoting {
    const NAME: &'static str = "insurance/quoting";
    type Events = (Id<Subscription>, subscription::Event);
    type View = CatalogueView;

    fn query((_, event): &Self::Events, _meta: &Meta) -> Option<Query> {
        let QuoteAsked { product_name } = event else { return None };
        let filters = vec![Filter::Is("nameKey", product_name.as_compared().0)];
        Some(Query { filters, sort: None, rows_max: SPELLINGS_MAX })
    }

    /// Prefers the product with exactly this name to one whose name is spelled otherwise.
    fn on_rows(
        (subscription, event): &Self::Events,
        _meta: &Meta,
        rows: &[(u64, CatalogueView)],
    ) -> Dispatch {
        let is_exact =
            |name: &Text| matches!(event, QuoteAsked { product_name } if product_name == name);
        let products = rows.iter().map(|(_, product)| product);
        let found = products
            .min_by_key(|product| (!is_exact(&product.product_name), &product.product_name));
        Dispatch::new(*subscription, Quote { listed: found.map(CatalogueView::terms) })
    }
}
