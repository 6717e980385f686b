//! Effects that crash each time they are run. After some attempts the conversation is quarantined:
//! what it asks for waits, in order, and what all others ask for goes on, until somebody lets it
//! out or the effect runner starts over.

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
    /// Lets what a record asks for wait, when its conversation is in quarantine.
    pub(super) fn hold(&mut self, record: &Arc<Record>) -> bool {
        let is_held = self.poisoned.conversations.contains(&record.correlation);
        if is_held {
            self.poisoned.held.insert(record.position, Arc::clone(record));
        }
        is_held
    }

    /// What a record asks for crashed before it was taken up: the record is read again.
    pub(super) fn crashed_on(
        &mut self,
        record: &Arc<Record>,
        because: String,
    ) -> Result<(), String> {
        match self.verdict(record) {
            RestartDecision::Rebuild(_) => Err(because),
            RestartDecision::Quarantine => {
                self.quarantine(record, because);
                Ok(())
            }
        }
    }

    /// What a record asked for crashed on its way: it is tried again after a pause.
    pub(super) fn crashed_on_its_way(
        &mut self,
        record: Arc<Record>,
        because: String,
        ctx: &mut ActixContext<Self>,
    ) {
        match self.verdict(&record) {
            RestartDecision::Rebuild(pause) => {
                tracing::error!(errand = E::NAME, position = record.position, because, "crashed");
                self.run_later(record, pause, ctx);
            }
            RestartDecision::Quarantine => {
                let behind = self.lanes.remove(&record.correlation).unwrap_or_default();
                self.finish(&record);
                self.quarantine(&record, because);
                for Job { record, .. } in behind {
                    self.finish(&record);
                    self.hold(&record);
                }
            }
        }
    }

    /// Keeps a conversation out of the way.
    pub(super) fn quarantine(&mut self, record: &Arc<Record>, because: String) {
        self.poisoned.forget(record);
        self.poisoned.conversations.insert(record.correlation);
        self.hold(record);
        self.services.quarantine.admit(QuarantineEntry {
            resource: E::NAME,
            number: record.correlation,
            because,
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
            let heard = self.services.rooms.hear::<E::Hears>(&record);
            let taken = heard.and_then(|heard| match heard {
                // Somebody may have gone out for it before it crashed.
                Some(heard) => self.take(&record, heard, true, ctx),
                None => Ok(()),
            });
            taken.unwrap_or_else(|because| self.quarantine(&record, because));
        }
        self.following.progress.ring();
    }
}
