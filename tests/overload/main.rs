//! Overload: commands within the limits are served. All others are refused at once with the limit
//! and `Retry-After`, and nothing of them is written.

mod admission;
mod client_limit;
mod desk;
mod instances;
mod journal_queue;
mod site;
mod steps;
#[path = "../support/mod.rs"]
mod support;
