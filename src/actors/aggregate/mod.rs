//! Aggregates: each instance is one actor, and each kind has one shard for each thread.
//!
//! ```text
//! endpoint ─▶ request ─▶ router ─▶ shard ─▶ instance ─▶ journal
//!                ▲                             │
//!                └──────── reply ◀─────────────┘ once it is durable
//! ```
//! A read reaches the router only when an instance is in memory and its representation is not in
//! the cache.
//! This folder uses no code of sagas, effects or views.

mod admission;
mod endpoint;
mod envelope;
mod figures;
mod idempotency;
mod injected_panics;
mod instance;
mod kind;
mod list;
mod list_limits;
mod numbers;
mod past;
mod rehydration;
mod replay;
mod representations;
mod request;
mod router;
mod services;
mod shard;
mod show;
mod stored_answers;
mod undecided;
mod wait;

pub use endpoint::Endpoint;
pub use figures::KindFigures;
pub use idempotency::{Acquired, InFlightKeys, KeyGuard};
pub use injected_panics::{InjectedPanic, InjectedPanics};
pub use kind::AggregateKind;
pub use list_limits::ListLimits;
pub use past::HistoryStep;
pub use rehydration::{EachRecord, HistoryFlaw, apply, check_history, rebuild};
pub use representations::Representations;
pub use services::Services;
pub use stored_answers::{Keeping, recalled};
