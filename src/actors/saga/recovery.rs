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
        Origin, codec,
        journal::{Checkpoint, Level, StoreError},
    },
};
use actix::Context;
use std::collections::{HashMap, HashSet};

/// Records read at once while recovering.
const RECOVERY_RECORDS_MAX: usize = 4_096;

impl<S: Saga> Runner<S> {
    /// Starts over from the last checkpoint.
    pub(super) fn recover(&mut self, ctx: &mut Context<Self>) -> Result<(), StoreError> {
        self.is_recovered = false;
        self.generation = self.journal.generation();
        self.after = self.journal.followed(self.me)?;
        self.checkpointed = self.after;
        let last_key = self.journal.last_conversation(self.me, ALARM_BIT)?;
        self.memory = Memory::new(last_key);
        self.alarms.clear();
        self.alarms_changed.clear();
        self.versions.clear();
        self.unsent = None;
        self.recovered_head = self.journal.submitted();
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
        let lagging_numbers: HashSet<u64> = lagging.iter().map(|lagging| lagging.number).collect();
        let first = lagging.iter().map(|lagging| lagging.after).min().unwrap_or(self.after);
        let mut after = first.min(self.after);
        loop {
            let records = self.journal.read(after, RECOVERY_RECORDS_MAX, Level::Submitted)?;
            let Some(last) = records.last() else { return Ok(()) };
            after = last.position;
            // What was said before the checkpoint is asked for by those that lag alone.
            let is_asked_for = |origin: &Origin| {
                origin.position > self.after || lagging_numbers.contains(&origin.conversation)
            };
            let origins = records.iter().filter_map(|record| self.origin_of_mine(record));
            let origins = origins.filter(is_asked_for);
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
        if !self.is_recovered {
            return;
        }
        if self.unsent.is_some() {
            return self.send_checkpoint();
        }
        if self.after == self.checkpointed && self.alarms_changed.is_empty() {
            return;
        }
        let lagging = self.memory.lagging();
        let lagging = (!lagging.is_empty()).then(|| codec::encode(&lagging));
        let mut conversations = self.memory.write_down();
        conversations.push((LAGGING, lagging));
        for (number, time) in self.alarms_changed.drain() {
            conversations.push((number | ALARM_BIT, time.map(|time| codec::encode(&time))));
        }
        self.unsent = Some(Checkpoint {
            follower: self.me,
            generation: self.generation,
            position: self.after,
            conversations,
        });
        self.send_checkpoint();
        self.progress.wait_for(self.memory.changed());
        self.memory.forget_some(self.journal.durable());
    }

    /// Hands the last checkpoint to the journal; when that is full, the same one is tried again
    /// before there is another.
    fn send_checkpoint(&mut self) {
        let Some(checkpoint) = self.unsent.take() else { return };
        let position = checkpoint.position;
        let keys: Vec<_> = checkpoint.conversations.iter().map(|(key, _)| *key).collect();
        match self.journal.checkpoint(checkpoint.clone()) {
            Ok(()) => {
                let behind = self.journal.submitted();
                self.memory.written(keys.into_iter(), behind);
                self.checkpointed = position;
            }
            Err(error) => {
                tracing::debug!(saga = S::NAME, %error, "a checkpoint is put off");
                self.unsent = Some(checkpoint);
            }
        }
    }
}
