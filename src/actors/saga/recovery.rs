//! Recovery of a saga from the last checkpoint, and writing of the next one.

use super::{
    LAGGING, STOPPED_BIT, SagaRunner,
    checkpoint::Lagging,
    instance::Conversation,
    instance_cache::InstanceCache,
    parked::{ParkState, ParkedInstances},
    read,
    timers::ALARM_BIT,
};
use crate::{
    domain::kernel::Saga,
    store::{
        codec,
        journal::{Checkpoint, ReadLevel, StoreError},
    },
};
use actix::Context as ActixContext;
use std::{
    collections::{HashMap, HashSet},
    sync::Arc,
};

/// Records read at once while recovering.
const RECOVERY_RECORDS_MAX: usize = 4_096;

impl<S: Saga> SagaRunner<S> {
    /// Loads the last checkpoint and replays the lagging instances.
    pub(super) fn recover(&mut self, ctx: &mut ActixContext<Self>) -> Result<(), StoreError> {
        let (journal, me) = (Arc::clone(&self.following.journal), self.following.me);
        self.memory = InstanceCache::new(journal.last_conversation(me, STOPPED_BIT)?);
        self.stops = ParkedInstances::default();
        self.under_way = 0;
        self.alarms.clear();
        self.put_off.clear();
        self.alarms_changed.clear();
        self.versions.clear();
        self.recovered_head = journal.submitted();
        journal.conversations(me, ALARM_BIT..=u64::MAX, |number, time| {
            self.alarms.insert((read(&time)?, number & !ALARM_BIT));
            Ok(())
        })?;
        self.recall_stopped()?;
        let lagging = journal.conversation(me, LAGGING)?;
        let lagging: Vec<Lagging<S>> =
            lagging.map(|bytes| read(&bytes)).transpose()?.unwrap_or_default();
        self.find_answered(&lagging)?;
        self.catch_up(lagging, ctx)?;
        self.arm(ctx);
        Ok(())
    }

    /// Finds the outcomes of all commands this saga dispatched after the checkpoint.
    fn find_answered(&mut self, lagging: &[Lagging<S>]) -> Result<(), StoreError> {
        let checkpoint = self.following.after;
        let lagging_numbers: HashSet<u64> = lagging.iter().map(|lagging| lagging.number).collect();
        let first = lagging.iter().map(|lagging| lagging.after).min().unwrap_or(checkpoint);
        let mut answered = HashSet::new();
        self.following.answered_after(first.min(checkpoint), |origin| {
            // Commands from before the checkpoint matter only for instances that lagged or were
            // parked then.
            let is_asked_for = origin.position > checkpoint
                || lagging_numbers.contains(&origin.conversation)
                || self.stops.holds(origin.conversation);
            if is_asked_for {
                answered.insert((origin.position, origin.nth));
            }
        })?;
        self.answered = answered;
        Ok(())
    }

    /// Replays the records that lagging instances have read and not finished.
    fn catch_up(
        &mut self,
        lagging: Vec<Lagging<S>>,
        ctx: &mut ActixContext<Self>,
    ) -> Result<(), StoreError> {
        let checkpoint = self.following.after;
        let Some(first) = lagging.iter().map(|lagging| lagging.after).min() else { return Ok(()) };
        let swept = self.stops.sweep.at.unwrap_or(checkpoint);
        let mut behind = HashMap::new();
        for Lagging { number, after, before } in lagging {
            // An instance that catches up is replayed no further than the position of its scan.
            let up_to = if self.stops.holds(number) { swept } else { checkpoint };
            behind.insert(number, after + 1..=up_to);
            self.remember(number).map_err(StoreError::Failed)?;
            *self.memory.change(number) = Conversation::of(before);
        }
        let mut after = first;
        while after < checkpoint {
            let journal = Arc::clone(&self.following.journal);
            let records = journal.read(after, RECOVERY_RECORDS_MAX, ReadLevel::Durable)?;
            if records.is_empty() {
                break;
            }
            for record in records.iter().take_while(|record| record.position <= checkpoint) {
                let heard = self.listen_well(record).map_err(StoreError::Failed)?;
                let Some((number, heard)) = heard else { continue };
                let is_missed = behind.get(&number).is_some_and(|of| of.contains(&record.position));
                let halt = self.stops.halt(number, record.position);
                if is_missed && matches!(halt, None | Some(ParkState::CatchingUp)) {
                    self.step(number, record, heard, ctx).map_err(StoreError::Failed)?;
                }
            }
            after = records.last().map_or(checkpoint, |record| record.position);
        }
        Ok(())
    }

    /// Stores what changed since the last checkpoint.
    pub(super) fn checkpoint(&mut self) {
        if !self.following.is_started {
            return;
        }
        self.following.skip();
        if let Some(unsent) = self.following.take_unsent() {
            return self.send_checkpoint(unsent);
        }
        let position = self.following.after;
        let is_changed = !self.alarms_changed.is_empty() || self.stops.is_changed();
        if !is_changed && !self.following.is_behind(position) {
            return;
        }
        let durable = self.following.journal.durable();
        let lagging = self.memory.lagging();
        let lagging = (!lagging.is_empty()).then(|| codec::encode(&lagging));
        let mut conversations = self.memory.write_down();
        conversations.push((LAGGING, lagging));
        self.stops.write_down(durable, &mut conversations);
        for (number, time) in self.alarms_changed.drain() {
            conversations.push((number | ALARM_BIT, time.map(|time| codec::encode(&time))));
        }
        self.send_checkpoint(self.following.checkpoint_at(position, conversations));
        self.following.progress.wait_for(self.memory.changed() + self.stops.len());
        self.memory.forget_some(durable);
    }

    fn send_checkpoint(&mut self, checkpoint: Checkpoint) {
        let keys: Vec<_> = checkpoint.conversations.iter().map(|(key, _)| *key).collect();
        if self.following.write_down(checkpoint) {
            let behind = self.following.journal.submitted();
            self.stops.written(&keys, behind);
            self.memory.written(keys.into_iter(), behind);
        }
    }
}
