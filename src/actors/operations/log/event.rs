//! The notes of the operations log: what can happen to a part of the runtime.

use serde::{Deserialize, Serialize};

/// What happened to a part of the runtime. Stored; variants are only ever added, at the end.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum OperationsEvent {
    /// A gate opened, closed, or let some through to try.
    GateTurned {
        /// `taxi/payment`
        gate: String,
        /// What it is now: `closed`, `open`, `half-open`.
        to: String,
        /// Why.
        because: String,
    },
    /// One instance crashed too often and is kept out of the way.
    Quarantined {
        /// `taxi/orders`, or the name of the saga.
        resource: String,
        /// Which one.
        number: u64,
        /// What the last crash said.
        because: String,
    },
    /// An operator let it out again.
    Released {
        /// `taxi/orders`, or the name of the saga.
        resource: String,
        /// Which one.
        number: u64,
    },
    /// A part of the runtime was gone, or was asked to begin again, and lives again.
    Restarted {
        /// `saga taxi/ride`
        part: String,
        /// Why.
        because: String,
        /// Milliseconds from when that was noticed until it lived again.
        after_ms: u64,
    },
    /// The loop of a shard was blocked; its aggregates live elsewhere now.
    ShardReplaced {
        /// Which one, from 0.
        shard: u32,
        /// Why.
        because: String,
        /// Milliseconds from the last beat of the old loop until the new one was there.
        after_ms: u64,
    },
    /// An operator broke something on purpose.
    Broken {
        /// What was done, as a sentence.
        what: String,
    },
    /// The journal takes nothing more.
    JournalBroke {
        /// Why.
        because: String,
    },
    /// The journal takes submissions again.
    JournalHealed {
        /// After so many milliseconds.
        after_ms: u64,
    },
    /// One instance crashed, and was rebuilt from its history. Crashing again and again ends in
    /// quarantine, so that not many of these follow on each other.
    Rebuilt {
        /// `taxi/orders`
        resource: String,
        /// Which one.
        number: u64,
        /// What the crash said; the first of those that it took.
        because: String,
        /// Milliseconds from that crash until it lived again.
        after_ms: u64,
    },
    /// The rows of a view could not be used, and were made anew from the journal.
    MadeAnew {
        /// `taxi/mypages`
        view: String,
        /// Why.
        because: String,
        /// From so many records.
        records: u64,
        /// Milliseconds from when that was noticed until they were complete.
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
        /// By so many milliseconds.
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
    /// What happened, in a word, and the rest of it.
    pub(super) fn told(&self) -> (String, serde_json::Value) {
        match serde_json::to_value(self) {
            Ok(serde_json::Value::Object(object)) => object.into_iter().next().unwrap_or_default(),
            _ => (format!("{self:?}"), serde_json::Value::Null),
        }
    }

    /// The kind of the note, and what it is about: what repeated notes are counted by. Instances of
    /// one kind of aggregate are counted together.
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
