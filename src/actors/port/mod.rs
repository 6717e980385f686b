//! Calls of outside services: admission, deadline, retry budget, hedging, deferral, transports and
//! the log of failures.

mod admission;
mod calls;
mod client;
mod deadline;
mod deferral;
mod failure_log;
mod http;
mod retry_budget;
mod spans;
mod transport;
mod waiting_clients;

pub use admission::{PortAdmission, PortAdmissions};
pub use client::{PortCall, PortClient};
pub use spans::WAIT_NS_MIN;
