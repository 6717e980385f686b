//! The gRPC adapter: the service `madang.v1.Businesses` and typed ones, with reflection and health.
//!
//! ```text
//! server ─▶ connection ─▶ service ─┬─▶ execute   commands
//!                          │       ├─▶ reads     aggregates and rows
//!                          │       ├─▶ typed     both, with the messages of a business
//!                          ▼       └─▶ watch     the events, as a stream
//!                         call                   caller, rate, deadline, conversation
//! ```
//! `messages` has the messages of `docs/contract/businesses.proto`, `codec` reads and writes them.
//! `status` maps problems to status codes.
//!
//! The server has a thread and an event loop of its own. It uses the same runtime, tokens, rate
//! limit and feed as the HTTP adapter.

mod call;
mod codec;
mod connection;
mod execute;
mod health;
mod messages;
mod reads;
mod server;
mod service;
mod settings;
mod site;
mod status;
mod typed;
mod watch;

pub use server::{Parts, Server, start};
pub use settings::GrpcSettings;
pub use typed::TypedServices;
