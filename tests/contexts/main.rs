//! A suspended and resumed component misses nothing, doubles nothing and affects no other.

mod cancels;
mod gates;
mod operating;
mod site;
mod stories;
#[path = "../support/mod.rs"]
mod support;
