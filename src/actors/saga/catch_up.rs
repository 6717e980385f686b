//! Parking of saga instances, and their catch-up.

use super::{
    STOPPED_BIT, SagaRunner,
    checkpoint::SavedInstance,
    instance::Conversation,
    parked::{ParkState, Stopped, Why},
    read,
};
use crate::{
    actors::{
        api::QuarantineEntry,
        operations::{Context, Release},
        support::now,
    },
    domain::kernel::Saga,
    store::{
        Record,
        journal::{ReadLevel, StoreError},
    },
};
use actix::{Context as ActixContext, Handler};
use std::sync::Arc;

/// Records read again in one turn. This is more than are read for the first time, so that an
/// instance that catches up gains on the journal.
const SWEPT_RECORDS_MAX: usize = 2_048;

/// Upper bound of reactions with commands in delivery; while it is reached, the catch-up scan
/// pauses.
pub(super) const UNDER_WAY_MAX: usize = 1_024;

impl<S: Saga> Handler<Release> for SagaRunner<S> {
    type Result = ();

    fn handle(&mut self, Release(number): Release, _: &mut ActixContext<Self>) {
        if !self.following.is_started || !self.stops.is_crashed(number) {
            return;
        }
        match self.stopped(number) {
            Ok(Some(Stopped::Before { after, kept, delivered, .. })) => {
                self.stops.line(number, after, ParkState::Called);
                let why = Why::Released;
                self.stops.put(number, Stopped::Before { after, kept, delivered, why });
                self.following.progress.ring();
            }
            Ok(_) => tracing::error!(saga = S::NAME, number, "a quarantined conversation is gone"),
            Err(error) => tracing::error!(saga = S::NAME, number, %error, "not released"),
        }
    }
}

impl<S: Saga> SagaRunner<S> {
    /// Parks an instance before the reaction whose commands cannot be delivered now.
    pub(super) fn wait_for(&mut self, number: u64, delivered: u16, context: &Arc<Context>) {
        let Some((after, kept)) = self.take_back(number) else { return };
        // The component may have been resumed since.
        let halt = if context.is_suspended() {
            ParkState::Waits(Arc::clone(context))
        } else {
            ParkState::Called
        };
        self.stops.line(number, after, halt);
        let why = Why::Waits { context: context.name.to_owned() };
        self.stops.put(number, Stopped::Before { after, kept, delivered, why });
        self.following.progress.ring();
    }

    /// Parks an instance in quarantine, before the record it crashed on.
    pub(super) fn quarantine(&mut self, number: u64, because: String) {
        let Some((after, kept)) = self.take_back(number) else { return };
        self.stops.line(number, after, ParkState::Crashed);
        let since_ms = now().0;
        self.services.quarantine.admit(entry::<S>(number, after, &because, since_ms));
        let why = Why::Crashed { because, since_ms };
        self.stops.put(number, Stopped::Before { after, kept, delivered: 0, why });
    }

    /// Drops the unfinished reactions of an instance. Returns the position and state before the
    /// first.
    fn take_back(&mut self, number: u64) -> Option<(u64, Option<SavedInstance<S>>)> {
        let conversation = self.memory.change(number);
        let Conversation { said, .. } = std::mem::take(conversation);
        let first = said.into_iter().next()?;
        Some((first.trigger - 1, first.before))
    }

    /// Returns the stored form of a parked instance.
    pub(super) fn stopped(&self, number: u64) -> Result<Option<Stopped<S>>, StoreError> {
        if let Some(stopped) = self.stops.recent(number) {
            return Ok(Some(stopped.clone()));
        }
        let (journal, key) = (&self.following.journal, number | STOPPED_BIT);
        journal.conversation(self.following.me, key)?.map(|bytes| read(&bytes)).transpose()
    }

    /// Reads the parked instances as of the last checkpoint.
    pub(super) fn recall_stopped(&mut self) -> Result<(), StoreError> {
        let (journal, me) = (Arc::clone(&self.following.journal), self.following.me);
        self.services.quarantine.forget(S::NAME);
        if let Some(bytes) = journal.conversation(me, STOPPED_BIT)? {
            self.stops.sweep = read(&bytes)?;
        }
        journal.conversations(
            me,
            STOPPED_BIT + 1..=STOPPED_BIT | (STOPPED_BIT - 1),
            |key, bytes| {
                let number = key & !STOPPED_BIT;
                self.recall(number, read(&bytes)?);
                Ok(())
            },
        )
    }

    fn recall(&mut self, number: u64, stopped: Stopped<S>) {
        match stopped {
            Stopped::Before { after, why: Why::Crashed { because, since_ms }, .. } => {
                self.stops.line(number, after, ParkState::Crashed);
                let entry = entry::<S>(number, after, &because, since_ms);
                self.services.quarantine.take_back(entry);
            }
            Stopped::Before { after, why: Why::Waits { context }, .. } => {
                let context =
                    self.services.contexts.get(&context).filter(|context| context.is_suspended());
                self.stops.line(number, after, context.map_or(ParkState::Called, ParkState::Waits));
            }
            Stopped::Before { after, why: Why::Released, .. } => {
                self.stops.line(number, after, ParkState::Called);
            }
            Stopped::CatchingUp { sweep } => match self.stops.sweep.at {
                Some(at) if sweep == self.stops.sweep.number => {
                    self.stops.line(number, at, ParkState::CatchingUp);
                }
                _ => self.stops.forget_mark(number),
            },
        }
    }

    /// Feeds called instances the records they have missed. Returns whether more of that can be
    /// done now.
    pub(super) fn catch_up_stopped(
        &mut self,
        ctx: &mut ActixContext<Self>,
    ) -> Result<bool, String> {
        self.stops.call_resumed();
        let Some(from) = self.stops.sweeping() else { return Ok(false) };
        let (journal, head) = (Arc::clone(&self.following.journal), self.following.after);
        let records = journal.read(from, SWEPT_RECORDS_MAX, ReadLevel::Submitted);
        let records = records.map_err(|error| error.to_string())?;
        let mut at = from;
        for record in records.iter().take_while(|record| record.position <= head) {
            if self.under_way >= UNDER_WAY_MAX {
                return Ok(false);
            }
            self.hear_again(record, ctx)?;
            at = record.position;
            self.stops.swept(at);
        }
        if at < head {
            return Ok(at > from);
        }
        self.stops.end_sweep();
        self.let_alarms_go_off(ctx);
        Ok(self.stops.sweeping().is_some())
    }

    fn hear_again(
        &mut self,
        record: &Arc<Record>,
        ctx: &mut ActixContext<Self>,
    ) -> Result<(), String> {
        let Some((number, heard)) = self.listen_well(record)? else { return Ok(()) };
        match self.stops.halt(number, record.position) {
            Some(ParkState::CatchingUp) => self.step(number, record, heard, ctx),
            Some(ParkState::Called) => {
                let answered = self.take_up(number).map_err(|error| error.to_string())?;
                let answered = (0..answered).map(|nth| (record.position, nth));
                self.answered.extend(answered.clone());
                let stepped = self.step(number, record, heard, ctx);
                for dispatch in answered {
                    self.answered.remove(&dispatch);
                }
                stepped
            }
            _ => Ok(()),
        }
    }

    /// Loads a parked instance with the state it was parked in. Returns how many commands of its
    /// next reaction are delivered.
    fn take_up(&mut self, number: u64) -> Result<u16, StoreError> {
        let Some(Stopped::Before { after, kept, delivered, .. }) = self.stopped(number)? else {
            let because = format!("conversation {number} stopped, and is not written down");
            return Err(StoreError::Failed(because));
        };
        self.remember(number).map_err(StoreError::Failed)?;
        *self.memory.change(number) = Conversation::of(kept);
        self.stops.line(number, after, ParkState::CatchingUp);
        self.stops.put(number, Stopped::CatchingUp { sweep: self.stops.sweep.number });
        Ok(delivered)
    }
}

/// Builds the quarantine entry of an instance that crashed after this position.
fn entry<S: Saga>(number: u64, after: u64, because: &str, since_ms: u64) -> QuarantineEntry {
    QuarantineEntry {
        resource: S::NAME,
        number,
        because: because.to_owned(),
        command: None,
        position: Some(after + 1),
        crashes: 1,
        since_ms,
    }
}
