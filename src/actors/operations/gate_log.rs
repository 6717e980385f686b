//! The gate log: writes the transitions of gates and restarts of the gate driver into the
//! operations log.

use super::log::{OperationsEvent, OperationsLog};
use crate::actors::gate::GateObserver;
use std::time::Duration;

impl GateObserver for OperationsLog {
    fn transitioned(&self, gate: &str, to: &str, because: String) {
        self.note(OperationsEvent::GateTurned {
            gate: gate.to_owned(),
            to: to.to_owned(),
            because,
        });
    }

    fn driver_restarted(&self, after: Duration) {
        let (part, because) = ("gatekeeper".to_owned(), "it was gone".to_owned());
        let after_ms = u64::try_from(after.as_millis()).unwrap_or(u64::MAX);
        self.note(OperationsEvent::Restarted { part, because, after_ms });
    }
}
