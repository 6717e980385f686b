//! The recovery of a saga from its last checkpoint, and the writing of the next checkpoint.

use super::{
    LAGGING, STOPPED_BIT, SagaRunner,
    checkpoint::UndeliveredInstance,
    instance::Conversation,
    instance_cache::InstanceCache,
    parked::{ParkState, ParkedInstances},
    read,
    timers::TIMER_BIT,
};
use crate::{
    domain::kernel::Saga,
    store::{
        Origin, codec,
        journal::{Checkpoint, ReadLevel, StoreError},
    },
};
use actix::Context as ActixContext;
use std::{
    collections::{HashMap, HashSet},
    sync::Arc,
};

/// Upper bound of records read at once during recovery.
const RECOVERY_RECORDS_MAX: usize = 4_096;

/// The last command of each instance whose outcome was found during recovery: the position of its
/// cause, and its index.
pub(super) type LastAnswered = HashMap<u64, (u64, u16)>;

impl<S: Saga> SagaRunner<S> {
    /// Loads the last checkpoint and replays the undelivered instances.
    pub(super) fn recover(&mut self, ctx: &mut ActixContext<Self>) -> Result<(), StoreError> {
        let (journal, me) = (Arc::clone(&self.cursor.journal), self.cursor.me);
        self.memory = InstanceCache::new(journal.last_conversation(me, STOPPED_BIT)?);
        self.stops = ParkedInstances::default();
        self.under_way = 0;
        self.timers.clear();
        self.put_off.clear();
        self.timers_changed.clear();
        self.timer_owners.clear();
        self.timer_traces.clear();
        self.versions.clear();
        self.replays_until = 0;
        self.recovered_head = journal.submitted();
        journal.conversations(me, TIMER_BIT..=u64::MAX, &mut |number, time| {
            self.recall_timer(number & !TIMER_BIT, &time)
        })?;
        let undelivered = journal.conversation(me, LAGGING)?;
        let undelivered: Vec<UndeliveredInstance<S>> =
            undelivered.map(|bytes| read(&bytes)).transpose()?.unwrap_or_default();
        let last_answered = self.find_answered(&undelivered)?;
        self.recall_stopped(&last_answered)?;
        self.catch_up(undelivered, ctx)?;
        self.arm(ctx);
        Ok(())
    }

    /// Finds the outcomes of all commands this saga dispatched after the checkpoint. Returns the
    /// last of these commands for each instance.
    fn find_answered(
        &mut self,
        undelivered: &[UndeliveredInstance<S>],
    ) -> Result<LastAnswered, StoreError> {
        let checkpoint = self.cursor.after;
        let undelivered_numbers: HashSet<u64> =
            undelivered.iter().map(|undelivered| undelivered.number).collect();
        let first =
            undelivered.iter().map(|undelivered| undelivered.after).min().unwrap_or(checkpoint);
        let (mut answered, mut last_answered) = (HashSet::new(), LastAnswered::new());
        self.cursor.answered_after(first.min(checkpoint), |outcome, origin| {
            let Origin { conversation, position, nth, .. } = origin;
            // Outcomes from before the checkpoint matter only for instances that were undelivered
            // then. A parked instance stores what was delivered.
            if outcome > checkpoint || undelivered_numbers.contains(&conversation) {
                answered.insert((position, nth));
                let last = last_answered.entry(conversation).or_default();
                *last = (position, nth).max(*last);
            }
        })?;
        self.answered = answered;
        Ok(last_answered)
    }

    /// Replays the records that undelivered instances have read and not finished.
    fn catch_up(
        &mut self,
        undelivered: Vec<UndeliveredInstance<S>>,
        ctx: &mut ActixContext<Self>,
    ) -> Result<(), StoreError> {
        let checkpoint = self.cursor.after;
        let Some(first) = undelivered.iter().map(|undelivered| undelivered.after).min() else {
            return Ok(());
        };
        let scanned = self.stops.scan.at.unwrap_or(checkpoint);
        let mut behind = HashMap::new();
        for UndeliveredInstance { number, after, before } in undelivered {
            // An instance that catches up is replayed up to the position of its scan.
            let up_to = if self.stops.holds(number) { scanned } else { checkpoint };
            behind.insert(number, after + 1..=up_to);
            self.remember(number).map_err(StoreError::Failed)?;
            *self.memory.change(number) = Conversation::of(before);
        }
        let mut after = first;
        while after < checkpoint {
            let journal = Arc::clone(&self.cursor.journal);
            let records = journal.read(after, RECOVERY_RECORDS_MAX, ReadLevel::Durable)?;
            if records.is_empty() {
                break;
            }
            for record in records.iter().take_while(|record| record.position <= checkpoint) {
                let input = self.read_input(record).map_err(StoreError::Failed)?;
                let Some((number, input)) = input else { continue };
                let is_missed = behind.get(&number).is_some_and(|of| of.contains(&record.position));
                let halt = self.stops.halt(number, record.position);
                if is_missed && matches!(halt, None | Some(ParkState::CatchingUp)) {
                    self.step(number, record, input, ctx).map_err(StoreError::Failed)?;
                }
            }
            after = records.last().map_or(checkpoint, |record| record.position);
        }
        Ok(())
    }

    /// Stores what changed since the last checkpoint. Returns whether more may have to be stored soon.
    pub(super) fn checkpoint(&mut self) -> bool {
        if !self.cursor.is_started {
            return true;
        }
        if self.replays_until > 0 {
            self.cursor.progress.wait_for(self.under_way + self.stops.len());
            return true;
        }
        self.cursor.skip();
        if let Some(unsent) = self.cursor.take_unsent() {
            self.send_checkpoint(unsent);
            return true;
        }
        let position = self.cursor.after;
        // Also when commands were under way at the last checkpoint: it must not name them forever.
        let is_changed =
            !self.timers_changed.is_empty() || self.stops.is_changed() || self.memory.changed() > 0;
        if !is_changed && !self.cursor.is_behind(position) {
            // After a start, all that is parked may be as of the last checkpoint.
            self.cursor.progress.wait_for(self.stops.len());
            return false;
        }
        let durable = self.cursor.journal.durable();
        let undelivered = self.memory.undelivered();
        let undelivered = (!undelivered.is_empty()).then(|| codec::encode(&undelivered));
        let mut conversations = self.memory.write_down();
        conversations.push((LAGGING, undelivered));
        self.stops.write_down(durable, &mut conversations);
        for (number, time) in std::mem::take(&mut self.timers_changed) {
            let stored = time.map(|time| self.stored_timer(number, time));
            conversations.push((number | TIMER_BIT, stored));
        }
        self.send_checkpoint(self.cursor.checkpoint_at(position, conversations));
        self.cursor.progress.wait_for(self.memory.changed() + self.stops.len());
        self.memory.forget_some(durable);
        true
    }

    fn send_checkpoint(&mut self, checkpoint: Checkpoint) {
        let keys: Vec<_> = checkpoint.conversations.iter().map(|(key, _)| *key).collect();
        if self.cursor.write_down(checkpoint) {
            let behind = self.cursor.journal.submitted();
            self.stops.written(&keys, behind);
            self.memory.written(keys.into_iter(), behind);
        }
    }
}
