//! The position of a subscriber in the journal.

use super::progress::Progress;
use crate::{
    actors::dispatch::Fence,
    store::{
        Cause, KindId, Lease, Origin, Record,
        journal::{Checkpoint, Journal, ReadLevel, StoreError, SubmitError},
    },
};
use std::sync::Arc;

/// Records read at once while starting over.
const STARTING_RECORDS_MAX: usize = 4_096;

/// A subscriber's place in the journal.
pub struct Cursor {
    /// Who follows.
    pub me: KindId,
    /// What is followed.
    pub journal: Arc<Journal>,
    /// How far it is, for others.
    pub progress: Arc<Progress>,
    /// The right to write; whoever takes its place has another.
    pub lease: Lease,
    /// The generation of the journal that everything here was read in.
    pub generation: u64,
    /// The last position read.
    pub after: u64,
    /// Whether the start is over; before, nothing that is told it means anything.
    pub is_started: bool,
    /// Whether the start has begun, in this generation.
    pub(super) is_starting: bool,
    /// The last position written down.
    checkpointed: u64,
    /// The last checkpoint, when the journal had no room for it.
    unsent: Option<Checkpoint>,
    pub(super) level: ReadLevel,
}

impl Cursor {
    /// Somebody who has not read anything yet.
    pub const fn new(
        me: KindId,
        lease: Lease,
        journal: Arc<Journal>,
        progress: Arc<Progress>,
        level: ReadLevel,
    ) -> Self {
        Self {
            me,
            lease,
            journal,
            progress,
            generation: 0,
            after: 0,
            is_started: false,
            is_starting: false,
            checkpointed: 0,
            unsent: None,
            level,
        }
    }

    /// The last position there is to read.
    pub fn head(&self) -> u64 {
        match self.level {
            ReadLevel::Submitted => self.journal.submitted(),
            ReadLevel::Durable => self.journal.durable(),
        }
    }

    /// Under what it speaks.
    pub fn mandate(&self) -> Fence {
        Fence { generation: self.generation, lease: self.lease.clone() }
    }

    /// Whether something said in this generation still means anything.
    pub const fn is_current(&self, generation: u64) -> bool {
        self.is_started && self.generation == generation
    }

    /// Which of this subscriber's commands led to a record.
    pub fn origin_of_mine(&self, record: &Record) -> Option<Origin> {
        origin_of(self.me, record)
    }

    /// Shows every command of this subscriber whose outcome stands behind a position.
    pub fn answered_after(
        &self,
        position: u64,
        mut each: impl FnMut(Origin),
    ) -> Result<(), StoreError> {
        let mut after = Some(position);
        while let Some(position) = after {
            after = self.some_answered_after(position, &mut each)?;
        }
        Ok(())
    }

    /// Shows some of them, and behind which position there may be more.
    pub fn some_answered_after(
        &self,
        position: u64,
        each: impl FnMut(Origin),
    ) -> Result<Option<u64>, StoreError> {
        let records = self.journal.read(position, STARTING_RECORDS_MAX, self.level)?;
        records.iter().filter_map(|record| self.origin_of_mine(record)).for_each(each);
        Ok(records.last().map(|last| last.position))
    }

    /// Whether a checkpoint has to be handed in before there can be another, or this position
    /// differs from the one written down.
    pub const fn is_behind(&self, position: u64) -> bool {
        self.unsent.is_some() || position != self.checkpointed
    }

    /// The checkpoint that the journal had no room for.
    pub const fn take_unsent(&mut self) -> Option<Checkpoint> {
        self.unsent.take()
    }

    /// How far this subscriber is, with what it remembers of its conversations.
    pub const fn checkpoint_at(
        &self,
        position: u64,
        conversations: Vec<(u64, Option<Vec<u8>>)>,
    ) -> Checkpoint {
        let (follower, generation) = (self.me, self.generation);
        Checkpoint { follower, generation, position, conversations }
    }

    /// Hands a checkpoint to the journal; when that is full, the same one is to be tried again
    /// before there is another. True when it was taken.
    pub fn write_down(&mut self, checkpoint: Checkpoint) -> bool {
        let position = checkpoint.position;
        match self.journal.checkpoint(checkpoint) {
            Ok(()) => self.checkpointed = position,
            Err((error, checkpoint)) => {
                tracing::debug!(part = self.progress.name(), %error, "a checkpoint is put off");
                // What was read in an earlier generation is read again, and written down then.
                self.unsent = (!matches!(error, SubmitError::Stale)).then_some(checkpoint);
                return false;
            }
        }
        true
    }

    /// Passes over what does not concern this subscriber.
    pub fn skip(&mut self) {
        // Before the start it is not known after what.
        if self.is_started {
            self.after = self.progress.skip(self.after);
        }
    }

    pub(super) fn start_over(&mut self) -> Result<(), StoreError> {
        (self.is_started, self.is_starting) = (false, false);
        self.unsent = None;
        self.generation = self.journal.generation();
        self.after = self.journal.followed(self.me)?;
        self.checkpointed = self.after;
        Ok(())
    }
}

/// Which command of this speaker led to a record.
pub fn origin_of(speaker: KindId, record: &Record) -> Option<Origin> {
    match record.cause {
        Cause::Dispatch(origin) if origin.by == speaker => Some(origin),
        _ => None,
    }
}
