//! The events of the operations log: what can happen to a part of the runtime.

use serde::{Deserialize, Serialize};

/// What happened to a part of the runtime. Stored; variants are only ever added, at the end.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum OperationsEvent {
    /// A gate opened, closed, or let probes pass.
    GateTransition {
        /// `taxi/payment`
        gate: String,
        /// Its new state: `closed`, `open`, `half-open`.
        to: String,
        /// The reason.
        reason: String,
    },
    /// One instance crashed too often and was quarantined.
    Quarantined {
        /// `taxi/orders`, or the name of the saga.
        resource: String,
        /// The number of the instance.
        number: u64,
        /// The message of the last panic.
        reason: String,
    },
    /// An operator released an instance from quarantine.
    Released {
        /// `taxi/orders`, or the name of the saga.
        resource: String,
        /// The number of the instance.
        number: u64,
    },
    /// A part of the runtime was restarted: it had stopped, or its restart was requested.
    Restarted {
        /// `saga taxi/ride`
        part: String,
        /// The reason.
        reason: String,
        /// Milliseconds from the detection to the restart.
        after_ms: u64,
    },
    /// The event loop of a shard was blocked, and the shard was replaced.
    ShardReplaced {
        /// The shard, from 0.
        shard: u32,
        /// The reason.
        reason: String,
        /// Milliseconds from the last heartbeat of the old loop until the new one was started.
        after_ms: u64,
    },
    /// An operator injected a fault.
    Broken {
        /// What was done, as a sentence.
        what: String,
    },
    /// The journal stopped accepting submissions.
    JournalUnavailable {
        /// The reason.
        reason: String,
    },
    /// The journal accepts submissions again.
    JournalRecovered {
        /// Milliseconds since it had stopped.
        after_ms: u64,
    },
    /// One instance crashed and was rebuilt from its history. Repeated crashes end in quarantine,
    /// which bounds the number of these events.
    Rebuilt {
        /// `taxi/orders`
        resource: String,
        /// The number of the instance.
        number: u64,
        /// The message of the first panic.
        reason: String,
        /// Milliseconds from that crash to the rebuild.
        after_ms: u64,
    },
    /// The rows of a view were unusable and were rebuilt from the journal.
    ViewRebuilt {
        /// `taxi/mypages`
        view: String,
        /// The reason.
        reason: String,
        /// Number of records that were replayed.
        records: u64,
        /// Milliseconds from the detection until the rows were complete.
        after_ms: u64,
    },
    /// More events of one kind about one subject occurred than are written in one interval.
    Repeated {
        /// The kind: the name of the event.
        what: String,
        /// The subject: a part, a gate or a resource; empty when the kind has only one subject.
        subject: String,
        /// Number of events that were not written.
        count: u64,
        /// The length of the interval in milliseconds.
        for_ms: u64,
    },
    /// The wall clock of the machine jumped.
    ClockSet {
        /// The direction: `back` or `forward`.
        to: String,
        /// The size of the jump in milliseconds.
        by_ms: u64,
        /// The consequence, as a sentence.
        reason: String,
    },
    /// Acknowledged records were missing at the start, and the loss was accepted.
    LossAccepted {
        /// What is missing.
        reason: String,
        /// The last position that is left.
        ends_at: u64,
        /// The last position that is known to have been acknowledged.
        acknowledged: u64,
    },
    /// An operator changed the settings of a gate.
    GateSet {
        /// `taxi/payment`
        gate: String,
        /// The keys with their new values, as a JSON object; empty when the gate was reset.
        changes: String,
        /// How long they hold: `until the next start`, `for every start`, or `as configured` for a
        /// gate that was reset.
        hold: String,
        /// The subject of the operator's token; none while no identity is configured.
        by: Option<String>,
    },
}

/// The names of the events that parts of the runtime record.
pub(super) const NAMES: [&str; 13] = [
    "GateTransition",
    "Quarantined",
    "Released",
    "Restarted",
    "ShardReplaced",
    "Broken",
    "JournalUnavailable",
    "JournalRecovered",
    "Rebuilt",
    "ViewRebuilt",
    "ClockSet",
    "LossAccepted",
    "GateSet",
];

impl OperationsEvent {
    /// Returns the name of the event and its fields.
    pub(super) fn describe(&self) -> (String, serde_json::Value) {
        match serde_json::to_value(self) {
            Ok(serde_json::Value::Object(object)) => object.into_iter().next().unwrap_or_default(),
            _ => (format!("{self:?}"), serde_json::Value::Null),
        }
    }

    /// Returns the kind and the subject of the event, by which repeated events are counted.
    /// Instances of one aggregate kind are counted together.
    pub(super) fn subject(&self) -> (&'static str, String) {
        match self {
            Self::GateTransition { gate, .. } => ("GateTransition", gate.clone()),
            Self::Quarantined { resource, .. } => ("Quarantined", resource.clone()),
            Self::Released { resource, .. } => ("Released", resource.clone()),
            Self::Restarted { part, .. } => ("Restarted", part.clone()),
            Self::ShardReplaced { shard, .. } => ("ShardReplaced", shard.to_string()),
            Self::Broken { .. } => ("Broken", String::new()),
            Self::JournalUnavailable { .. } => ("JournalUnavailable", String::new()),
            Self::JournalRecovered { .. } => ("JournalRecovered", String::new()),
            Self::Rebuilt { resource, .. } => ("Rebuilt", resource.clone()),
            Self::ViewRebuilt { view, .. } => ("ViewRebuilt", view.clone()),
            Self::Repeated { subject, .. } => ("Repeated", subject.clone()),
            Self::ClockSet { to, .. } => ("ClockSet", to.clone()),
            Self::LossAccepted { .. } => ("LossAccepted", String::new()),
            Self::GateSet { gate, .. } => ("GateSet", gate.clone()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::codec;

    #[test]
    fn the_stored_form_of_events_never_changes() {
        golden(
            &OperationsEvent::GateTransition {
                gate: text("g"),
                to: text("open"),
                reason: text("why"),
            },
            b"\x01\x00\x01g\x04open\x03why",
        );
        golden(
            &OperationsEvent::Quarantined { resource: text("a/b"), number: 7, reason: text("why") },
            b"\x01\x01\x03a/b\x07\x03why",
        );
        golden(
            &OperationsEvent::Released { resource: text("a/b"), number: 7 },
            b"\x01\x02\x03a/b\x07",
        );
        golden(
            &OperationsEvent::Restarted {
                part: text("saga a/b"),
                reason: text("why"),
                after_ms: 9,
            },
            b"\x01\x03\x08saga a/b\x03why\x09",
        );
        golden(
            &OperationsEvent::ShardReplaced { shard: 1, reason: text("why"), after_ms: 9 },
            b"\x01\x04\x01\x03why\x09",
        );
        golden(&OperationsEvent::Broken { what: text("why") }, b"\x01\x05\x03why");
        golden(&OperationsEvent::JournalUnavailable { reason: text("why") }, b"\x01\x06\x03why");
        golden(&OperationsEvent::JournalRecovered { after_ms: 9 }, b"\x01\x07\x09");
    }

    #[test]
    fn the_stored_form_of_later_events_never_changes() {
        golden(
            &OperationsEvent::Rebuilt {
                resource: text("a/b"),
                number: 7,
                reason: text("why"),
                after_ms: 9,
            },
            b"\x01\x08\x03a/b\x07\x03why\x09",
        );
        golden(
            &OperationsEvent::ViewRebuilt {
                view: text("a/b"),
                reason: text("why"),
                records: 7,
                after_ms: 9,
            },
            b"\x01\x09\x03a/b\x03why\x07\x09",
        );
        golden(
            &OperationsEvent::Repeated {
                what: text("w"),
                subject: text("a/b"),
                count: 7,
                for_ms: 9,
            },
            b"\x01\x0a\x01w\x03a/b\x07\x09",
        );
        golden(
            &OperationsEvent::ClockSet { to: text("back"), by_ms: 9, reason: text("why") },
            b"\x01\x0b\x04back\x09\x03why",
        );
        golden(
            &OperationsEvent::LossAccepted { reason: text("why"), ends_at: 7, acknowledged: 9 },
            b"\x01\x0c\x03why\x07\x09",
        );
        golden(
            &OperationsEvent::GateSet {
                gate: text("g"),
                changes: text("{}"),
                hold: text("now"),
                by: Some(text("kim")),
            },
            b"\x01\x0d\x01g\x02{}\x03now\x01\x03kim",
        );
    }

    #[track_caller]
    fn golden(event: &OperationsEvent, bytes: &[u8]) {
        assert_eq!(codec::encode(event), bytes, "{event:?}");
    }

    fn text(text: &str) -> String {
        text.to_owned()
    }
}
