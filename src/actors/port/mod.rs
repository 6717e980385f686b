//! Calls of outside services: admission, deadline, retry budget, hedging, deferral and transport.

mod admission;
mod client;
mod deadline;
mod deferral;
mod retry_budget;
mod transport;
mod waiting_clients;

pub use admission::{PortAdmission, PortAdmissions};
pub use client::{PortCall, PortClient};
