//! Starting over from the last checkpoint, and writing the next one.

use super::{
    LAGGING, Runner,
    alarms::ALARM_BIT,
    conversation::{Conversation, Lagging},
    memory::Memory,
    read,
};
use crate::{
    domain::kernel::Saga,
    store::{
        codec,
        journal::{Checkpoint, Level, StoreError},
    },
};
use actix::Context;
use std::collections::HashMap;

/// Records read at once while recovering.
const RECOVERY_RECORDS_MAX: usize = 4_096;

impl<S: Saga> Runner<S> {
    /// Starts over from the last checkpoint.
    pub(super) fn recover(&mut self, ctx: &mut Context<Self>) -> Result<(), StoreError> {
        self.generation = self.journal.generation();
        self.after = self.journal.followed(self.me)?;
        self.checkpointed = self.after;
        let last_key = self.journal.last_conversation(self.me, ALARM_BIT)?;
        self.memory = Memory::new(last_key);
        self.alarms.clear();
        self.alarms_changed.clear();
        self.versions.clear();
        for (number, time) in self.journal.conversations(self.me, ALARM_BIT)? {
            self.alarms.insert((read(&time)?, number & !ALARM_BIT));
        }
        let lagging = self.journal.conversation(self.me, LAGGING)?;
        let lagging: Vec<Lagging<S>> =
            lagging.map(|bytes| read(&bytes)).transpose()?.unwrap_or_default();
        self.find_answered(&lagging)?;
        self.catch_up(lagging, ctx)?;
        self.is_recovered = true;
        self.progress.trouble(None);
        self.arm(ctx);
        Ok(())
    }

    /// Looks for the outcomes of everything this saga said after the checkpoint.
    fn find_answered(&mut self, lagging: &[Lagging<S>]) -> Result<(), StoreError> {
        self.answered.clear();
        let first = lagging.iter().map(|lagging| lagging.after).min().unwrap_or(self.after);
        let mut after = first.min(self.after);
        loop {
            let records = self.journal.read(after, RECOVERY_RECORDS_MAX, Level::Submitted)?;
            let Some(last) = records.last() else { return Ok(()) };
            after = last.position;
            let origins = records.iter().filter_map(|record| self.origin_of_mine(record));
            let origins: Vec<_> = origins.map(|origin| (origin.position, origin.nth)).collect();
            self.answered.extend(origins);
        }
    }

    /// Hears again what the lagging conversations have heard and not finished.
    fn catch_up(
        &mut self,
        lagging: Vec<Lagging<S>>,
        ctx: &mut Context<Self>,
    ) -> Result<(), StoreError> {
        let checkpoint = self.after;
        let Some(first) = lagging.iter().map(|lagging| lagging.after).min() else { return Ok(()) };
        let mut behind = HashMap::new();
        for Lagging { number, after, before } in lagging {
            behind.insert(number, after);
            self.remember(number).map_err(StoreError::Failed)?;
            *self.memory.change(number) = Conversation::of(before);
        }
        let mut after = first;
        while after < checkpoint {
            let records = self.journal.read(after, RECOVERY_RECORDS_MAX, Level::Durable)?;
            if records.is_empty() {
                break;
            }
            for record in records.iter().take_while(|record| record.position <= checkpoint) {
                let heard = self.listen(record).map_err(StoreError::Failed)?;
                let Some((number, heard)) = heard else { continue };
                if behind.get(&number).is_some_and(|after| *after < record.position) {
                    self.step(number, record, heard, ctx).map_err(StoreError::Failed)?;
                }
            }
            after = records.last().map_or(checkpoint, |record| record.position);
        }
        Ok(())
    }

    /// Writes down what changed since the last time.
    pub(super) fn checkpoint(&mut self) {
        if !self.is_recovered || (self.after == self.checkpointed && self.alarms_changed.is_empty())
        {
            return;
        }
        let lagging = self.memory.lagging();
        let lagging = (!lagging.is_empty()).then(|| codec::encode(&lagging));
        let mut conversations = self.memory.write_down();
        conversations.push((LAGGING, lagging));
        for (number, time) in self.alarms_changed.drain() {
            conversations.push((number | ALARM_BIT, time.map(|time| codec::encode(&time))));
        }
        let checkpoint = Checkpoint {
            follower: self.me,
            generation: self.generation,
            position: self.after,
            conversations,
        };
        if let Err(error) = self.journal.checkpoint(checkpoint) {
            tracing::warn!(saga = S::NAME, %error, "a checkpoint failed; starting over from the last");
            self.is_recovered = false;
            return;
        }
        self.checkpointed = self.after;
        self.progress.wait_for(self.memory.changed());
        self.memory.forget_some();
    }
}
