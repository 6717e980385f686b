//! Gates: rate limiters, concurrency limits and circuit breakers in front of resources that can be
//! slow, broken or overloaded.
//!
//! A caller requests a permit, and reports the outcome of its call. A caller with a deadline is
//! *urgent*, and a caller without one is a *background* caller.
//!
//! ```text
//! registry ── driver (the loop that advances time) ── timer (wakes the driver)
//!   └─ handle: one gate behind a short lock ── permit
//!        └─ machine, pure ─┬─ breaker ── call_window, token_bucket (probes)
//!                          ├─ token_bucket (rate), concurrency_limit
//!                          └─ wait_queue, retry_schedule
//! ```

mod breaker;
mod call_window;
mod concurrency_limit;
mod decision;
mod driver;
mod handle;
mod info;
mod machine;
mod persisted;
mod registry;
mod retry_schedule;
mod rules;
mod settings;
mod shared;
mod timer;
mod token_bucket;
pub mod types;
mod wait_queue;

pub use driver::drive;
pub use handle::Gate;
pub use info::GateInfo;
pub use persisted::{PersistedGates, PersistedSettings};
pub use registry::{Gates, wrong_gates};
pub use settings::{GateSettings, GatesSettings};
pub use shared::Permit;
pub use types::{CallOutcome, GateKind, GateObserver, GateRejection, RejectReason};

#[cfg(test)]
mod properties;

#[cfg(test)]
mod tests;
