//! Gates: the mailbox-based rate limiters and circuit breakers in front of whatever can be slow,
//! broken or too busy. Whoever wants through asks for a permit, and reports what became of it.
//!
//! ```text
//! gates ── gatekeeper (the actor that lets time pass) ── bell (what wakes it)
//!   └─ passing: one gate behind a short lock ── permit
//!        └─ machine, pure ─┬─ breaker ── window, bucket (trials drip)
//!                          ├─ bucket (rate), limit (under way)
//!                          └─ queue (who waits), returning (when to come back)
//! ```

mod breaker;
mod call_window;
mod concurrency_limit;
mod decision;
mod driver;
mod handle;
mod info;
mod machine;
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
pub use registry::{Gates, wrong_gates};
pub use settings::{GateSettings, GatesSettings};
pub use shared::Permit;
pub use types::{Away, GateKind, GateObserver, Outcome, Why};

#[cfg(test)]
mod properties;

#[cfg(test)]
mod tests;
