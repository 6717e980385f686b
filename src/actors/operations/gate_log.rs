//! The gate log: records transitions of gates in the operations log.

use super::log::{OperationsEvent, OperationsLog};
use crate::actors::gate::GateObserver;

impl GateObserver for OperationsLog {
    fn transitioned(&self, gate: &str, to: &str, reason: String) {
        self.record(OperationsEvent::GateTransition {
            gate: gate.to_owned(),
            to: to.to_owned(),
            reason,
        });
    }
}
