//! Answers under idempotency keys, as they are submitted to the journal and stored.

use super::record::{StoredAnswer, StoredOutcome};
use serde::{Deserialize, Serialize};
use std::sync::{
    Arc,
    atomic::{AtomicU64, Ordering},
};

/// Placeholder for the position in an answer. The journal replaces it with the position of the
/// submission.
pub const UNPLACED: u64 = u64::MAX;

/// Answers to be stored in one commit with their submission.
#[derive(Clone, Debug, Default)]
pub struct Answers {
    pub(in crate::store) all: Vec<Answer>,
    /// The position in the answers, shared with callers of [`Self::position_cell`].
    position_cell: Option<Arc<AtomicU64>>,
    /// While the last commit is in doubt, the answers are shown only if the watermark has reached
    /// this.
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
    /// Adds an answer.
    pub fn push(&mut self, answer: Answer) {
        self.all.push(answer);
    }

    /// Whether there are none.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.all.is_empty()
    }

    /// Returns the cell that holds the position in the answers once the journal has accepted them.
    #[must_use]
    pub fn position_cell(&mut self) -> Arc<AtomicU64> {
        Arc::clone(self.position_cell.get_or_insert_default())
    }

    /// Detaches the cell: its position is final.
    pub(in crate::store) fn forget_position_cell(&mut self) {
        self.position_cell = None;
    }

    /// Fills in the position of the last record submitted. It belongs to the submission of the
    /// answers, if that has any records.
    pub(in crate::store) fn place(&mut self, head: u64, has_records: bool) {
        if let Some(position_cell) = &self.position_cell {
            position_cell.store(head, Ordering::Release);
        }
        // A submission without records has no position that shows whether it is durable.
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
    /// Expiry, in milliseconds since the epoch.
    pub(in crate::store) kept_until: u64,
    /// While the last commit is in doubt, the answer is shown only if the watermark has reached
    /// this.
    pub(in crate::store) position: u64,
    pub(in crate::store) answer: StoredAnswer,
}
