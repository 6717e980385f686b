//! The figures of gates and of the calls of outside services.

use super::Runtime;
use crate::{
    actors::{gate::GateInfo, persistent_subscription::GATES_OF_WEBHOOKS},
    metrics::Families,
};

/// The states of a gate.
const STATES: [&str; 3] = ["closed", "half-open", "open"];

/// A gauge or counter of a gate with its value.
type Figure = (&'static str, &'static str, fn(&GateInfo) -> u64);

const GAUGES: [Figure; 2] = [
    ("madang_gate_calls_in_flight", "Calls that hold a permit of a gate", |gate| {
        gate.under_way as u64
    }),
    ("madang_gate_limit_calls", "The most calls at once; 0 when there is no limit", |gate| {
        gate.limit.unwrap_or_default() as u64
    }),
];

const COUNTERS: [Figure; 3] = [
    ("madang_gate_permits", "Permits that a gate granted", |gate| gate.let_through),
    ("madang_gate_timeouts", "Permits that expired without a report", |gate| gate.timed_out),
    ("madang_gate_panics", "Times that the state machine of a gate was replaced", |gate| {
        gate.broken.into()
    }),
];

impl Runtime {
    /// The gates of webhooks have no samples, because clients name them.
    pub(super) fn add_gates(&self, families: &mut Families) {
        let mut gates = self.gates().infos();
        gates.retain(is_declared);
        let family = families.gauge("madang_gate_state", "1 for the state that a gate has");
        for gate in &gates {
            for state in STATES {
                let labels = [("gate", &*gate.name), ("guards", gate.guards), ("state", state)];
                family.add(labels, gate.state == state);
            }
        }
        for (name, help, value) in GAUGES {
            let family = families.gauge(name, help);
            for gate in &gates {
                family.add([("gate", &*gate.name), ("guards", gate.guards)], value(gate));
            }
        }
        let family = families.gauge("madang_gate_waiting", "Callers in the wait queue of a gate");
        for gate in &gates {
            let labels =
                |urgency| [("gate", &*gate.name), ("guards", gate.guards), ("urgency", urgency)];
            family.add(labels("urgent"), gate.waiting_urgent);
            family.add(labels("background"), gate.waiting_background);
        }
        for (name, help, value) in COUNTERS {
            let family = families.counter(name, help);
            for gate in &gates {
                family.add([("gate", &*gate.name), ("guards", gate.guards)], value(gate));
            }
        }
        let family =
            families.counter("madang_gate_rejections", "Callers that a gate refused, by reason");
        for gate in &gates {
            for (reason, count) in gate.rejected {
                let labels = [("gate", &*gate.name), ("guards", gate.guards), ("reason", reason)];
                family.add(labels, count);
            }
        }
    }

    pub(super) fn add_ports(&self, families: &mut Families) {
        let ports = self.parts.shared.admissions.all();
        let family =
            families.counter("madang_port_attempts", "Calls of an outside service by outcome");
        for (port, admission) in &ports {
            let [answered, failed, _, _] = admission.calls.counts();
            family.add([("port", *port), ("outcome", "answered")], answered);
            family.add([("port", *port), ("outcome", "failed")], failed);
        }
        let family = families.counter(
            "madang_port_retries",
            "Calls of an outside service after a failed one or beside a slow one",
        );
        for (port, admission) in &ports {
            let [_, _, retried, hedged] = admission.calls.counts();
            family.add([("port", *port), ("reason", "failed")], retried);
            family.add([("port", *port), ("reason", "slow")], hedged);
        }
        let family = families.histogram(
            "madang_port_attempt_duration_seconds",
            "Time of one call of an outside service",
        );
        for (port, admission) in &ports {
            family.add([("port", *port)], admission.calls.seconds());
        }
    }
}

/// Whether the name of a gate comes from a declaration.
fn is_declared(gate: &GateInfo) -> bool {
    !gate.name.starts_with(GATES_OF_WEBHOOKS)
}
