//! The contract: its documents are current and valid, the server answers as they say, and a client
//! that a generator made from them places an order.
//!
//! Outside tools are installed by `.ci/run` from `requirements.txt` and `package.json`, into
//! `target/contract-tools`. In CI they are required. Elsewhere their tests are skipped without them,
//! with a printed line.

mod callers;
mod compared;
mod documents;
mod outside;
mod outsiders;
mod quickstart;
mod served;
#[path = "../support/mod.rs"]
mod support;

use madang::{contract::ContractBuilder, declarations::Declarations};

/// The contract of the businesses that madang ships.
fn contract() -> ContractBuilder {
    let mut builder = ContractBuilder::default();
    Declarations::of(madang::shipped).describe(&mut builder);
    builder
}
