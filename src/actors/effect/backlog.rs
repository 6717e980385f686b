//! The lists of deferred and of quarantined effects, with their number and first position.

use crate::{actors::supervision::CrashWindow, store::Record};
use std::{
    collections::{BTreeMap, HashMap, HashSet},
    sync::Arc,
};

/// The deferred records, by position.
#[derive(Default)]
pub(super) struct Backlog {
    /// Whether each deferred effect may have run before.
    was_asked: BTreeMap<u64, bool>,
    /// The number of deferred records of each conversation.
    counts: HashMap<u64, usize>,
}

impl Backlog {
    pub(super) fn insert(&mut self, record: &Record, was_asked: bool) {
        if self.was_asked.insert(record.position, was_asked).is_none() {
            *self.counts.entry(record.correlation).or_default() += 1;
        }
    }

    pub(super) fn remove(&mut self, record: &Record) {
        if self.was_asked.remove(&record.position).is_none() {
            return;
        }
        if let Some(count) = self.counts.get_mut(&record.correlation) {
            *count -= 1;
            if *count == 0 {
                self.counts.remove(&record.correlation);
            }
        }
    }

    pub(super) fn first(&self) -> Option<u64> {
        self.was_asked.first_key_value().map(|(position, _)| *position)
    }

    pub(super) fn len(&self) -> usize {
        self.was_asked.len()
    }

    pub(super) fn is_empty(&self) -> bool {
        self.was_asked.is_empty()
    }

    pub(super) fn clear(&mut self) {
        self.was_asked.clear();
        self.counts.clear();
    }

    /// Whether a record of this conversation is deferred. Later records wait behind it.
    pub(super) fn has(&self, conversation: u64) -> bool {
        self.counts.contains_key(&conversation)
    }

    /// Whether the deferred effect of this record may have run before; `None` when it is not
    /// deferred.
    pub(super) fn was_asked(&self, record: &Record) -> Option<bool> {
        self.was_asked.get(&record.position).copied()
    }
}

/// Effects that crash at each attempt, and the records that wait behind them.
#[derive(Default)]
pub(super) struct PoisonedEffects {
    /// The recent crashes of effects that are retried, by the position of the record.
    pub(super) crashes: HashMap<u64, CrashWindow>,
    /// The conversations in quarantine.
    pub(super) conversations: HashSet<u64>,
    /// The records that are held back in these conversations, by position.
    pub(super) held: BTreeMap<u64, Arc<Record>>,
}

impl PoisonedEffects {
    /// The position of the first record that is held back.
    pub(super) fn first(&self) -> Option<u64> {
        self.held.first_key_value().map(|(position, _)| *position)
    }

    pub(super) fn len(&self) -> usize {
        self.held.len()
    }

    /// Removes the crashes of a finished effect.
    pub(super) fn forget(&mut self, record: &Record) {
        self.crashes.remove(&record.position);
    }

    /// Releases a conversation from quarantine and returns its records.
    pub(super) fn take(&mut self, conversation: u64) -> Vec<Arc<Record>> {
        if !self.conversations.remove(&conversation) {
            return Vec::new();
        }
        let all = std::mem::take(&mut self.held);
        let (taken, held): (BTreeMap<_, _>, _) =
            all.into_iter().partition(|(_, record)| record.correlation == conversation);
        self.held = held;
        taken.into_values().collect()
    }
}
