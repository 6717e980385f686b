//! The parking of saga instances and their catch-up.

use super::{
    STOPPED_BIT, SagaRunner,
    checkpoint::SavedInstance,
    instance::Conversation,
    parked::{ParkReason, ParkState, Stopped},
    read,
    recovery::LastAnswered,
};
use crate::{
    actors::{
        api::QuarantineEntry,
        operations::{Component, Release},
        support::now,
    },
    domain::kernel::Saga,
    store::{
        Record,
        journal::{ReadLevel, StoreError},
    },
    traces::Correlation,
};
use actix::{Context as ActixContext, Handler};
use std::sync::Arc;

/// Upper bound of records that a scan reads in one turn. It is larger than the bound for records
/// that are read for the first time, so that an instance that catches up gains on the journal.
const SWEPT_RECORDS_MAX: usize = 2_048;

/// Upper bound of reactions with commands in delivery; while it is reached, the catch-up scan
/// pauses.
pub(super) const UNDER_WAY_MAX: usize = 1_024;

impl<S: Saga> Handler<Release> for SagaRunner<S> {
    type Result = ();

    fn handle(&mut self, Release(number): Release, _: &mut ActixContext<Self>) {
        if !self.cursor.is_started || !self.stops.is_crashed(number) {
            return;
        }
        let _entered = Correlation::of(number, None).enter();
        match self.stopped(number) {
            Ok(Some(Stopped::Before { after, kept, delivered, .. })) => {
                self.stops.line(number, after, ParkState::Called);
                let why = ParkReason::Released;
                self.stops.put(number, Stopped::Before { after, kept, delivered, why });
                self.cursor.progress.wake();
            }
            Ok(_) => tracing::error!(saga = S::NAME, number, "a quarantined instance is missing"),
            Err(error) => tracing::error!(saga = S::NAME, number, %error, "cannot be released"),
        }
    }
}

impl<S: Saga> SagaRunner<S> {
    /// Parks an instance before the reaction whose commands cannot be delivered now.
    pub(super) fn wait_for(&mut self, number: u64, delivered: u16, component: &Arc<Component>) {
        let Some((after, kept)) = self.take_back(number) else { return };
        // The component may have been resumed meanwhile.
        let halt = if component.is_suspended() {
            ParkState::Waits(Arc::clone(component))
        } else {
            ParkState::Called
        };
        self.stops.line(number, after, halt);
        let why = ParkReason::Waits { component: component.name.to_owned() };
        self.stops.put(number, Stopped::Before { after, kept, delivered, why });
        self.cursor.progress.wake();
    }

    /// Parks an instance in quarantine, before the record it crashed on.
    pub(super) fn quarantine(&mut self, number: u64, reason: String) {
        let Some((after, kept)) = self.take_back(number) else { return };
        self.stops.line(number, after, ParkState::Crashed);
        let since_ms = now().0;
        self.services.quarantine.admit(entry::<S>(number, after, &reason, since_ms));
        let why = ParkReason::Crashed { reason, since_ms };
        // An earlier attempt may have delivered commands of the reaction that crashes now.
        let is_missing = |nth: &u16| !self.answered.contains(&(after + 1, *nth));
        let delivered = (0..=u16::MAX).find(is_missing).unwrap_or_default();
        self.stops.put(number, Stopped::Before { after, kept, delivered, why });
    }

    /// Drops the unfinished reactions of an instance. Returns the position and state before the
    /// first reaction.
    fn take_back(&mut self, number: u64) -> Option<(u64, Option<SavedInstance<S>>)> {
        let conversation = self.memory.change(number);
        let Conversation { reactions, .. } = std::mem::take(conversation);
        let first = reactions.into_iter().next()?;
        Some((first.trigger - 1, first.before))
    }

    /// Returns the stored form of a parked instance.
    pub(super) fn stopped(&self, number: u64) -> Result<Option<Stopped<S>>, StoreError> {
        if let Some(stopped) = self.stops.recent(number) {
            return Ok(Some(stopped.clone()));
        }
        let (journal, key) = (&self.cursor.journal, number | STOPPED_BIT);
        journal.conversation(self.cursor.me, key)?.map(|bytes| read(&bytes)).transpose()
    }

    /// Reads the parked instances as of the last checkpoint.
    pub(super) fn recall_stopped(&mut self, answered: &LastAnswered) -> Result<(), StoreError> {
        let (journal, me) = (Arc::clone(&self.cursor.journal), self.cursor.me);
        self.services.quarantine.forget(S::NAME);
        if let Some(bytes) = journal.conversation(me, STOPPED_BIT)? {
            self.stops.scan = read(&bytes)?;
        }
        journal.conversations(
            me,
            STOPPED_BIT + 1..=STOPPED_BIT | (STOPPED_BIT - 1),
            &mut |key, bytes| {
                let number = key & !STOPPED_BIT;
                let last = answered.get(&number).copied().unwrap_or_default();
                self.recall(number, read(&bytes)?, last);
                Ok(())
            },
        )
    }

    /// Adds a parked instance. `last` is its last command with an outcome.
    fn recall(&mut self, number: u64, stopped: Stopped<S>, last: (u64, u16)) {
        match stopped {
            // It resumed after the checkpoint.
            Stopped::Before { after, delivered, .. } if last >= (after + 1, delivered) => {
                self.stops.line(number, after, ParkState::Called);
                let is_passed = matches!(self.stops.halt(number, last.0), Some(ParkState::Passed));
                // The next scan replays it, which begins at a lower position than this one.
                let until = if is_passed { u64::MAX } else { last.0 };
                self.replays_until = self.replays_until.max(until);
            }
            Stopped::Before { after, why: ParkReason::Crashed { reason, since_ms }, .. } => {
                self.stops.line(number, after, ParkState::Crashed);
                let entry = entry::<S>(number, after, &reason, since_ms);
                self.services.quarantine.take_back(entry);
            }
            Stopped::Before { after, why: ParkReason::Waits { component }, .. } => {
                let component = self
                    .services
                    .components
                    .get(&component)
                    .filter(|component| component.is_suspended());
                self.stops.line(
                    number,
                    after,
                    component.map_or(ParkState::Called, ParkState::Waits),
                );
            }
            Stopped::Before { after, why: ParkReason::Released, .. } => {
                self.stops.line(number, after, ParkState::Called);
            }
            Stopped::CatchingUp { scan } => match self.stops.scan.at {
                Some(at) if scan == self.stops.scan.number => {
                    if last.0 > at {
                        self.replays_until = self.replays_until.max(last.0);
                    }
                    self.stops.line(number, at, ParkState::CatchingUp);
                }
                _ => self.stops.forget_mark(number),
            },
        }
    }

    /// Delivers the records that called instances have missed. Returns whether more of them can be
    /// delivered now.
    pub(super) fn catch_up_stopped(
        &mut self,
        ctx: &mut ActixContext<Self>,
    ) -> Result<bool, String> {
        self.stops.call_resumed();
        let Some(from) = self.stops.scanning() else { return Ok(false) };
        let (journal, head) = (Arc::clone(&self.cursor.journal), self.cursor.after);
        let records = journal.read(from, SWEPT_RECORDS_MAX, ReadLevel::Submitted);
        let records = records.map_err(|error| error.to_string())?;
        let mut at = from;
        for record in records.iter().take_while(|record| record.position <= head) {
            if self.under_way >= UNDER_WAY_MAX {
                return Ok(false);
            }
            self.redeliver(record, ctx)?;
            at = record.position;
            self.stops.scanned(at);
            if at >= self.replays_until {
                self.replays_until = 0;
            }
        }
        if at < head {
            return Ok(at > from);
        }
        self.stops.end_scan();
        self.fire_timers(ctx);
        let is_more = self.stops.scanning().is_some();
        if !is_more {
            self.replays_until = 0;
        }
        Ok(is_more)
    }

    fn redeliver(
        &mut self,
        record: &Arc<Record>,
        ctx: &mut ActixContext<Self>,
    ) -> Result<(), String> {
        let Some((number, input)) = self.read_input(record)? else { return Ok(()) };
        match self.stops.halt(number, record.position) {
            Some(ParkState::CatchingUp) => self.step(number, record, input, ctx),
            Some(ParkState::Called) => {
                let answered = self.resume(number).map_err(|error| error.to_string())?;
                let answered = (0..answered).map(|nth| (record.position, nth));
                self.answered.extend(answered.clone());
                let stepped = self.step(number, record, input, ctx);
                for dispatch in answered {
                    self.answered.remove(&dispatch);
                }
                stepped
            }
            _ => Ok(()),
        }
    }

    /// Loads a parked instance in the state in which it was parked. Returns how many commands of
    /// its next reaction are delivered.
    fn resume(&mut self, number: u64) -> Result<u16, StoreError> {
        let Some(Stopped::Before { after, kept, delivered, .. }) = self.stopped(number)? else {
            let reason = format!("the stored state of parked instance {number} is missing");
            return Err(StoreError::Failed(reason));
        };
        self.remember(number).map_err(StoreError::Failed)?;
        *self.memory.change(number) = Conversation::of(kept);
        self.stops.line(number, after, ParkState::CatchingUp);
        self.stops.put(number, Stopped::CatchingUp { scan: self.stops.scan.number });
        Ok(delivered)
    }
}

/// Builds the quarantine entry of an instance that crashed after this position.
fn entry<S: Saga>(number: u64, after: u64, reason: &str, since_ms: u64) -> QuarantineEntry {
    QuarantineEntry {
        resource: S::NAME,
        number,
        reason: reason.to_owned(),
        command: None,
        position: Some(after + 1),
        crashes: 1,
        since_ms,
    }
}
