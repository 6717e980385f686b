//! Traces: the trace of a request, and the conversation and trace of log lines.
//!
//! ```text
//! header ─▶ TraceContext ─▶ records, commands, outgoing calls
//!                 └───────▶ Correlation of a thread ─▶ log lines
//! ```

mod context;
mod correlation;

pub use context::{TRACE_PARENT, TraceContext};
pub use correlation::{Correlation, Entered};
