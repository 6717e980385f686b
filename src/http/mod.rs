//! The HTTP layer: paths and JSON, independent of the businesses.
//!
//! ```text
//! server ─▶ connection ─▶ handler ─┬─▶ request      routes, headers, query, body, client limit
//!                                  ├─▶ admin        health, components, gates, faults, log
//!                                  ├─▶ feed         the events of all aggregates
//!                                  ├─▶ subscriptions  events for consumers, and webhooks
//!                                  ├─▶ live         reads that are sent again when they change
//!                                  └─▶ response     HAL, HTML, text, problems
//! ```
//! `finishing` adds to every answer what concerns all of them; `compression` and `cors` are parts of it.
//! `holding` delays the answers to refused requests.
//! `json_pointer` names a field of a body in a problem.
//! `oauth` is the embedded authorization server.
//! `pages` gives browsers the JSON of a read as a page.
//! `position_token` is the form of journal positions for clients.
//! `reading` answers the reads of aggregates, views and conversations.
//! `site` holds what a worker serves: the runtime, its routes and the `limits`.
//! `streams` is what the feed and live queries share.
//! `tokens` finds out which client a request comes from.

mod admin;
mod compression;
mod connection;
mod cors;
mod documents;
mod escape;
mod feed;
mod finishing;
mod handler;
mod holding;
mod index;
mod json_pointer;
mod limits;
mod live;
mod oauth;
mod pages;
mod position_token;
pub(crate) mod problem;
mod reading;
mod request;
mod response;
mod server;
mod site;
mod streams;
mod subscriptions;
mod tokens;

pub use documents::Documents;
pub use limits::Limits;
pub use position_token::{InvalidToken, PositionToken};
pub use server::{Parts, Traffic, start};
