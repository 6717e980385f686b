//! What the adapters for clients, HTTP and gRPC, have in common.
//!
//! - `problem` has the families of problems, and turns a failed request into one.
//! - `tokens` finds out which client a request comes from; `client_limit` limits its rate.
//! - `expiry` is the end of a client's token, which ends its streams.
//! - `metadata` reads what a client says beside its request: key, version, conversation.
//! - `preferences` reads how long a client waits.
//! - `query` reads pages and conditions.
//! - `feed` has the events of all aggregates: the newest ones, the filter, and cursors.
//! - `position_token` is the form of journal positions for clients.

pub mod client_limit;
pub mod escape;
pub mod expiry;
pub mod feed;
mod json_pointer;
pub mod metadata;
pub mod position_token;
pub mod preferences;
pub mod problem;
pub mod query;
pub mod tokens;
