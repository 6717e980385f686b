//! The position of a subscriber in the journal.

use super::progress::Progress;
use crate::{
    actors::dispatch::Fence,
    store::{
        Cause, KindId, KindSet, Lease, Origin, Record,
        journal::{Checkpoint, Journal, ReadLevel, StoreError, SubmitError},
    },
};
use std::sync::Arc;

/// Upper bound of records read at once during a start.
const STARTING_RECORDS_MAX: usize = 4_096;

/// A subscriber's position in the journal, with its lease and checkpoint.
pub struct Cursor {
    /// The kind of the subscriber.
    pub me: KindId,
    /// The journal it follows.
    pub journal: Arc<dyn Journal>,
    /// The progress, readable from other threads.
    pub progress: Arc<Progress>,
    /// The right to write; a successor gets another lease.
    pub lease: Lease,
    /// The generation of the journal in which everything here was read.
    pub generation: u64,
    /// The kinds whose records the subscriber reads.
    pub(super) kinds: KindSet,
    /// The last position read.
    pub after: u64,
    /// Whether the start is over; before that, messages to the subscriber are void.
    pub is_started: bool,
    /// Whether the start has begun in this generation.
    pub(super) is_starting: bool,
    /// The position of the last checkpoint.
    checkpointed: u64,
    /// The last checkpoint, when the commit queue was too full for it.
    unsent: Option<Checkpoint>,
    pub(super) level: ReadLevel,
}

impl Cursor {
    /// Creates a cursor that has not read anything yet.
    pub fn new(
        me: KindId,
        lease: Lease,
        journal: Arc<dyn Journal>,
        progress: Arc<Progress>,
        level: ReadLevel,
    ) -> Self {
        Self {
            me,
            lease,
            journal,
            progress,
            generation: 0,
            kinds: KindSet::default(),
            after: 0,
            is_started: false,
            is_starting: false,
            checkpointed: 0,
            unsent: None,
            level,
        }
    }

    /// Returns the last position that can be read.
    pub fn head(&self) -> u64 {
        match self.level {
            ReadLevel::Submitted => self.journal.submitted(),
            ReadLevel::Durable => self.journal.durable(),
        }
    }

    /// Returns the fence of the subscriber's commands.
    pub fn fence(&self) -> Fence {
        Fence { generation: self.generation, lease: self.lease.clone() }
    }

    /// Returns whether a message sent in this generation is still valid.
    pub const fn is_current(&self, generation: u64) -> bool {
        self.is_started && self.generation == generation
    }

    /// Returns the origin of the command that led to a record, if this subscriber issued it.
    pub fn origin_of_mine(&self, record: &Record) -> Option<Origin> {
        origin_of(self.me, record)
    }

    /// Calls `each` for every command of this subscriber whose outcome is after a position, with
    /// the position of the outcome.
    pub fn answered_after(
        &self,
        position: u64,
        mut each: impl FnMut(u64, Origin),
    ) -> Result<(), StoreError> {
        let mut after = Some(position);
        while let Some(position) = after {
            after = self.some_answered_after(position, &mut each)?;
        }
        Ok(())
    }

    /// Calls `each` for the commands whose outcome is in the next batch of records after a
    /// position. Returns the position after which there may be more.
    pub fn some_answered_after(
        &self,
        position: u64,
        mut each: impl FnMut(u64, Origin),
    ) -> Result<Option<u64>, StoreError> {
        let records = self.journal.read(position, STARTING_RECORDS_MAX, self.level)?;
        for record in &records {
            if let Some(origin) = self.origin_of_mine(record) {
                each(record.position, origin);
            }
        }
        Ok(records.last().map(|last| last.position))
    }

    /// Returns whether a checkpoint is due: one is unsent, or this position differs from the stored
    /// one.
    pub const fn is_behind(&self, position: u64) -> bool {
        self.unsent.is_some() || position != self.checkpointed
    }

    /// Takes the unsent checkpoint, if there is one.
    pub const fn take_unsent(&mut self) -> Option<Checkpoint> {
        self.unsent.take()
    }

    /// Builds a checkpoint of this position and these instances.
    pub const fn checkpoint_at(
        &self,
        position: u64,
        conversations: Vec<(u64, Option<Vec<u8>>)>,
    ) -> Checkpoint {
        let (subscriber, generation) = (self.me, self.generation);
        Checkpoint { subscriber, generation, position, conversations }
    }

    /// Submits a checkpoint and returns whether the journal accepted it. When the queue is full,
    /// the same checkpoint has to be retried before the next one.
    pub fn write_down(&mut self, checkpoint: Checkpoint) -> bool {
        let position = checkpoint.position;
        match self.journal.checkpoint(checkpoint) {
            Ok(()) => self.checkpointed = position,
            Err((error, checkpoint)) => {
                tracing::debug!(part = self.progress.name(), %error, "a checkpoint is delayed");
                // A checkpoint of an earlier generation is void: its records are read again.
                self.unsent = (!matches!(error, SubmitError::Stale)).then_some(checkpoint);
                return false;
            }
        }
        true
    }

    /// Skips records that do not concern this subscriber.
    pub fn skip(&mut self) {
        // Before the start, the position is not known.
        if self.is_started {
            self.after = self.progress.skip(self.after);
        }
    }

    pub(super) fn start_over(&mut self) -> Result<(), StoreError> {
        (self.is_started, self.is_starting) = (false, false);
        self.unsent = None;
        self.generation = self.journal.generation();
        self.after = self.journal.cursor_of(self.me)?;
        self.checkpointed = self.after;
        Ok(())
    }
}

/// Returns the origin of the command that led to a record, if this sender issued it.
pub fn origin_of(issuer: KindId, record: &Record) -> Option<Origin> {
    match record.cause {
        Cause::Dispatch(origin) if origin.by == issuer => Some(origin),
        _ => None,
    }
}
