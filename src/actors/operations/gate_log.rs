//! The gate log: records transitions of gates and restarts of the gate driver in the operations
//! log.

use super::log::{OperationsEvent, OperationsLog};
use crate::actors::gate::GateObserver;
use std::time::Duration;

impl GateObserver for OperationsLog {
    fn transitioned(&self, gate: &str, to: &str, reason: String) {
        self.record(OperationsEvent::GateTransition {
            gate: gate.to_owned(),
            to: to.to_owned(),
            reason,
        });
    }

    fn driver_restarted(&self, after: Duration) {
        let (part, reason) = ("gate-driver".to_owned(), "it had stopped".to_owned());
        let after_ms = u64::try_from(after.as_millis()).unwrap_or(u64::MAX);
        self.record(OperationsEvent::Restarted { part, reason, after_ms });
    }
}
