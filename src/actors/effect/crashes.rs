//! The quarantine of effects that crash at each attempt.
//!
//! After some attempts the conversation is quarantined. Its effects wait, in order. The effects of
//! other conversations continue. The quarantine ends when an operator releases it or the effect
//! runner starts over.

use super::{EffectRunner, contract::Effect, job::Job};
use crate::{
    actors::{
        api::QuarantineEntry, operations::Release, supervision::RestartDecision, support::now,
    },
    store::Record,
};
use actix::{Context as ActixContext, Handler};
use std::{sync::Arc, time::Instant};

impl<E: Effect> EffectRunner<E> {
    /// Holds back a record whose conversation is quarantined. Returns false when it is not.
    pub(super) fn hold(&mut self, record: &Arc<Record>) -> bool {
        let is_held = self.poisoned.conversations.contains(&record.correlation);
        if is_held {
            self.poisoned.held.insert(record.position, Arc::clone(record));
        }
        is_held
    }

    /// Handles a crash before an effect is queued: the record is read again, or quarantined.
    pub(super) fn crashed_on(
        &mut self,
        record: &Arc<Record>,
        reason: String,
    ) -> Result<(), String> {
        match self.verdict(record) {
            RestartDecision::Rebuild(_) => Err(reason),
            RestartDecision::Quarantine => {
                self.quarantine(record, reason);
                Ok(())
            }
        }
    }

    /// Handles a crash of a running effect: it runs again after a pause, or is quarantined.
    pub(super) fn crashed_on_its_way(
        &mut self,
        record: Arc<Record>,
        reason: String,
        ctx: &mut ActixContext<Self>,
    ) {
        match self.verdict(&record) {
            RestartDecision::Rebuild(pause) => {
                tracing::error!(effect = E::NAME, position = record.position, reason, "crashed");
                self.run_later(record, pause, ctx);
            }
            RestartDecision::Quarantine => {
                let behind = self.lanes.remove(&record.correlation).unwrap_or_default();
                self.finish(&record);
                self.quarantine(&record, reason);
                for Job { record, .. } in behind {
                    self.finish(&record);
                    self.hold(&record);
                }
            }
        }
    }

    /// Quarantines the conversation of a record.
    pub(super) fn quarantine(&mut self, record: &Arc<Record>, reason: String) {
        self.poisoned.forget(record);
        self.poisoned.conversations.insert(record.correlation);
        self.hold(record);
        self.services.quarantine.admit(QuarantineEntry {
            resource: E::NAME,
            number: record.correlation,
            reason,
            command: None,
            position: Some(record.position),
            crashes: self.services.settings.crashes_max,
            since_ms: now().0,
        });
    }

    fn verdict(&mut self, record: &Record) -> RestartDecision {
        let crashes = self.poisoned.crashes.entry(record.position).or_default();
        crashes.count(Instant::now(), &self.services.settings)
    }
}

impl<E: Effect> Handler<Release> for EffectRunner<E> {
    type Result = ();

    fn handle(&mut self, Release(conversation): Release, ctx: &mut Self::Context) {
        for record in self.poisoned.take(conversation) {
            if self.hold(&record) {
                continue;
            }
            let event = self.services.registry.decode::<E::Events>(&record);
            let taken = event.and_then(|event| match event {
                // The effect may have run before it crashed.
                Some(event) => self.take(&record, event, true, ctx),
                None => Ok(()),
            });
            taken.unwrap_or_else(|reason| self.quarantine(&record, reason));
        }
        self.cursor.progress.wake();
    }
}
