//! Time travel: representations as they were, and histories.

mod history;
mod past;
#[path = "../support/mod.rs"]
mod support;
mod taxi;
