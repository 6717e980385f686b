//! The events of the operations log: what can happen to a part of the runtime.

use serde::{Deserialize, Serialize};

/// What happened to a part of the runtime. Stored; variants are only ever added, at the end.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum OperationsEvent {
    /// A gate opened, closed, or let probes pass.
    GateTurned {
        /// `taxi/payment`
        gate: String,
        /// Its new state: `closed`, `open`, `half-open`.
        to: String,
        /// The reason.
        because: String,
    },
    /// One instance crashed too often and was quarantined.
    Quarantined {
        /// `taxi/orders`, or the name of the saga.
        resource: String,
        /// The number of the instance.
        number: u64,
        /// The message of the last panic.
        because: String,
    },
    /// An operator released an instance from quarantine.
    Released {
        /// `taxi/orders`, or the name of the saga.
        resource: String,
        /// The number of the instance.
        number: u64,
    },
    /// A part of the runtime was gone, or its restart was requested, and it was restarted.
    Restarted {
        /// `saga taxi/ride`
        part: String,
        /// The reason.
        because: String,
        /// Milliseconds from the detection to the restart.
        after_ms: u64,
    },
    /// The event loop of a shard was blocked, and the shard was replaced.
    ShardReplaced {
        /// The shard, from 0.
        shard: u32,
        /// The reason.
        because: String,
        /// Milliseconds from the last heartbeat of the old loop until the new one was started.
        after_ms: u64,
    },
    /// An operator injected a fault.
    Broken {
        /// What was done, as a sentence.
        what: String,
    },
    /// The journal stopped taking submissions.
    JournalBroke {
        /// The reason.
        because: String,
    },
    /// The journal takes submissions again.
    JournalHealed {
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
        because: String,
        /// Milliseconds from that crash to the rebuild.
        after_ms: u64,
    },
    /// The rows of a view were unusable and were rebuilt from the journal.
    MadeAnew {
        /// `taxi/mypages`
        view: String,
        /// The reason.
        because: String,
        /// Number of records that were replayed.
        records: u64,
        /// Milliseconds from the detection until the rows were complete.
        after_ms: u64,
    },
    /// More notes of one kind about one subject than are written in one interval.
    Repeated {
        /// The kind: the name of the note.
        what: String,
        /// What they are about: a part, a gate, a resource; empty when there is only one.
        subject: String,
        /// How many were not written.
        count: u64,
        /// The length of the interval in milliseconds.
        for_ms: u64,
    },
    /// The wall clock of the machine jumped.
    ClockSet {
        /// In which direction: `back` or `forward`.
        to: String,
        /// The size of the jump in milliseconds.
        by_ms: u64,
        /// What follows from it, as a sentence.
        because: String,
    },
    /// Acknowledged history was missing at the start, and the loss was accepted.
    LossAccepted {
        /// What is missing.
        because: String,
        /// The last position that is left.
        ends_at: u64,
        /// The last position that is known to have been acknowledged.
        acknowledged: u64,
    },
}

impl OperationsEvent {
    /// Returns the name of the event and its fields.
    pub(super) fn told(&self) -> (String, serde_json::Value) {
        match serde_json::to_value(self) {
            Ok(serde_json::Value::Object(object)) => object.into_iter().next().unwrap_or_default(),
            _ => (format!("{self:?}"), serde_json::Value::Null),
        }
    }

    /// Returns the kind and the subject of the event, by which repeated ones are counted. Instances
    /// of one aggregate kind are counted together.
    pub(super) fn subject(&self) -> (&'static str, String) {
        match self {
            Self::GateTurned { gate, .. } => ("GateTurned", gate.clone()),
            Self::Quarantined { resource, .. } => ("Quarantined", resource.clone()),
            Self::Released { resource, .. } => ("Released", resource.clone()),
            Self::Restarted { part, .. } => ("Restarted", part.clone()),
            Self::ShardReplaced { shard, .. } => ("ShardReplaced", shard.to_string()),
            Self::Broken { .. } => ("Broken", String::new()),
            Self::JournalBroke { .. } => ("JournalBroke", String::new()),
            Self::JournalHealed { .. } => ("JournalHealed", String::new()),
            Self::Rebuilt { resource, .. } => ("Rebuilt", resource.clone()),
            Self::MadeAnew { view, .. } => ("MadeAnew", view.clone()),
            Self::Repeated { subject, .. } => ("Repeated", subject.clone()),
            Self::ClockSet { to, .. } => ("ClockSet", to.clone()),
            Self::LossAccepted { .. } => ("LossAccepted", String::new()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::codec;

    #[test]
    fn notes_are_stored_as_they_always_were() {
        let golden = |note: OperationsEvent, bytes: &[u8]| {
            assert_eq!(codec::encode(&note), bytes, "{note:?}");
        };
        let text = |text: &str| text.to_owned();
        golden(
            OperationsEvent::GateTurned { gate: text("g"), to: text("open"), because: text("why") },
            b"\x01\x00\x01g\x04open\x03why",
        );
        golden(
            OperationsEvent::Quarantined { resource: text("a/b"), number: 7, because: text("why") },
            b"\x01\x01\x03a/b\x07\x03why",
        );
        golden(
            OperationsEvent::Released { resource: text("a/b"), number: 7 },
            b"\x01\x02\x03a/b\x07",
        );
        golden(
            OperationsEvent::Restarted {
                part: text("saga a/b"),
                because: text("why"),
                after_ms: 9,
            },
            b"\x01\x03\x08saga a/b\x03why\x09",
        );
        golden(
            OperationsEvent::ShardReplaced { shard: 1, because: text("why"), after_ms: 9 },
            b"\x01\x04\x01\x03why\x09",
        );
        golden(OperationsEvent::Broken { what: text("why") }, b"\x01\x05\x03why");
        golden(OperationsEvent::JournalBroke { because: text("why") }, b"\x01\x06\x03why");
        golden(OperationsEvent::JournalHealed { after_ms: 9 }, b"\x01\x07\x09");
        golden(
            OperationsEvent::Rebuilt {
                resource: text("a/b"),
                number: 7,
                because: text("why"),
                after_ms: 9,
            },
            b"\x01\x08\x03a/b\x07\x03why\x09",
        );
        golden(
            OperationsEvent::MadeAnew {
                view: text("a/b"),
                because: text("why"),
                records: 7,
                after_ms: 9,
            },
            b"\x01\x09\x03a/b\x03why\x07\x09",
        );
        golden(
            OperationsEvent::Repeated {
                what: text("w"),
                subject: text("a/b"),
                count: 7,
                for_ms: 9,
            },
            b"\x01\x0a\x01w\x03a/b\x07\x09",
        );
        golden(
            OperationsEvent::ClockSet { to: text("back"), by_ms: 9, because: text("why") },
            b"\x01\x0b\x04back\x09\x03why",
        );
        golden(
            OperationsEvent::LossAccepted { because: text("why"), ends_at: 7, acknowledged: 9 },
            b"\x01\x0c\x03why\x07\x09",
        );
    }
}
