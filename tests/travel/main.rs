//! Time travel and live queries: representations as they were, histories, and reads that are sent
//! again whenever they change.

mod history;
mod live;
mod past;
#[path = "../support/mod.rs"]
mod support;
mod taxi;
