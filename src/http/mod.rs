//! The HTTP layer: paths and JSON, independent of the businesses.
//!
//! ```text
//! server ─▶ connection ─▶ handler ─┬─▶ request      routes, headers, body
//!                                  ├─▶ admin        health, components, gates, faults, log
//!                                  ├─▶ feed         the events of all aggregates
//!                                  ├─▶ subscriptions  events for consumers, and webhooks
//!                                  ├─▶ live         reads that are sent again when they change
//!                                  └─▶ response     HAL, HTML, text, problems
//! ```
//! `finishing` adds to every answer what concerns all of them; `compression` and `cors` are parts of it.
//! `http2` serves connections of HTTP/2 with the same handler.
//! `turnstile` holds requests during a take-over; `forwarding` sends them on to the next process.
//! `holding` delays the answers to refused requests.
//! `oauth` is the embedded authorization server.
//! `metrics` serves the figures for Prometheus, and `traffic` holds those of the workers.
//! `pages` gives browsers the JSON of a read as a page.
//! `reading` answers the reads of aggregates, views and conversations.
//! `site` holds what a worker serves: the runtime, its routes and the `limits`.
//! `streams` is what the feed and live queries share.

mod admin;
mod compression;
mod connection;
mod cors;
mod documents;
mod feed;
mod finishing;
mod forwarding;
mod handler;
mod holding;
mod http2;
mod index;
mod limits;
mod live;
mod metrics;
mod oauth;
mod pages;
mod reading;
mod request;
mod response;
mod server;
mod site;
mod streams;
mod subscriptions;
mod traffic;
mod turnstile;

pub use crate::inbound::position_token::{InvalidToken, PositionToken};
pub use documents::Documents;
pub use limits::Limits;
pub use metrics::{Metrics, MetricsSettings, start as serve_metrics};
pub use server::{Listeners, Parts, start};
pub use traffic::Traffic;
pub use turnstile::Turnstile;
