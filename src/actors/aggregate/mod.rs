//! Aggregates: one actor for each instance, one shard for each thread and kind.
//!
//! ```text
//! endpoint ─▶ request ─▶ router ─▶ shard ─▶ instance ─▶ journal
//!                ▲                             │
//!                └──────── reply ◀─────────────┘ once it is durable
//! ```
//! An aggregate knows nothing of sagas, effects or views.

mod admission;
mod endpoint;
mod envelope;
mod idempotency;
mod injected_panics;
mod instance;
mod kind;
mod rehydration;
mod replay;
mod request;
mod router;
mod services;
mod shard;
mod stored_answers;
mod undecided;
mod wait;

pub use endpoint::Endpoint;
pub use idempotency::{Boarding, InFlightKeys, KeyGuard};
pub use injected_panics::{InjectedPanics, Strike};
pub use kind::AggregateKind;
pub use rehydration::{check_history, rebuild};
pub use services::Services;
pub use stored_answers::{Keeping, recalled};
