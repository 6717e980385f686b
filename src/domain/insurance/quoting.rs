//! Lookup of the terms in force for the product that a customer applies for.
//!
//! The view has applied every event before the application when it is searched. An application
//! therefore sees every earlier registration, revision and withdrawal, and leaves no trace in the
//! catalogue.

use super::{
    catalogue_view::CatalogueView,
    subscription::{
        Command::Quote,
        Event::{self, QuoteAsked},
        Subscription,
    },
};
use crate::domain::kernel::{Dispatch, Filter, Id, Lookup, Meta, Query};

/// Largest number of products whose names differ only in the case of letters.
const SPELLINGS_MAX: usize = 100;

/// The terms in force for a product.
#[derive(Clone, Copy, Debug)]
pub struct Quoting;

impl Lookup for Quoting {
    const NAME: &'static str = "insurance/quoting";
    type Events = (Id<Subscription>, Event);
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
        let is_exact = |row: &CatalogueView| match event {
            QuoteAsked { product_name } => row.product_name == *product_name,
            _ => false,
        };
        let rows = || rows.iter().map(|(_, row)| row);
        let found = rows().find(|row| is_exact(row));
        let found = found.or_else(|| rows().min_by_key(|row| &row.product_name));
        Dispatch::new(*subscription, Quote { listed: found.map(CatalogueView::terms) })
    }
}
