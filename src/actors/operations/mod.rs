//! Operations: components that can be suspended, the quarantine, and the operations log.
//! Suspensions and operations events are durable in streams of the journal.

pub mod clock_watch;
mod components;
mod gate_log;
pub mod journal_watch;
pub mod log;
mod quarantine;
pub mod system_stream;

pub use components::{COMPONENTS, Component, Components, Transition};
pub use log::{OPERATIONS_LOG, OperationsEvent, OperationsLog};
pub use quarantine::{Quarantine, Release};
