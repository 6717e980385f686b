//! Traces: the trace of a request, the conversation and trace of log lines, and spans for a collector.
//!
//! ```text
//! header ─▶ TraceContext ─▶ records, commands, outgoing calls
//!                 └───────▶ Correlation of a thread ─▶ log lines
//! records and calls ─▶ Span ─▶ Tracer ─▶ exporter ─▶ collector (OTLP)
//! ```
//! Without an endpoint there is no [`Tracer`], and no spans are made.

mod collector;
mod context;
mod correlation;
mod exporter;
mod ids;
mod otlp;
mod request;
mod settings;
mod span;
mod tracer;

pub use context::{TRACE_PARENT, TraceContext};
pub use correlation::{Correlation, Entered};
pub use ids::Ids;
pub use request::{RequestTrace, pattern};
pub use settings::{Protocol, TracesSettings};
pub use span::{Attribute, Span, SpanKind, now_ns};
pub use tracer::{FATES, Tracer};
