//! Outside services that are slow, failing or down, and the answers to clients meanwhile.

mod answering;
mod deferring;
mod example;
mod harness;
mod messages;
mod provider;
mod refusing;
mod repeating;
#[path = "../support/mod.rs"]
mod support;
mod trying;
