//! Traces: the conversation and the trace in log lines, in outgoing calls, and in exported spans.

mod collector;
mod grpc_collector;
mod logs;
mod spans;
#[path = "../support/mod.rs"]
mod support;
