//! The contract of a server: what clients may send, and what they get.
//!
//! The [`ContractBuilder`] is a host like the runtime: a business registers its parts with it. The
//! documents follow from these declarations alone, so that they cannot differ from what is served:
//! `OpenAPI` 3.1 for requests, `AsyncAPI` 3.0 for events, and files of protobuf for gRPC. [`diff`]
//! compares two documents.

mod asyncapi;
pub mod command;
mod declared;
pub mod diff;
mod inferred;
mod openapi;
pub mod proto;

use crate::domain::kernel::{Aggregate, Business, Host, Lookup, Port, Saga, View};
use declared::{DeclaredAggregate, DeclaredView};
use proto::ProtoFile;
use serde_json::Value;
use std::slice;

/// The version of the contract: that of madang.
const VERSION: &str = env!("CARGO_PKG_VERSION");

/// A host that writes the contract of its businesses; see [`Host`].
#[derive(Default)]
pub struct ContractBuilder {
    businesses: Vec<DeclaredBusiness>,
}

/// What a business declares. Its parts are described when a document is written.
struct DeclaredBusiness {
    name: &'static str,
    aggregates: Vec<fn() -> DeclaredAggregate>,
    views: Vec<fn() -> DeclaredView>,
}

/// A business with its described parts.
struct Described {
    name: &'static str,
    aggregates: Vec<DeclaredAggregate>,
    views: Vec<DeclaredView>,
}

impl Host for ContractBuilder {
    fn business<B: Business>(&mut self) -> &mut Self {
        self.businesses.push(DeclaredBusiness {
            name: B::NAME,
            aggregates: Vec::new(),
            views: Vec::new(),
        });
        B::install(self);
        self
    }

    fn aggregate<A: Aggregate>(&mut self) -> &mut Self {
        if let Some(business) = self.business_of(A::NAME) {
            business.aggregates.push(DeclaredAggregate::of::<A>);
        }
        self
    }

    fn view<V: View>(&mut self) -> &mut Self {
        if let Some(business) = self.business_of(V::NAME) {
            business.views.push(DeclaredView::of::<V>);
        }
        self
    }

    fn saga<S: Saga>(&mut self) -> &mut Self {
        self
    }

    fn port<P: Port>(&mut self) -> &mut Self {
        self
    }

    fn lookup<L: Lookup>(&mut self) -> &mut Self {
        self
    }
}

impl ContractBuilder {
    /// The names of the businesses, in the order of their installation.
    #[must_use]
    pub fn businesses(&self) -> Vec<&'static str> {
        self.businesses.iter().map(|business| business.name).collect()
    }

    /// Removes the businesses that are not among these; all stay when there are none.
    pub fn retain(&mut self, only: &[String]) {
        self.businesses
            .retain(|known| only.is_empty() || only.iter().any(|name| name == known.name));
    }

    /// All documents in JSON by their paths: `/openapi.json`, `/asyncapi.json`, `/taxi/openapi.json`.
    #[must_use]
    pub fn documents(&self) -> Vec<(String, Value)> {
        let described = self.described(None).unwrap_or_default();
        let of = |business: &Described| {
            let document = openapi::document(slice::from_ref(business), false);
            (format!("/{}/openapi.json", business.name), document)
        };
        let whole = [
            ("/openapi.json".to_owned(), openapi::document(&described, true)),
            ("/asyncapi.json".to_owned(), asyncapi::document(&described)),
        ];
        whole.into_iter().chain(described.iter().map(of)).collect()
    }

    /// The `OpenAPI` document of one business, or of all with the paths of the server; `None` when
    /// no business has this name.
    #[must_use]
    pub fn openapi(&self, business: Option<&str>) -> Option<Value> {
        let described = self.described(business)?;
        Some(openapi::document(&described, business.is_none()))
    }

    /// The `AsyncAPI` document of the events of all businesses.
    #[must_use]
    pub fn asyncapi(&self) -> Value {
        asyncapi::document(&self.described(None).unwrap_or_default())
    }

    /// The files of protobuf: one for each business.
    #[must_use]
    pub fn protos(&self) -> Vec<ProtoFile> {
        self.described(None).unwrap_or_default().iter().map(proto::file).collect()
    }

    fn described(&self, business: Option<&str>) -> Option<Vec<Described>> {
        let is_wanted = |known: &&DeclaredBusiness| business.is_none_or(|name| name == known.name);
        let wanted: Vec<_> = self.businesses.iter().filter(is_wanted).map(described).collect();
        (business.is_none() || !wanted.is_empty()).then_some(wanted)
    }

    /// The business of the part with this name, `taxi/orders`.
    fn business_of(&mut self, part: &str) -> Option<&mut DeclaredBusiness> {
        let name = part.split('/').next()?;
        self.businesses.iter_mut().find(|business| business.name == name)
    }
}

fn described(declared: &DeclaredBusiness) -> Described {
    Described {
        name: declared.name,
        aggregates: declared.aggregates.iter().map(|describe| describe()).collect(),
        views: declared.views.iter().map(|describe| describe()).collect(),
    }
}
