//! Answers under idempotency keys, as they are handed to the journal and stored.

use super::record::{StoredAnswer, StoredOutcome};
use serde::{Deserialize, Serialize};
use std::sync::{
    Arc,
    atomic::{AtomicU64, Ordering},
};

/// The position of an answer that names the one at which the journal takes it.
pub const UNPLACED: u64 = u64::MAX;

/// Answers to be stored in one commit with the submission that they come with.
#[derive(Clone, Debug, Default)]
pub struct Answers {
    pub(in crate::store) all: Vec<Answer>,
    /// The position that the answers name, for those who ask for it.
    told: Option<Arc<AtomicU64>>,
    /// While what was last committed is in doubt, answers above the watermark are not shown.
    pub(in crate::store) doubted_above: u64,
}

/// An answer to be stored.
#[derive(Clone, Debug)]
pub struct Answer {
    /// The hash of the idempotency key.
    pub key: u128,
    /// The answer.
    pub answer: StoredAnswer,
    /// Whether nothing is stored under this key yet.
    pub is_first: bool,
}

impl Answers {
    /// One more.
    pub fn push(&mut self, answer: Answer) {
        self.all.push(answer);
    }

    /// Whether there are none.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.all.is_empty()
    }

    /// Where the position that the answers name stands once the journal has taken them.
    #[must_use]
    pub fn told(&mut self) -> Arc<AtomicU64> {
        Arc::clone(self.told.get_or_insert_default())
    }

    /// Fills in the position of the last record submitted, which is one of their own submission if
    /// that has any.
    pub(in crate::store) fn place(&mut self, head: u64, has_records: bool) {
        if let Some(told) = &self.told {
            told.store(head, Ordering::Release);
        }
        // Without records of its own, no position shows whether the submission is durable.
        self.doubted_above = if has_records { head } else { head + 1 };
        for answer in &mut self.all {
            if let StoredOutcome::Replied(reply) = &mut answer.answer.outcome
                && reply.position == UNPLACED
            {
                reply.position = head;
            }
        }
    }
}

impl From<Answer> for Answers {
    fn from(answer: Answer) -> Self {
        Self { all: vec![answer], ..Self::default() }
    }
}

/// An answer as it is stored.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct KeptAnswer {
    /// In milliseconds since the epoch.
    pub(in crate::store) kept_until: u64,
    /// When the last commit is in doubt, the answer is shown only if the watermark is here.
    pub(in crate::store) position: u64,
    pub(in crate::store) answer: StoredAnswer,
}
