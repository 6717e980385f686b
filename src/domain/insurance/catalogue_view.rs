//! View of the products in the catalogue, with the terms in force of each.

use super::product::{
    Event::{self, Drafted, Published, TurnedDown},
    Product, Terms,
};
use crate::domain::kernel::{Field, Id, Meta, Money, Text, View};
use serde::{Deserialize, Serialize};

/// Row of the view: one product.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct CatalogueView {
    /// The number of the product.
    pub number: u64,
    /// Name of the product.
    pub product_name: Text,
    /// The name as names are compared: without regard to the case of its letters.
    pub name_key: Text,
    /// The premium, in won.
    pub premium: Money,
    /// Whether customers can apply for the product.
    pub on_sale: bool,
}

impl View for CatalogueView {
    const NAME: &'static str = "insurance/catalogue";
    type Events = (Id<Product>, Event);
    const FIELDS: &'static [Field] = &[
        Field::key("number"),
        Field::text("productName"),
        Field::text("nameKey"),
        Field::number("premium"),
    ];

    fn key((product, event): &Self::Events, _meta: &Meta) -> Option<u64> {
        match event {
            Published { .. } => Some(product.number()),
            Drafted { .. } | TurnedDown { .. } => None,
        }
    }

    fn fold(row: Option<Self>, (product, event): Self::Events, _meta: &Meta) -> Option<Self> {
        let Published { terms } = event else { return row };
        let Terms { product_name, premium, on_sale } = terms;
        let name_key = product_name.as_compared();
        Some(Self { number: product.number(), product_name, name_key, premium, on_sale })
    }
}

impl CatalogueView {
    /// Returns the terms in force of the product.
    #[must_use]
    pub fn terms(&self) -> Terms {
        let (product_name, premium) = (self.product_name.clone(), self.premium);
        Terms { product_name, premium, on_sale: self.on_sale }
    }
}
