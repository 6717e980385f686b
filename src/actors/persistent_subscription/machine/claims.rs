//! Claims: the events that one consumer has under one lease, and the memory of claims that ended.

use super::ClaimId;
use std::collections::{BTreeSet, VecDeque};

/// The claims whose end is remembered, so that a repeated request about one is answered as before.
const ENDED_MAX: usize = 64;

/// The events that one consumer has.
#[derive(Clone, Debug)]
pub(super) struct Claim {
    /// The end of the lease, in milliseconds since the epoch.
    pub(super) until_ms: u64,
    /// What the consumer calls itself.
    pub(super) consumer: Option<String>,
    /// The events that are not settled.
    pub(super) events: BTreeSet<u64>,
    /// The events that were acknowledged under this lease.
    pub(super) acknowledged: BTreeSet<u64>,
}

impl Claim {
    pub(super) const fn new(until_ms: u64, consumer: Option<String>) -> Self {
        Self { until_ms, consumer, events: BTreeSet::new(), acknowledged: BTreeSet::new() }
    }
}

/// The last claims of which every event was settled, with the events that were acknowledged.
#[derive(Clone, Debug, Default)]
pub(super) struct EndedClaims(VecDeque<(ClaimId, BTreeSet<u64>)>);

impl EndedClaims {
    pub(super) fn remember(&mut self, id: ClaimId, acknowledged: BTreeSet<u64>) {
        if self.0.len() >= ENDED_MAX {
            self.0.pop_front();
        }
        self.0.push_back((id, acknowledged));
    }

    /// The events that were acknowledged under this lease, if it is remembered.
    pub(super) fn of(&self, id: ClaimId) -> Option<&BTreeSet<u64>> {
        self.0.iter().find(|(ended, _)| *ended == id).map(|(_, acknowledged)| acknowledged)
    }
}
